"""A commit in the mirror → the definitions that are live from now on, ready to be written in one transaction (R19).

In: the mirror, the commit, what is live. Out: rows to write and names to remove, the catalog's next content, problems.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from windlass.clock import SystemClock
from windlass.loading.closure import Closures
from windlass.loading.last_good import succeed
from windlass.loading.libraries import not_in_the_cache
from windlass.loading.lock import Lock
from windlass.plan.uses import to_plain
from windlass.problems import in_order
from windlass.reconcile.catalog import LiveWorkflow, pack
from windlass.reconcile.definitions import load_files
from windlass.store.values import DefinitionRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.loading.definition_files import Listed
    from windlass.loading.definitions import LoadedWorkflow
    from windlass.loading.libraries import OpenLibrary
    from windlass.loading.repository import Loaded
    from windlass.problems import Problem
    from windlass.sources.mirror import Mirror
    from windlass_schemas.repository import Repository


@dataclass(frozen=True, slots=True)
class Activated:
    rows: tuple[DefinitionRow, ...]
    removed: tuple[str, ...]
    live: tuple[LiveWorkflow, ...]
    problems: tuple[Problem, ...]
    held_back: bool
    settings: Repository | None = None  # windlass.yaml, when it can be used
    lock: Lock | None = None  # None: there is none that can be used, what was known before stays


def activate(
    repository: str,
    mirror: Mirror,
    commit: str,
    before: Mapping[str, LiveWorkflow],
    *,
    confirm: bool,
    opener: OpenLibrary = not_in_the_cache,
) -> Activated:
    """Raises SourceError when the commit cannot be read; nothing is changed here."""
    tree = mirror.tree(commit)

    def read(entries: Sequence[Listed]) -> dict[str, bytes]:
        contents = mirror.read([entry.blob for entry in entries])
        return {entry.path: contents[entry.blob] for entry in entries if entry.blob in contents}

    loaded = load_files(tree.entries, read, SystemClock(), listing_problems=tree.problems, opener=opener)
    next_ones = succeed({name: live.path for name, live in before.items()}, loaded, confirmed=confirm)
    settings = pack(loaded.settings) if loaded.settings is not None else b""
    if loaded.settings is None and any(p.file == "windlass.yaml" for p in loaded.problems):
        settings = next((live.settings for live in before.values()), b"")  # the last good settings stay
    packed = _Packed(loaded)
    live = [_live(repository, commit, settings, loaded.workflows[name], packed.of(name)) for name in next_ones.activate]
    live += [replace(before[name], stale=True) for name in next_ones.stale]
    return Activated(
        rows=tuple(row_of(workflow) for workflow in live),
        removed=next_ones.remove,
        live=tuple(live),
        problems=tuple(in_order([*loaded.problems, *next_ones.problems])),
        held_back=next_ones.held_back,
        settings=loaded.repository,
        lock=_lock(loaded),
    )


def _lock(loaded: Loaded) -> Lock | None:
    """None: it cannot be read, or a broken windlass.yaml hides what it is for."""
    return loaded.libraries.lock if loaded.libraries is not None else None


class _Packed:
    """What each workflow uses, as it is kept. Many use the same: that is packed once, and is one value in memory."""

    def __init__(self, loaded: Loaded) -> None:
        self._closures = Closures(loaded)
        self._made: dict[tuple[str, ...], bytes] = {(): b""}

    def of(self, name: str) -> bytes:
        uses = self._closures.of(name)
        targets = tuple(uses)
        if targets not in self._made:
            self._made[targets] = pack(to_plain(uses))
        return self._made[targets]


def _live(repository: str, commit: str, settings: bytes, loaded: LoadedWorkflow, uses: bytes) -> LiveWorkflow:
    return LiveWorkflow(
        repository=repository,
        name=loaded.name,
        path=loaded.path,
        commit=commit,
        title=loaded.model.metadata.title,
        content=pack(loaded.document),
        settings=settings,
        source=zlib.compress(loaded.text.encode(), 6),
        digest=loaded.digest,
        uses=uses,
    )


def row_of(live: LiveWorkflow) -> DefinitionRow:
    return DefinitionRow(**_fields(live))


def live_of(row: DefinitionRow) -> LiveWorkflow:
    return LiveWorkflow(**_fields(row))


def _fields(value: LiveWorkflow | DefinitionRow) -> dict[str, Any]:
    return {name: getattr(value, name) for name in LiveWorkflow.__slots__}
