"""A loop, planned: which values a step runs with, as they were written.

In: the written `forEach` or `matrix`. Out: a frozen `Loop` that is expanded at run time from the outputs then known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Loop:
    """`source` is the written value of forEach; a matrix has `axes` (or one expression in `source`)."""

    kind: str  # forEach, matrix
    source: Any = None
    axes: Mapping[str, Any] = field(default_factory=dict)
    include: Any = ()
    exclude: Any = ()
    max_parallel: int = 10
    fail_fast: bool = True
