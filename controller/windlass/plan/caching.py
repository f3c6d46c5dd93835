"""What a step keeps between runs: folders, or outputs that stand for running it.

In: a written step. Out: the planned form of its `cache`. Keys, prefixes and spans may hold expressions; they are
evaluated when the step begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from windlass_schemas.step import Step

LONGEST_KEY = 512  # characters


@dataclass(frozen=True, slots=True)
class PlannedCache:
    """`ttl` (milliseconds, or an expression that gives a duration) makes it one of outputs, else `paths` are kept."""

    key: str
    ttl: int | str | None = None
    paths: tuple[str, ...] = ()
    restore: tuple[str, ...] = ()


def planned_cache(step: Step) -> PlannedCache | None:
    written = step.cache
    if written is None:
        return None
    return PlannedCache(written.key, written.ttl, tuple(written.paths or ()), tuple(written.restore))
