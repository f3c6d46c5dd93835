"""What the driver of parts says in the container's output, taken out of it again.

In: the output as it comes, with times. Out: bytes for the log, and what was said: a part begins, asks for its variables
to be read, or has ended. The same output says the same again, so that a later controller reads it as this one did.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.runs.model import PartRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 4096  # bytes of a line with the mark


class Marks:
    """Splits a stream: bytes, or the words of a line with the mark."""

    def __init__(self, mark: str) -> None:
        self._start = b"\x1e" + mark.encode() + b" "
        self._held = b""

    def split(self, data: bytes) -> Iterator[bytes | list[str]]:
        data = self._held + data
        self._held = b""
        while (at := data.find(self._start)) >= 0:
            end = data.find(b"\n", at)
            if end < 0 and len(data) - at < LONGEST:
                break
            end = len(data) if end < 0 else end
            if at:
                yield data[:at]
            yield data[at + len(self._start) : end].decode("utf-8", "replace").split(" ", 3)
            data = data[end + 1 :]
        cut = at if at >= 0 else len(data) - self._beginning(data)
        self._held = data[cut:]
        if cut:
            yield data[:cut]

    def rest(self) -> bytes:
        rest, self._held = self._held, b""
        return rest

    def _beginning(self, data: bytes) -> int:
        """How many bytes at the end may be the beginning of a line with the mark."""
        for length in range(min(len(self._start) - 1, len(data)), 0, -1):
            if self._start.startswith(data[-length:]):
                return length
        return 0


class PartsSaid:
    """What became of the parts, as far as has been said."""

    def __init__(self) -> None:
        self._records: dict[int, PartRecord] = {}
        self._messages: dict[int, str] = {}

    @property
    def records(self) -> tuple[PartRecord, ...]:
        return tuple(self._records.values())

    def take(self, words: list[str], at: int, offset: int) -> None:
        """`at`: milliseconds; `offset` of what follows in the log. What the driver does not say is passed over."""
        match words:
            case ["begin", number] if number.isdigit():
                self._records[int(number)] = PartRecord(int(number), offset, at)
            case ["end", number, code, *why] if number.isdigit() and code.isdigit() and int(number) in self._records:
                self._end(int(number), int(code), why[0] if why else "", at)

    def _end(self, number: int, code: int, why: str, at: int) -> None:
        cause, _, message = why.partition(" ")
        begun = self._records[number]
        shown = None if cause == "start-failed" else code
        at = max(at, begun.started_at)
        self._records[number] = replace(begun, ended_at=at, exit_code=shown, cause=cause or None)
        self._messages[number] = message

    def failure(self) -> tuple[int | None, str | None, str | None] | None:
        """Exit code, cause and message of the first part that failed."""
        for record in self._records.values():
            if record.ended_at is not None and (record.exit_code or record.cause):
                return record.exit_code, record.cause, self._messages[record.index] or None
        return None
