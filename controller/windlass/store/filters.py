"""Which runs a list shows, and one page of it.

In: nothing. Out: the values that the web and `Reads.list_runs` exchange.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.clock import Millis

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Everything given must hold; labels and inputs are compared as text. `since`: created at or after."""

    repository: str | None = None
    workflow: str | None = None
    status: str | None = None
    commit: str | None = None
    actor: str | None = None  # the actor's name
    trigger: str | None = None  # the trigger's kind
    labels: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    since: Millis | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`next` is the cursor of the following page, None at the end."""

    items: tuple[T, ...]
    next: str | None
