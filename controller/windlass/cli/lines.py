"""Bytes of a log → lines for people.

In: chunks as they were read. Out: `name │ line` texts: bytes that are no UTF-8 as U+FFFD, lines over 16 KiB split,
colour codes only for a terminal, every other control character shown instead of sent (a log must not drive the
terminal).
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 16 * 1024
SGR = re.compile(r"\x1b\[[0-9;:]*m")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]")
SGR_OR_CONTROL = re.compile(r"(\x1b\[[0-9;:]*m)|[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]")


class LineSplitter:
    """Cuts a stream of chunks into lines; `flush` gives the rest when the stream has ended."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> Iterator[str]:
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        for line in whole:
            yield from _cut(line)
        while len(self._rest) > LONGEST:
            head, self._rest = self._rest[:LONGEST], self._rest[LONGEST:]
            yield head.decode("utf-8", "replace")

    def flush(self) -> Iterator[str]:
        rest, self._rest = self._rest, b""
        if rest:
            yield from _cut(rest)


def _cut(line: bytes) -> Iterator[str]:
    line = line.removesuffix(b"\r")
    for start in range(0, len(line) or 1, LONGEST):
        yield line[start : start + LONGEST].decode("utf-8", "replace")


def for_display(text: str, *, colour: bool) -> str:
    """The text with control characters made visible; colour codes kept or removed."""
    if text.isprintable():
        return text
    if not colour:
        return CONTROL.sub(_visible, SGR.sub("", text))
    shown = SGR_OR_CONTROL.sub(lambda m: m[1] or _visible(m), text)
    return shown + "\x1b[0m" if "\x1b[" in shown else shown


def _visible(match: re.Match[str]) -> str:
    return f"\\x{ord(match[0]):02x}"


def wants_colour(stream: object = None) -> bool:
    """A terminal that was not asked to be plain (https://no-color.org)."""
    import os

    stream = stream or sys.stdout
    return not os.environ.get("NO_COLOR") and getattr(stream, "isatty", lambda: False)()
