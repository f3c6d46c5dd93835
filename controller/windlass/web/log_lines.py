"""The logs of a run as lines of all steps, resumable after each one.

In: the run's steps, a way to read bytes, a cursor. Out: objects with `cursor step item attempt time text`. A cursor
holds for each step which attempt was read and how far, so it says where to go on with any number of steps at once. A
line is what ends with a newline, or 16 KiB of a longer one, or what an ended attempt left behind.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from typing import TYPE_CHECKING, Any

from windlass.clock import to_rfc3339
from windlass.web.problem import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from windlass.clock import Millis
    from windlass.reconcile.log_reader import LogChunk
    from windlass.runs.model import Attempt, Step

    Read = Callable[[str, str, int, int, int], LogChunk]  # step, item, attempt, offset, limit

CHUNK = 64 * 1024  # what is held in memory of a log, however large it is and however slow its reader
LONGEST_LINE = 16 * 1024
LONGEST_CURSOR = 16 * 1024
LARGEST_CURSOR = 1 << 20  # once it is unpacked
Places = dict[tuple[str, str], tuple[int, int]]  # (step, item) → (attempt, offset)


def to_cursor(places: Places) -> str:
    written = [[*key, *place] for key, place in sorted(places.items())]
    packed = zlib.compress(json.dumps(written, separators=(",", ":")).encode(), 1)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def from_cursor(text: str | None) -> Places:
    """Raises Refused (400) for what `to_cursor` did not make."""
    if not text:
        return {}
    try:
        if len(text) > LONGEST_CURSOR:
            raise ValueError("too long")
        unpacker = zlib.decompressobj()
        packed = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        written = json.loads(unpacker.decompress(packed, LARGEST_CURSOR))
        return dict(_place(*entry) for entry in written)
    except (binascii.Error, zlib.error, ValueError, TypeError, RecursionError) as error:
        raise Refused(400, "the cursor is not one of ours") from error


def _place(step: Any, item: Any, attempt: Any, offset: Any) -> tuple[tuple[str, str], tuple[int, int]]:
    numbers = type(attempt) is int and type(offset) is int and attempt >= 1 and 0 <= offset < 2**62
    if not (isinstance(step, str) and isinstance(item, str) and numbers):
        raise ValueError("no place")
    return (step, item), (attempt, offset)


class LogLines:
    """What has not been sent yet. `lines` reads one chunk of a step: the caller sends them and asks again."""

    def __init__(self, read: Read, cursor: str | None) -> None:
        self._read = read
        self._places = from_cursor(cursor)
        self._done: set[tuple[str, str, int]] = set()

    def lines(self, step: Step, now: Millis) -> Iterator[dict[str, Any]]:
        """The next lines of a step, up to a chunk, read now and made into objects one by one."""
        key = (step.key.path, step.key.item)
        number, offset = self._places.get(key, (1, 0))
        for attempt in step.attempts:
            if attempt.number < number or (*key, attempt.number) in self._done:
                continue
            offset = offset if attempt.number == number else 0
            # A later attempt begins when this one has been sent to its end.
            return self._told(key, attempt, offset, self._read(*key, attempt.number, offset, CHUNK), now)
        return iter(())

    def finished(self, step: Step) -> bool:
        """Whether every attempt that there is has been sent to its end."""
        key = (step.key.path, step.key.item)
        number = self._places.get(key, (1, 0))[0]
        return all(a.number < number or (*key, a.number) in self._done for a in step.attempts)

    def _told(
        self, key: tuple[str, str], attempt: Attempt, offset: int, chunk: LogChunk, now: Millis
    ) -> Iterator[dict[str, Any]]:
        at = now if attempt.ended_at is None else min(now, attempt.ended_at)
        told = {"step": key[0], "item": key[1] or None, "attempt": attempt.number, "time": to_rfc3339(at)}
        for line, after in split(chunk.data, whole=chunk.complete):
            self._places[key] = (attempt.number, offset + after)
            yield {"cursor": to_cursor(self._places)} | told | {"text": line}
        if chunk.complete:
            self._done.add((*key, attempt.number))


def split(data: bytes, *, whole: bool) -> Iterator[tuple[str, int]]:
    """Lines and the offset behind each; `whole`: what is behind the last newline is a line too."""
    start = 0
    while start < len(data):
        newline = data.find(b"\n", start, start + LONGEST_LINE + 1)
        if newline >= 0:
            end, after = newline, newline + 1
        elif len(data) - start > LONGEST_LINE:
            end = after = _between_characters(data, start + LONGEST_LINE)
        elif whole:
            end = after = len(data)
        else:
            return
        yield data[start:end].decode("utf-8", "replace"), after
        start = after


def _between_characters(data: bytes, end: int) -> int:
    """Not inside a UTF-8 character: at most three bytes back."""
    for back in range(4):
        if data[end - back] & 0xC0 != 0x80:
            return end - back
    return end
