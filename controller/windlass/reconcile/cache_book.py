"""Which folders are kept between runs: the ledger's part of a cache; the archives are in the object store.

In: a way to read and to change the ledger, the object store. Out: the entry to restore, room for a new one. An archive
is stored before its row, under a name of its attempt's own, and deleted after it: a row always leads to a whole
archive, and what a crash leaves without a row is swept away later.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Protocol

from windlass.artifacts.names import segment
from windlass.plan.caching import chosen, evicted
from windlass.store.values import CacheRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from windlass.artifacts.objects import Objects
    from windlass.clock import Clock, Millis
    from windlass.runs.model import AttemptKey
    from windlass.store.reads import Reads
    from windlass.store.tx import Tx
    from windlass.store.writer import Writer

PREFIX = "caches"
DAY: Millis = 86_400_000
UNUSED: Millis = 30 * DAY


class Book(Protocol):
    """The ledger, wherever it is. Both may raise LedgerError and FencedError."""

    def read(self, ask: Callable[[Reads], Any]) -> Any: ...

    def write(self, work: Callable[[Tx], Any]) -> Any: ...


def paths_digest(paths: Iterable[str]) -> str:
    """Caches of other paths are others, whatever their keys."""
    return hashlib.sha256(json.dumps(sorted(paths)).encode()).hexdigest()[:32]


def object_name(repository: str, key: AttemptKey) -> str:
    item = f".{segment(key.item)}" if key.item else ""
    return f"{PREFIX}/{segment(repository)}/{segment(key.run)}/{segment(key.path)}{item}.{key.number}"


class LedgerBook:
    """The ledger of a server."""

    def __init__(self, reads: Reads, writer: Writer) -> None:
        self._reads = reads
        self._writer = writer

    def read(self, ask: Callable[[Reads], Any]) -> Any:
        return ask(self._reads)

    def write(self, work: Callable[[Tx], Any]) -> Any:
        return self._writer.write(work)


class CacheBook:
    """`limit` is in bytes of archives, for each repository."""

    def __init__(self, book: Book, objects: Objects, clock: Clock, limit: int) -> None:
        self._book = book
        self.objects = objects
        self._clock = clock
        self._limit = limit

    def find(self, repository: str, paths: str, key: str, restore: Sequence[str]) -> CacheRow | None:
        """The entry to restore, which counts as used now."""
        rows: list[CacheRow] = self._book.read(lambda reads: reads.caches(repository))
        found = chosen((row for row in rows if row.paths == paths), lambda row: row.key, key, restore)
        if found is not None:
            used = found
            self._book.write(lambda tx: tx.use_cache(repository, used.paths, used.key, self._clock.now()))
        return found

    def has(self, repository: str, paths: str, key: str) -> bool:
        found: CacheRow | None = self._book.read(lambda reads: reads.cache(repository, paths, key))
        return found is not None

    def add(self, repository: str, paths: str, key: str, name: str, size: int) -> bool:
        """The archive is stored: make it known. False when another one was first; ours is deleted then."""
        now = self._clock.now()
        row = CacheRow(repository, paths, key, name, size, now, now)
        if not self._book.write(lambda tx: tx.insert_cache(row)):
            known = self._book.read(lambda reads: reads.cache(repository, paths, key))
            if known is None or known.object != name:
                self.objects.delete([name])
                return False
        self._make_room(repository)
        return True

    def _make_room(self, repository: str) -> None:
        rows = sorted(self._book.read(lambda reads: reads.caches(repository)), key=lambda row: row.used_at)
        self.remove(rows[: evicted([row.size for row in rows], self._limit)])

    def remove(self, rows: Sequence[CacheRow]) -> None:
        if not rows:
            return

        def work(tx: Tx) -> None:
            for row in rows:
                tx.delete_cache(row.repository, row.paths, row.key)

        self._book.write(work)
        self.objects.delete([row.object for row in rows])

    def sweep(self) -> None:
        """Entries that nobody has used for a month, and archives that a crash left without an entry."""
        now = self._clock.now()
        rows: list[CacheRow] = self._book.read(lambda reads: reads.caches())
        self.remove([row for row in rows if row.used_at < now - UNUSED])
        self.objects.delete(list(self._unknown({row.object for row in rows}, now)))

    def _unknown(self, known: set[str], now: Millis) -> Iterator[str]:
        for entry in self.objects.entries(PREFIX):
            if entry.name not in known and entry.written_at < now - DAY:
                yield entry.name
