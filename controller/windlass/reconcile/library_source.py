"""Reconcile one action library that somebody declared: can it be read, and what is in it?

In: a mirror and a ref. Out: its commit, its actions, conditions and problems. Nothing that runs depends on it: a
repository's windlass.lock says which commit it uses. It is polled by the same loop as repositories (`sources.Sources`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass import log
from windlass.errors import SourceError
from windlass.reconcile.conditions import Condition, settled
from windlass.reconcile.definitions import load_files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from windlass.clock import Clock, Millis
    from windlass.loading.definition_files import Listed
    from windlass.problems import Problem
    from windlass.settings import RepositorySettings
    from windlass.sources.mirror import Mirror
    from windlass.sources.named_refs import Named


@dataclass(slots=True)
class LibraryState:
    """What is known of one library; written by its own reconcile alone. `settings.branch` is its ref."""

    settings: RepositorySettings
    mirror: Mirror
    commit: str | None = None
    actions: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    problems: tuple[Problem, ...] = ()
    failures: int = 0
    retry_after: float | None = None
    hurry: bool = False


class LibraryReconciler:
    """`told` is called with the name of a library that has something new to say."""

    def __init__(self, clock: Clock, told: Callable[[str], None]) -> None:
        self._clock = clock
        self._told = told

    def reconcile(self, source: LibraryState, *, confirm: bool = False) -> None:
        """One pass; never raises for what a library can do to us."""
        now = self._clock.now()
        source.hurry = False
        try:
            named = source.mirror.find(source.settings.branch)
            if named.commit != source.commit:
                self._load(source, named)
            source.failures, source.retry_after = 0, None
            told = f"{source.settings.branch or 'the default branch'} is at {named.commit[:12]}"
            self._report(source, Condition("Fetched", True, "Fetched", told, now), now)
        except SourceError as error:
            source.failures += 1
            source.retry_after = error.retry_after
            log.event("library.failed", level="warning", library=source.settings.name, error=str(error))
            self._report(source, Condition("Fetched", False, error.reason, str(error), now), now)

    def crashed(self, source: LibraryState, error: Exception) -> None:
        source.failures += 1
        log.event("library.crashed", level="error", library=source.settings.name, error=repr(error))
        now = self._clock.now()
        message = f"an internal error while it was read: {type(error).__name__}; the server's log says more"
        self._report(source, Condition("Fetched", None, "InternalError", message, now), now)

    def _load(self, source: LibraryState, named: Named) -> None:
        mirror, before = source.mirror, source.commit
        mirror.bring(named)
        tree = mirror.tree(named.commit)

        def read(entries: Sequence[Listed]) -> dict[str, bytes]:
            contents = mirror.read([entry.blob for entry in entries])
            return {entry.path: contents[entry.blob] for entry in entries if entry.blob in contents}

        loaded = load_files(tree.entries, read, self._clock, listing_problems=tree.problems)
        source.commit, source.problems = named.commit, loaded.problems
        source.actions = tuple(sorted(path.rpartition("/")[2] for path in loaded.actions))
        if before is not None:
            mirror.unpin(before)

    def _report(self, source: LibraryState, fetched: Condition, now: Millis) -> None:
        source.conditions = settled(source.conditions, now, fetched=fetched, valid=_valid(source, now))
        self._told(source.settings.name)


def _valid(source: LibraryState, now: Millis) -> Condition:
    errors = sum(1 for problem in source.problems if problem.severity == "error")
    if source.commit is None:
        return Condition("Valid", None, "NotLoaded", "nothing has been loaded yet", now)
    if errors:
        return Condition("Valid", False, "ProblemsFound", f"{errors} problems", now)
    return Condition("Valid", True, "Valid", f"{len(source.actions)} actions", now)


def library_object(source: LibraryState) -> dict[str, Any]:
    """A library as its object's status shows it."""
    return {
        "name": source.settings.name,
        "commit": source.commit,
        "branch": source.settings.branch,
        "actions": list(source.actions),
        "conditions": [condition.to_json() for condition in source.conditions],
        "problems": [problem.to_json() for problem in source.problems],
    }
