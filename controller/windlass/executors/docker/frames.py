"""The engine's log stream: frames of 8 bytes of header and a payload, in the order in which they were written.

In: a stream. Out: payloads, with the times at which they were written if the stream has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from windlass.executors.containers.log_copy import millis_of

if TYPE_CHECKING:
    from collections.abc import Iterator


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


def _exactly(stream: Readable, amount: int) -> bytes:
    data = b""
    while len(data) < amount and (more := stream.read(amount - len(data))):
        data += more
    return data
