"""The log of an attempt as objects: pieces while it grows, one object when it is complete.

In: the name of a log, bytes with their offset. Out: `LOG/OFFSET` pieces, then `LOG/whole`, and reads by offset over
either. Names follow from attempt and offset, so that storing twice replaces; pieces are only removed once the whole is
there, so no read ever finds less than an earlier one did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WHOLE = "whole"
_DIGITS = 15  # of an offset, so that names sort as numbers do


class Stored(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...


class Store(Protocol):
    """What an object store does (`artifacts.objects.Objects`)."""

    def put(self, name: str, chunks: Iterable[bytes]) -> None: ...

    def slice(self, name: str, offset: int, length: int) -> bytes: ...

    def entries(self, prefix: str) -> Iterable[Stored]: ...

    def delete(self, names: Iterable[str]) -> None: ...


class Piece(NamedTuple):
    name: str
    offset: int
    size: int
    whole: bool = False


class LogArchive:
    """Every method may raise what the store raises."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, log: str, offset: int, data: bytes) -> None:
        """Bytes of a log that still grows; `offset`: where they begin in it."""
        self._store.put(f"{log}/{offset:0{_DIGITS}d}", [data])

    def complete(self, log: str, chunks: Iterable[bytes]) -> None:
        """The whole log; its pieces are not needed any more."""
        self._store.put(f"{log}/{WHOLE}", chunks)
        self._store.delete([piece.name for piece in _placed(self._store.entries(log)) if not piece.whole])

    def size(self, log: str) -> int:
        """How many bytes from the beginning on are stored."""
        return _reach(self._pieces(log))

    def read(self, log: str, offset: int, limit: int) -> tuple[bytes, int]:
        """At most `limit` bytes from `offset` on, and how long the stored log is. Bytes without a gap only."""
        pieces = self._pieces(log)
        end = _reach(pieces)
        data = bytearray()
        for piece in pieces:
            wanted = offset + len(data)
            if len(data) < limit and piece.offset <= wanted < piece.offset + piece.size:
                length = min(limit - len(data), piece.offset + piece.size - wanted)
                data += self._store.slice(piece.name, wanted - piece.offset, length)
        return bytes(data), end

    def _pieces(self, log: str) -> list[Piece]:
        found = sorted(_placed(self._store.entries(log)), key=lambda piece: (piece.offset, -piece.size))
        return [piece for piece in found if piece.whole] or found


def _placed(entries: Iterable[Stored]) -> Iterator[Piece]:
    for entry in entries:
        last = entry.name.rpartition("/")[2]
        if last == WHOLE:
            yield Piece(entry.name, 0, entry.size, whole=True)
        elif last.isdigit():
            yield Piece(entry.name, int(last), entry.size)


def _reach(pieces: list[Piece]) -> int:
    end = 0
    for piece in pieces:
        if piece.offset > end:
            break
        end = max(end, piece.offset + piece.size)
    return end
