"""What git says became new: one firing for each push of the branch that is followed, one for each new tag.

In: where the branch stood before and stands now, the tags of the repository. Out: firings. A push is recorded in the
transaction that makes its commit live, so a restart finds it done or sees it again; the tags that are known stand in
the ledger. The first look at a repository, and a look that finds nothing new, fire none (fine print, "git triggers").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass import log
from windlass.crashpoints import reach
from windlass.errors import SourceError
from windlass.patterns import allows, allows_any
from windlass.reconcile.trigger_index import by_subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from windlass.reconcile.catalog import LiveWorkflow
    from windlass.reconcile.creation import NewRun
    from windlass.reconcile.firings import Fired, Firings
    from windlass.reconcile.source_state import SourceState
    from windlass.reconcile.trigger_index import Target, TriggerIndex
    from windlass.sources.branch import Head
    from windlass.store.reads import Reads
    from windlass.store.tx import Tx
    from windlass.store.writer import Writer

MARKS = "tags"
MOST_PATHS = 1000  # of a push, in its event: the rest counts for `paths` and is not told


class GitTriggers:
    def __init__(self, index: TriggerIndex, firings: Firings, writer: Writer, reads: Reads) -> None:
        self._index = index
        self._firings = firings
        self._writer = writer
        self._reads = reads
        self._known: dict[str, dict[str, str] | None] = {}  # the tags of a repository; None: never looked at

    # ---- pushes

    def pushed(self, source: SourceState, head: Head, live: Iterable[LiveWorkflow]) -> list[Fired]:
        """The firings of a push, by the definitions that it makes live; to be recorded together with them."""
        before = source.known
        if before is None or before.commit == head.commit or before.branch not in ("", head.branch):
            return []  # the first look, the same commit again, or another branch that somebody chose to follow
        if head.branch == "HEAD":
            return []  # a work tree without a branch: somebody looks around in the history
        targets = by_subject(live).get(("git", "push"), [])
        targets = [t for t in targets if allows(_globs(t, "branches"), head.branch)]
        if not targets:
            return []
        paths = _changed(source, before.commit, head.commit)
        event = _event(source, "push", f"refs/heads/{head.branch}", before.commit, head.commit)
        event["paths"] = (paths or [])[:MOST_PATHS]
        key = f"{before.commit}..{head.commit}"
        # When nobody knows what the push touched, it may be anything.
        met = [t for t in targets if paths is None or allows_any(_globs(t, "paths"), paths)]
        return [self._firings.prepare(target, key, target.name, event, _actor(event)) for target in met]

    def record(self, tx: Tx, fired: Iterable[Fired]) -> list[NewRun]:
        return self._firings.record(tx, fired)

    def start(self, started: Iterable[NewRun]) -> None:
        self._firings.start(started)

    # ---- tags

    def look_at_tags(self, source: SourceState) -> None:
        """Fire for tags that are new since the last look. A server that does not tell its tags harms nothing else."""
        name = source.settings.name
        if name not in self._known:
            mark = self._reads.marks(MARKS).get(name)
            self._known[name] = mark["tags"] if mark is not None and mark["git"] == source.settings.git else None
        known, targets = self._known[name], self._index.of(name, "git", "tag")
        if not targets:
            if known is not None:
                self._writer.write(lambda tx: tx.delete_mark(MARKS, name))
                self._known[name] = None
            return
        try:
            tags = source.mirror.tags()
        except SourceError as error:
            log.event("source.tags-failed", level="warning", repository=name, error=str(error))
            return
        if tags != known:
            self._settle(source, tags, known, targets)

    def _settle(
        self, source: SourceState, tags: Mapping[str, str], known: Mapping[str, str] | None, targets: list[Target]
    ) -> None:
        new = [] if known is None else sorted(tag for tag in tags if tags[tag] != known.get(tag))
        fired = [one for tag in new for one in self._tagged(source, tag, tags[tag], (known or {}).get(tag), targets)]
        name = source.settings.name

        def work(tx: Tx) -> list[NewRun]:
            tx.set_mark(MARKS, name, {"git": source.settings.git, "tags": dict(tags)})
            return self._firings.record(tx, fired)

        reach("tags.before-record")
        started = self._writer.write(work)
        self._known[name] = dict(tags)
        self._firings.start(started)

    def _tagged(
        self, source: SourceState, tag: str, commit: str, before: str | None, targets: list[Target]
    ) -> list[Fired]:
        met = [t for t in targets if allows((_of(t, "tag").get("pattern", "*"),), tag)]
        if not met:
            return []
        event = _event(source, "tag", f"refs/tags/{tag}", before, commit) | {"tag": tag}
        return [self._firings.prepare(t, f"{tag}@{commit}", t.name, event, _actor(event)) for t in met]


def _of(target: Target, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = target.written.get(kind) or {}
    return found


def _globs(target: Target, key: str) -> Sequence[str]:
    return tuple(_of(target, "push").get(key) or ())


def _changed(source: SourceState, before: str, commit: str) -> list[str] | None:
    try:
        return source.mirror.changed(before, commit)
    except SourceError as error:
        log.event("source.paths-unknown", level="warning", repository=source.settings.name, error=str(error))
        return None


def _event(source: SourceState, kind: str, ref: str, before: str | None, commit: str) -> dict[str, Any]:
    """`event` of a push or a tag; `actor` is the author of the commit, None when the commit is not here."""
    actor = source.mirror.author(commit)
    return {
        "kind": kind,
        "ref": ref,
        "before": before,
        "commit": commit,
        "paths": [],
        "actor": actor,
        "scheduledAt": None,
    }


def _actor(event: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "git", "name": event["actor"] or event["ref"]}
