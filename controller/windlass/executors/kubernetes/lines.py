"""A kubelet's log, read again and again, as one stream without a gap or a double.

In: what requests answer, each line with its time. Out: what the program wrote, once. Where it left off is a Position:
time and number of the last line, and how much of an unfinished one; a new request asks from that second on, and what
has been seen is passed over.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LONGEST_TIME = 64
# What a kubelet writes after the log, wherever it stands, when its machine is out of inotify instances.
_CANNOT_FOLLOW = b"failed to create fsnotify watcher: "


@dataclass(slots=True)
class Position:
    """`nanos` of the last line (-1: none); `count` of complete lines with that time; `partial` bytes of one more."""

    nanos: int = -1
    count: int = 0
    partial: int = 0

    def to_json(self) -> dict[str, int]:
        return asdict(self)

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Position:
        return cls(int(found["nanos"]), int(found["count"]), int(found["partial"]))


class Lines:
    """`since`: what to ask for next. `complaint`: what came was no log, but this text instead of it. `gap`: the line
    that was read last is not there any more, so others after it may be gone, too: a kubelet rotates logs (R22)."""

    def __init__(self, position: Position | None = None) -> None:
        self.position = position or Position()
        self.complaint: str | None = None
        self.begin()

    @property
    def since(self) -> str | None:
        if self.position.nanos < 0:
            return None
        return f"{datetime.fromtimestamp(self.position.nanos // 1_000_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"

    def begin(self, *, follows: bool = False) -> None:
        """Before the first byte of each answer; `follows`: of one that goes on."""
        self._follows = follows
        self._held = b""
        self._within = False  # a line
        self._passing = True  # over what has been seen
        self._same = 0  # lines of the last time in this answer
        self._over = False  # this line has been seen
        self._drop = 0  # bytes of this line that have been seen
        self._at = 0
        self.complaint = None
        self.gap = False

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """(milliseconds, bytes)."""
        data = self._held + data
        self._held = b""
        start = 0
        while start < len(data):
            if not self._within:
                space = data.find(b" ", start, start + _LONGEST_TIME)
                if space < 0 and len(data) - start < _LONGEST_TIME and b"\n" not in data[start:]:
                    self._held = data[start:]
                    return
                nanos = _nanos(data[start:space]) if space > 0 else None
                if nanos is None:
                    self.complaint = data[start : start + 300].decode("utf-8", "replace").strip()
                    return
                self._begin_line(nanos)
                start = space + 1
            end = data.find(b"\n", start)
            stop = len(data) if end < 0 else end + 1
            if self._follows and end < 0 and (cut := data.find(_CANNOT_FOLLOW, start)) >= 0:
                yield from self._content(data[start:cut])
                self.complaint = data[cut:].decode("utf-8", "replace")
                return
            yield from self._content(data[start:stop])
            start = stop
            if end >= 0:
                self._end_line()

    def _begin_line(self, nanos: int) -> None:
        position = self.position
        self._within, self._at, self._over, self._drop = True, nanos // 1_000_000, False, 0
        if self._passing:
            if nanos < position.nanos:
                self._over = True
                return
            if nanos == position.nanos:
                self._same += 1
                if self._same <= position.count:
                    self._over = True
                    return
                self._drop = position.partial if self._same == position.count + 1 else 0
            self._passing = False
            self.gap = 0 <= position.nanos < nanos and self._same == 0
        if nanos != position.nanos:
            position.nanos, position.count, position.partial = nanos, 0, 0

    def _content(self, piece: bytes) -> Iterator[tuple[int, bytes]]:
        if self._over:
            return
        dropped = min(self._drop, len(piece))
        self._drop -= dropped
        piece = piece[dropped:]
        if piece:
            self.position.partial += len(piece)
            yield self._at, piece

    def _end_line(self) -> None:
        self._within = False
        if not self._over:
            self.position.count += 1
            self.position.partial = 0


def _nanos(text: bytes) -> int | None:
    """Of RFC 3339 with any number of digits; None: it is none."""
    head, dot, rest = text.partition(b".")
    digits = rest[: len(rest) - len(rest.lstrip(b"0123456789"))] if dot else b""
    zone = rest[len(digits) :] if dot else b""
    try:
        seconds = int(datetime.fromisoformat((head + zone).decode("ascii")).timestamp())
        return seconds * 1_000_000_000 + int(digits[:9].ljust(9, b"0") or b"0")
    except (ValueError, UnicodeDecodeError, OverflowError):
        return None
