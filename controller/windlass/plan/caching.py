"""What a step keeps between runs: folders, or outputs that stand for running it.

In: a written step. Out: the planned form of its `cache`. Keys, prefixes and spans may hold expressions; they are
evaluated when the step begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from windlass.errors import ExpressionError
from windlass.plan.step_paths import where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from windlass_schemas.step import Step

LONGEST_KEY = 512  # characters
_Row = TypeVar("_Row")


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


def checked_key(key: str) -> str:
    """Raises ExpressionError for a key that cannot be one."""
    if not key:
        raise ExpressionError("cache: the key is empty")
    if len(key) > LONGEST_KEY:
        raise ExpressionError(f"cache: the key has {len(key)} characters; at most {LONGEST_KEY} are allowed")
    return key


def kept_path(path: str) -> str:
    """A path that a cache may keep, in one spelling. Raises ValueError."""
    found = where(path)
    if not found.parts:
        raise ValueError("a cache keeps folders or files below the working directory or ~, not all of it")
    return found.text


def chosen(rows: Iterable[_Row], key_of: Callable[[_Row], str], key: str, restore: Sequence[str]) -> _Row | None:
    """What is restored for a key: the one of that very key, else the first whose key begins with one of `restore`.

    The prefixes are tried in their order; `rows` stand with the newest first.
    """
    known = list(rows)
    for row in known:
        if key_of(row) == key:
            return row
    for prefix in restore:
        for row in known:
            if key_of(row).startswith(prefix):
                return row
    return None


def evicted(sizes: Sequence[int], limit: int) -> int:
    """How many of the first must go, so that the others are at most `limit` together; the last one always stays."""
    total, gone = sum(sizes), 0
    while total > limit and gone < len(sizes) - 1:
        total -= sizes[gone]
        gone += 1
    return gone
