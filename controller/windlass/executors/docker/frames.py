"""The engine's log stream: frames of 8 bytes of header and a payload, in the order in which they were written.

In: a stream. Out: payloads. The other way round (`Copy`): payloads into the log, where those that are there already are
passed over, so that a stream which is read from its beginning again continues the log without a gap or a double.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from windlass.masking import Mask, MaskedStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from windlass.executors.local.logfile import LogFile


class Readable(Protocol):
    def read(self, amount: int) -> bytes: ...


def payloads(stream: Readable) -> Iterator[bytes]:
    """A frame is what the engine read at once, 16 KiB at most. One that is cut off is passed on as far as it came."""
    while len(header := _exactly(stream, 8)) == 8:
        yield _exactly(stream, int.from_bytes(header[4:], "big"))


def timed(stream: Readable) -> Iterator[tuple[int, bytes]]:
    """The same of a stream with times: milliseconds, payload."""
    for payload in payloads(stream):
        moment, _, data = payload.partition(b" ")
        yield millis_of(moment.decode("ascii", "replace")), data


def millis_of(moment: str) -> int:
    """As the engine writes times; what is none is the epoch."""
    try:
        return int(datetime.fromisoformat(moment).timestamp() * 1000)
    except ValueError:
        return 0


def _exactly(stream: Readable, amount: int) -> bytes:
    data = b""
    while len(data) < amount and (more := stream.read(amount - len(data))):
        data += more
    return data


class Copy:
    """What a program wrote → its log, with `***` for what must not show. `head`: bytes of our own before it.

    One Copy reads a stream once, from its beginning: what it would write and what is there already are the same bytes.
    """

    def __init__(self, log: LogFile, masks: Sequence[str], head: int) -> None:
        self._log = log
        self._masked = MaskedStream(Mask(masks))
        self._skip = max(0, log.size - head)
        self.size = head  # of the log when it holds all that was fed

    @property
    def caught_up(self) -> bool:
        """All that was there already has been passed over."""
        return not self._skip

    def feed(self, data: bytes) -> None:
        self._write(self._masked.feed(data))

    def flush(self) -> None:
        self._write(self._masked.flush())

    @property
    def mask(self) -> Mask:
        """Of all that must not show: with what the program has said itself so far."""
        return self._masked.mask

    def _write(self, data: bytes) -> None:
        self.size += len(data)
        passed = min(self._skip, len(data))
        self._skip -= passed
        if len(data) > passed:
            self._log.write(data[passed:])
