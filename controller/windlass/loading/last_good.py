"""What a new commit makes of the definitions that are live (pure).

In: the names that are live, with their files, and what was loaded. Out: which become live, which stay as they were and
are stale, which go. A broken file keeps the last good version of its workflow (promise R18). A commit that removes
every workflow, or more than half of ten or more, removes none until it is confirmed (R20; fine print, "Server").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from windlass.problems import START, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.loading.repository import Loaded

MANY = 10


@dataclass(frozen=True, slots=True)
class Succession:
    """Names, sorted. `held_back`: a removal waits for a confirmation; its workflows are among the stale ones."""

    activate: tuple[str, ...]
    stale: tuple[str, ...]
    remove: tuple[str, ...]
    held_back: bool = False
    problems: tuple[Problem, ...] = ()


def succeed(live: Mapping[str, str], loaded: Loaded, *, confirmed: bool = False) -> Succession:
    """`live` maps the name of each live workflow to the path of its file."""
    broken_paths = {broken.path for broken in loaded.broken}
    broken_names = {broken.name for broken in loaded.broken}
    activate = set(loaded.workflows)
    others = live.keys() - activate
    stale = {name for name in others if live[name] in broken_paths or name in broken_names}
    remove = others - stale
    held_back = not confirmed and _is_mass_removal(len(live), len(remove), empty=not activate and not stale)
    problems: tuple[Problem, ...] = ()
    if held_back:
        problems = (_mass_removal(len(remove), len(live)),)
        stale, remove = stale | remove, set()
    return Succession(
        tuple(sorted(activate)), tuple(sorted(stale)), tuple(sorted(remove)), held_back=held_back, problems=problems
    )


def _is_mass_removal(live: int, removed: int, *, empty: bool) -> bool:
    return removed > 0 and (empty or (live >= MANY and removed * 2 > live))


def _mass_removal(removed: int, live: int) -> Problem:
    return Problem(
        ".",
        START,
        "",
        "mass-removal",
        f"this commit removes {removed} of {live} workflows: they stay live until the removal is confirmed",
        hint='confirm it with POST /api/v1/repositories/NAME/reconcile {"confirm": true}, or bring the files back',
    )
