"""`cache: {key, paths}` as pieces of a workspace: restored before a program starts, saved after it succeeded.

In: the book of caches. Out: a Preparation and a Collection for `executors.workspace`. A cache is never a reason to
fail: what cannot be restored is as if it were not there, what cannot be saved is said in the attempt's detail.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from windlass import log
from windlass.artifacts.objects import CHUNK, ObjectStoreError
from windlass.crashpoints import reach
from windlass.errors import FencedError, LedgerError
from windlass.executors.workspace.archive import ArchiveError, move_into, pack, unpack
from windlass.executors.workspace.step_files import home_of, needs_home, with_home
from windlass.plan.step_paths import where
from windlass.reconcile.cache_book import object_name, paths_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from windlass.executors.workspace.pieces import Place
    from windlass.reconcile.cache_book import CacheBook
    from windlass.runs.model import CacheUse, Ended, Launch
    from windlass.store.values import CacheRow

DETAIL = "cache"
STAGED, ARCHIVE, RESTORED = "cache.tree", "cache.tar.gz", "cache.json"
_TROUBLE = (ArchiveError, ObjectStoreError, LedgerError, FencedError, OSError)


class RestoreCache:
    cause = "start-failed"
    verb = "restoring the cache"

    def __init__(self, book: CacheBook, limit: int) -> None:
        """`limit`: bytes of the files in one entry."""
        self._book = book
        self._limit = limit

    def wants(self, launch: Launch) -> bool:
        return launch.cache is not None

    def prepare(self, launch: Launch, place: Place) -> Launch:
        use = launch.cache
        assert use is not None
        place.work.mkdir(mode=0o700, exist_ok=True)
        roots = roots_of(place)
        found = self._restored(use, place, roots)
        note = f"windlass: cache restored from {found}" if found is not None else f"windlass: no cache for {use.key}"
        (place.folder / RESTORED).write_text(json.dumps({"restored": found}), encoding="utf-8")
        if needs_home(use.paths):
            launch = with_home(launch, home_of(place))
        return replace(launch, cache=None, notes=(*launch.notes, note))

    def _restored(self, use: CacheUse, place: Place, roots: Mapping[str, Path]) -> str | None:
        """The key that was restored. An archive that cannot be used is dropped."""
        row: CacheRow | None = None
        try:
            row = self._book.find(use.repository, paths_digest(use.paths), use.key, use.restore)
            if row is None:
                return None
            self._bring(row, use, place, roots)
        except _TROUBLE as error:
            log.event("cache.not-restored", level="warning", run=place.key.run, key=use.key, error=str(error))
            if row is not None and isinstance(error, ArchiveError):
                self._drop(row)
            return None
        finally:
            shutil.rmtree(place.folder / STAGED, ignore_errors=True)
        return row.key

    def _bring(self, row: CacheRow, use: CacheUse, place: Place, roots: Mapping[str, Path]) -> None:
        """Unpacked beside the working directory first: half of a cache is never there."""
        staged = place.folder / STAGED
        for root in roots:
            (staged / root).mkdir(parents=True, mode=0o700)
        tops = unpack(self._book.objects.chunks(row.object), staged, self._limit, place.check)
        wanted = [where(path) for path in use.paths]
        for top in tops:
            if not any(one.holds(top) for one in wanted):
                raise ArchiveError(f"{top.text} is none of the paths that are kept")
        for top in tops:
            move_into(staged, roots, top)

    def _drop(self, row: CacheRow) -> None:
        try:
            self._book.remove([row])
        except _TROUBLE as error:
            log.event("cache.not-dropped", level="warning", key=row.key, error=str(error))


class SaveCache:
    name = DETAIL

    def __init__(self, book: CacheBook, limit: int) -> None:
        self._book = book
        self._limit = limit

    def owes(self, launch: Launch) -> Mapping[str, Any] | None:
        use = launch.cache
        return None if use is None else {"repository": use.repository, "key": use.key, "paths": list(use.paths)}

    def collect(self, owed: Mapping[str, Any], place: Place, ended: Ended) -> Mapping[str, Any]:
        """`{"cache": {"key", "restored", "saved", "size"?, "reason"?}}`: `restored` is a key or null."""
        told: dict[str, Any] = {"key": owed["key"], "restored": _restored(place), "saved": False}
        if ended.exit_code != 0 or ended.cause is not None:
            return {DETAIL: told}
        try:
            told |= self._saved(owed, place)
        except _TROUBLE as error:
            log.event("cache.not-saved", level="warning", run=place.key.run, key=owed["key"], error=str(error))
            told["reason"] = _text(error)
        finally:
            (place.folder / ARCHIVE).unlink(missing_ok=True)
        return {DETAIL: told}

    def _saved(self, owed: Mapping[str, Any], place: Place) -> dict[str, Any]:
        repository, paths, key = owed["repository"], paths_digest(owed["paths"]), owed["key"]
        if self._book.has(repository, paths, key):
            return {"reason": "the key is there already"}
        file = place.folder / ARCHIVE
        with file.open("wb") as target:
            places = [where(path) for path in owed["paths"]]
            if not pack(roots_of(place), places, target, self._limit, place.check):
                return {"reason": "none of the paths is there"}
        size = file.stat().st_size
        name = object_name(repository, place.key)
        self._book.objects.put(name, _chunks(file))
        reach("cache.stored")
        if not self._book.add(repository, paths, key, name, size):
            return {"reason": "the key is there already"}
        return {"saved": True, "size": size}


def roots_of(place: Place) -> dict[str, Path]:
    return {"work": place.work, "home": home_of(place)}


def _restored(place: Place) -> str | None:
    try:
        found: str | None = json.loads((place.folder / RESTORED).read_bytes())["restored"]
    except (OSError, ValueError, KeyError):
        return None
    return found


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        while chunk := source.read(CHUNK):
            yield chunk


def _text(error: Exception) -> str:
    """Without the machine's own paths."""
    return (error.strerror or os.strerror(error.errno or 0)) if isinstance(error, OSError) else str(error)
