"""The logs of a run as lines of all steps, resumable after each one.

In: the run's steps, a way to read bytes, a cursor. Out: objects with `cursor step item attempt time text`. A cursor
holds which steps are over and, for each other, which attempt was read and how far: so it says where to go on with any
number of steps at once. A
line is what ends with a newline, or 16 KiB of a longer one, or what an ended attempt left behind.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from bisect import bisect
from typing import TYPE_CHECKING, Any

from windlass.clock import to_rfc3339
from windlass.web.problem import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from windlass.clock import Millis
    from windlass.reconcile.log_reader import LogChunk
    from windlass.runs.model import Attempt, Step

    Ranges = Sequence[tuple[int, int]]  # first and last, in order, none touching the next
    Read = Callable[[str, str, int, int, int], LogChunk]  # step, item, attempt, offset, limit

CHUNK = 64 * 1024  # what is held in memory of a log, however large it is and however slow its reader
LONGEST_LINE = 16 * 1024
LONGEST_CURSOR = 16 * 1024
LARGEST_CURSOR = 1 << 20  # once it is unpacked
Places = dict[tuple[str, str], tuple[int, int]]  # (step, item) → (attempt, offset)


def to_cursor(places: Places, over: Ranges = ()) -> str:
    """`over`: which steps of the run, counted in their order, have been sent to their end for good."""
    written = [*map(list, over), *([*key, *place] for key, place in sorted(places.items()))]
    packed = zlib.compress(json.dumps(written, separators=(",", ":")).encode(), 1)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def from_cursor(text: str | None) -> tuple[Places, list[tuple[int, int]]]:
    """Raises Refused (400) for what `to_cursor` did not make."""
    if not text:
        return {}, []
    try:
        if len(text) > LONGEST_CURSOR:
            raise ValueError("too long")
        unpacker = zlib.decompressobj()
        packed = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        written = json.loads(unpacker.decompress(packed, LARGEST_CURSOR))
        over = [_range(*entry) for entry in written if len(entry) == 2]
        return dict(_place(*entry) for entry in written if len(entry) != 2), over
    except (binascii.Error, zlib.error, ValueError, TypeError, RecursionError) as error:
        raise Refused(400, "the cursor is not one of ours") from error


def _range(first: Any, last: Any) -> tuple[int, int]:
    if not (type(first) is int and type(last) is int and 0 <= first <= last < 2**31):
        raise ValueError("no range")
    return first, last


def add_to(over: list[tuple[int, int]], index: int) -> None:
    """To ranges in order; those that touch become one."""
    at = bisect(over, (index, 2**31))
    if at and over[at - 1][1] >= index:
        return
    first = over.pop(at - 1)[0] if at and over[at - 1][1] == index - 1 else index
    at = bisect(over, (index, 2**31))
    last = over.pop(at)[1] if at < len(over) and over[at][0] == index + 1 else index
    over.insert(at, (first, last))


def _place(step: Any, item: Any, attempt: Any, offset: Any) -> tuple[tuple[str, str], tuple[int, int]]:
    numbers = type(attempt) is int and type(offset) is int and attempt >= 1 and 0 <= offset < 2**62
    if not (isinstance(step, str) and isinstance(item, str) and numbers):
        raise ValueError("no place")
    return (step, item), (attempt, offset)


class LogLines:
    """What has not been sent yet. `lines` reads one chunk of a step: the caller sends them and asks again.

    `index` is a step's place among the run's, which keep their order: those that are over are remembered by it, in a
    few ranges, so that a cursor stays short however many logs a run has.
    """

    def __init__(self, read: Read, cursor: str | None) -> None:
        self._read = read
        self._places, self._over = from_cursor(cursor)
        self._done: set[tuple[str, str, int]] = set()

    def lines(self, index: int, step: Step, now: Millis) -> Iterator[dict[str, Any]]:
        """The next lines of a step, up to a chunk, read now and made into objects one by one."""
        if self._is_over(index):
            return iter(())
        key = (step.key.path, step.key.item)
        number, offset = self._places.get(key, (1, 0))
        for attempt in step.attempts:
            if attempt.number < number or (*key, attempt.number) in self._done:
                continue
            offset = offset if attempt.number == number else 0
            # A later attempt begins when this one has been sent to its end.
            chunk = self._read(*key, attempt.number, offset, CHUNK)
            return self._told(index, step, attempt, offset, chunk, now)
        self._look_whether_over(index, step)
        return iter(())

    def finished(self, index: int, step: Step) -> bool:
        """Whether every attempt that there is has been sent to its end."""
        if self._is_over(index):
            return True
        key = (step.key.path, step.key.item)
        number = self._places.get(key, (1, 0))[0]
        return all(a.number < number or (*key, a.number) in self._done for a in step.attempts)

    def _is_over(self, index: int) -> bool:
        at = bisect(self._over, (index, 2**31))
        return at > 0 and self._over[at - 1][1] >= index

    def _look_whether_over(self, index: int, step: Step) -> None:
        if step.status.terminal and self.finished(index, step):
            add_to(self._over, index)
            self._places.pop((step.key.path, step.key.item), None)

    def _told(
        self, index: int, step: Step, attempt: Attempt, offset: int, chunk: LogChunk, now: Millis
    ) -> Iterator[dict[str, Any]]:
        key = (step.key.path, step.key.item)
        at = now if attempt.ended_at is None else min(now, attempt.ended_at)
        told = {"step": key[0], "item": key[1] or None, "attempt": attempt.number, "time": to_rfc3339(at)}
        for line, after in split(chunk.data, whole=chunk.complete):
            self._places[key] = (attempt.number, offset + after)
            yield {"cursor": to_cursor(self._places, self._over)} | told | {"text": line}
        if chunk.complete:
            self._done.add((*key, attempt.number))
            self._look_whether_over(index, step)


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
