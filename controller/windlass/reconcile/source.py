"""Reconcile one source: what git says becomes what is live.

In: a mirror and what was live before. Out: the last good definitions in ledger and catalog, conditions, problems. The
order is that of Flux's sources: look whether it moved, fetch, load, activate in one transaction, report status last on
every path. A broken file keeps the last good version of its workflow (R18); a broken repository keeps everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass import log
from windlass.crashpoints import reach
from windlass.errors import SourceError
from windlass.loading.libraries import not_in_the_cache
from windlass.loading.lock import needed
from windlass.problems import in_order
from windlass.reconcile.activation import Activated, activate
from windlass.reconcile.conditions import Condition, settled
from windlass.reconcile.live_checks import live_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from windlass.clock import Clock, Millis
    from windlass.loading.lock import Locked
    from windlass.reconcile.catalog import Catalog, LiveWorkflow
    from windlass.reconcile.creation import NewRun
    from windlass.reconcile.git_triggers import GitTriggers
    from windlass.reconcile.library_polls import Seen
    from windlass.reconcile.schedules import Schedules
    from windlass.reconcile.served_libraries import ServedLibraries
    from windlass.reconcile.source_state import SourceState
    from windlass.sources.branch import Head
    from windlass.store.tx import Tx
    from windlass.store.writer import Writer


class SourceReconciler:
    """`keys` are the names of the server's webhook keys; `news` is called after each change, to wake who watches;
    `git` fires for pushes and tags; `libraries` has those of the server; `told` is called with the name of a source
    that has something new to say."""

    def __init__(
        self,
        catalog: Catalog,
        schedules: Schedules,
        writer: Writer,
        clock: Clock,
        *,
        keys: Collection[str] = (),
        news: Callable[[], None] = lambda: None,
        git: GitTriggers | None = None,
        libraries: ServedLibraries | None = None,
        told: Callable[[str], None] = lambda _: None,
        runners: Mapping[str, str] | None = None,
    ) -> None:
        self._catalog = catalog
        self._schedules = schedules
        self._writer = writer
        self._clock = clock
        self._keys = frozenset(keys)
        self._news = news
        self._git = git
        self._libraries = libraries
        self._told = told
        self._runners = runners

    def reconcile(self, source: SourceState, *, confirm: bool = False) -> None:
        """One pass; never raises for what a repository can do to us."""
        now = self._clock.now()
        hurry, source.hurry = source.hurry, False
        try:
            head = source.mirror.head()
            moved = head.commit != source.commit or self._is_late(source, hurry=hurry)
            if moved or (confirm and source.held_back):
                source.mirror.fetch(head)
                reach("source.fetched")
                self._load(source, head, now, confirm=confirm, hurry=hurry)
            if self._git is not None:
                self._git.look_at_tags(source)
            source.failures, source.retry_after = 0, None
            fetched = Condition("Fetched", True, "Fetched", f"{head.branch} is at {head.commit[:12]}", now)
            self._report(source, fetched, now, changed=moved)
        except SourceError as error:
            source.failures += 1
            source.retry_after = error.retry_after
            log.event("source.failed", level="warning", repository=source.settings.name, error=str(error))
            self._report(source, Condition("Fetched", False, error.reason, str(error), now), now, changed=False)
        finally:
            source.reconciled = True

    def _is_late(self, source: SourceState, *, hurry: bool) -> bool:
        """A library that the loaded commit needs could not be had then, and is worth asking for again."""
        libraries = source.served or self._libraries
        if libraries is None or not source.missing:
            return False
        return hurry or libraries.is_due(source.missing)

    def _load(self, source: SourceState, head: Head, now: Millis, *, confirm: bool, hurry: bool) -> None:
        name, commit = source.settings.name, head.commit
        before = self._catalog.of(name)
        libraries = source.served or self._libraries
        opening = libraries.opening(source.mirror.location, hurry=hurry) if libraries is not None else None
        opener = opening or not_in_the_cache
        result: Activated = activate(name, source.mirror, commit, before, confirm=confirm, opener=opener)
        reach("source.loaded")
        pinned = _commits(result.live)
        for one in sorted(pinned):
            source.mirror.pin(one)  # before anything refers to it; a pin too many harms nobody
        forced = source.commit is not None and not source.mirror.descends(source.commit, commit)
        fired = self._git.pushed(source, head, result.live) if self._git is not None else []

        def work(tx: Tx) -> list[NewRun]:
            tx.activate(name, commit, result.rows, result.removed, now)
            if forced:
                actor = {"kind": "git", "name": name}
                tx.add_audit(now, actor, "repository.force-push", name, source_commit, {"commit": commit})
            return self._git.record(tx, fired) if self._git is not None else []

        source_commit = {"commit": source.commit}
        started = self._writer.write(work)
        source.known = head
        if self._git is not None:
            self._git.start(started)
        self._catalog.replace(name, result.live)
        reach("source.activated")
        self._schedules.arm(name)
        source.commit, source.branch = commit, head.branch
        source.problems = tuple(in_order([*result.problems, *live_problems(result.live, self._keys, self._runners)]))
        source.held_back = result.held_back
        source.missing = opening.missing if opening is not None else {}
        self._hold_libraries(source, result)
        _let_go(source, _commits(before.values()) - pinned)
        log.event("source.activated", repository=name, revision=commit, workflows=len(result.live))

    def _hold_libraries(self, source: SourceState, result: Activated) -> None:
        libraries = source.served or self._libraries
        if result.lock is None or libraries is None:
            return
        named = result.settings.libraries if result.settings is not None else {}
        source.libraries = needed(result.lock, named)
        libraries.hold(source.settings.name, source.mirror.location, result.lock, source.libraries)

    def crashed(self, source: SourceState, error: Exception) -> None:
        """An error of ours while this repository was reconciled: said where its users look, retried with back-off."""
        source.failures += 1
        log.event("source.crashed", level="error", repository=source.settings.name, error=repr(error))
        now = self._clock.now()
        message = f"an internal error while it was reconciled: {type(error).__name__}; the server's log says more"
        self._report(source, Condition("Fetched", None, "InternalError", message, now), now, changed=False)

    def _report(self, source: SourceState, fetched: Condition, now: Millis, *, changed: bool) -> None:
        """Status is written once, last, on every path, and only when it says something new."""
        served = source.served or self._libraries
        seen = served.seen(source.mirror.location, source.libraries) if served is not None else {}
        changed, source.seen = changed or seen != source.seen, seen
        valid, libraries = _valid(source, now), _libraries_fetched(source, now)
        conditions = settled(source.conditions, now, fetched=fetched, valid=valid, libraries=libraries)
        if conditions == source.conditions and not changed and source.reconciled:
            return
        source.conditions = conditions
        view = source_object(source)

        def work(tx: Tx) -> None:
            tx.save_repository(
                source.settings.name,
                source.settings.git,
                source.branch,
                source.commit,
                view["conditions"],
                view["problems"],
                now,
            )
            tx.add_event("source", source.settings.name, view)

        self._writer.write(work)
        self._news()
        self._told(source.settings.name)


def _commits(workflows: Iterable[LiveWorkflow]) -> set[str]:
    """The commits that live definitions come from, those of stale ones too: they stay in the mirror (R17)."""
    return {workflow.commit for workflow in workflows}


def _let_go(source: SourceState, commits: Iterable[str]) -> None:
    """A commit that stays pinned costs space and nothing else: never a reason to call a reconciliation failed."""
    for commit in sorted(commits):
        try:
            source.mirror.unpin(commit)
        except SourceError as error:
            log.event("source.unpin-failed", level="warning", repository=source.settings.name, error=str(error))


def _valid(source: SourceState, now: Millis) -> Condition:
    errors, warnings = (sum(1 for p in source.problems if p.severity == kind) for kind in ("error", "warning"))
    if source.commit is None:
        return Condition("Valid", None, "NotLoaded", "nothing has been loaded yet", now)
    if errors:
        return Condition("Valid", False, "ProblemsFound", f"{errors} problems; the last good versions stay live", now)
    told = "every file is valid" + (f"; {warnings} warnings, see problems" if warnings else "")
    return Condition("Valid", True, "Valid", told, now)


def _libraries_fetched(source: SourceState, now: Millis) -> Condition | None:
    """None for a repository without libraries."""
    if source.missing:
        message = "; ".join(sorted(set(source.missing.values())))
        return Condition("LibrariesFetched", False, "LibraryUnavailable", message, now)
    if not source.libraries:
        return None
    away = [f"{name}: {seen.error}" for name, seen in source.seen.items() if seen.error is not None]
    if away:
        message = f"{'; '.join(away)}; what windlass.lock pins is here and stays in use"
        return Condition("LibrariesFetched", False, "LibraryUnreachable", message, now)
    told = f"{len(source.libraries)} libraries are here as windlass.lock pins them"
    return Condition("LibrariesFetched", True, "Fetched", told, now)


def source_object(source: SourceState) -> dict[str, Any]:
    """A repository as the API shows it."""
    return {
        "name": source.settings.name,
        "commit": source.commit,
        "branch": source.branch,
        "conditions": [condition.to_json() for condition in source.conditions],
        "problems": [problem.to_json() for problem in source.problems],
        "libraries": {name: _library(one, source.seen.get(name)) for name, one in sorted(source.libraries.items())},
    }


def _library(locked: Locked, seen: Seen | None) -> dict[str, Any]:
    """`newest` is the commit that the ref stands for now, as far as it is known: `windlass lock` would take it."""
    return {
        "git": locked.git,
        "ref": locked.ref,
        "path": locked.path,
        "commit": locked.commit,
        "hash": locked.hash,
        "newest": seen.newest if seen is not None else None,
    }
