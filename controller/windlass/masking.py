"""Hide secrets in bytes: as they are, line by line, and as tools like to write them.

In: the secrets of an attempt, then its output in chunks of any size. Out: the same bytes with `***` in place of every
form of a secret (fine print, "Secrets"). Found over the borders of chunks; what cannot be the beginning of a secret is
passed on at once, so that live logs stay live. Pure, and without anything that is slow to import.
"""

from __future__ import annotations

import base64
import json
import re
from bisect import bisect_left
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from ahocorasick_rs import BytesAhoCorasick  # the only place that imports ahocorasick_rs

from windlass.mask_commands import Commands

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STARS = b"***"
SPECIAL = re.compile(rb"""[\t !"$&'()*,;<>?\[\\\]^`{|}]|^[~#]""")
SHORTEST = 4  # characters: shorter ones would hide half of every log (fine print)
PIECE = 64  # bytes: longer forms are looked for in pieces, so that little has to be held back
MOST_ADDED = 1000  # values by `::add-mask::`: each costs time for the whole log
TOO_MANY = b"windlass: more values were hidden by ::add-mask:: than can be: the rest of this log is not shown\n"
MOST_HELD = 65536  # bytes of one unbroken stretch of secrets


class Mask:
    """Of the values of one attempt. Those of fewer than 4 characters are not hidden."""

    def __init__(self, values: Iterable[str]) -> None:
        self.values = tuple(dict.fromkeys(values))
        self._set(sorted({pattern for value in self.values for pattern in _patterns(value)}))

    def _set(self, patterns: list[bytes]) -> None:
        self._patterns = patterns
        self._longest = max(map(len, patterns), default=0)
        self._inner = bytes({byte for pattern in patterns for byte in pattern[:-1]})
        self._finder = BytesAhoCorasick(patterns) if patterns else None

    def and_also(self, value: str) -> Mask:
        """One that hides this, too."""
        both = Mask(())
        both.values = (*self.values, value)
        both._set(sorted({*self._patterns, *_patterns(value)}))
        return both

    def stretches(self, data: bytes) -> list[tuple[int, int]]:
        """Where secrets stand: (start, end), in order, those that touch as one."""
        if self._finder is None:
            return []
        matches = self._finder.find_matches_as_indexes(data, overlapping=True)
        found: list[tuple[int, int]] = []
        for _, start, end in sorted(matches, key=_by_start) if matches else ():
            if found and start <= found[-1][1]:
                found[-1] = (found[-1][0], max(found[-1][1], end))
            else:
                found.append((start, end))
        return found

    def whole(self, data: bytes) -> bytes:
        """Everything at once."""
        return _masked(data, self.stretches(data))

    def held_back(self, data: bytes) -> int:
        """How many bytes at the end could be the beginning of a secret."""
        end = data[-self._longest :]
        for length in range(min(self._longest - 1, len(end) - len(end.rstrip(self._inner))), 0, -1):
            tail = end[-length:]
            at = bisect_left(self._patterns, tail)
            if at < len(self._patterns) and self._patterns[at].startswith(tail):
                return length
        return 0


class MaskedStream:
    """A stream of bytes: `feed` each chunk, `flush` at the end; both give what may be shown.

    What the program itself says with `::add-mask::` is hidden from there on; `mask` hides all that is known by now.
    """

    def __init__(self, mask: Mask) -> None:
        self.mask = mask
        self._held = b""
        self._commands = Commands()
        self._added = 0

    def feed(self, data: bytes) -> bytes:
        if self._added > MOST_ADDED:
            return b""
        shown = b""
        while True:
            before, value, data = self._commands.split(data)
            shown += self._feed(before) if before else b""
            if value is None:
                return shown
            self._hide(value)
            if self._added > MOST_ADDED:
                return shown + TOO_MANY

    def flush(self) -> bytes:
        rest, value = self._commands.flush()
        shown = self._feed(rest)
        if value is not None:
            self._hide(value)
        rest, self._held = self._held, b""
        return shown + self.mask.whole(rest)

    def _hide(self, value: str) -> None:
        if len(value) >= SHORTEST and value not in self.mask.values:
            self.mask = self.mask.and_also(value)
            self._added += 1

    def _feed(self, data: bytes) -> bytes:
        data = self._held + data
        stretches = self.mask.stretches(data)
        cut = len(data) - self.mask.held_back(data)
        if not stretches and cut == len(data):
            self._held = b""
            return data
        if stretches and stretches[-1][1] >= cut:  # it may go on in the next chunk
            start, end = stretches[-1]
            if end - start <= MOST_HELD:
                cut = min(cut, start)
        shown = _masked(data[:cut], [(start, min(end, cut)) for start, end in stretches if start < cut])
        self._held = data[cut:]
        return shown


def masked_text(text: str | None, values: Iterable[str] | None) -> str | None:
    """A message about an attempt, whatever it tells of the environment it was given."""
    if not text or not values:
        return text
    return Mask(values).whole(text.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")


def _by_start(found: tuple[int, int, int]) -> int:
    return found[1]


def _masked(data: bytes, stretches: Iterable[tuple[int, int]]) -> bytes:
    parts, at = [], 0
    for start, end in stretches:
        parts += [data[at:start], STARS]
        at = end
    parts.append(data[at:])
    return b"".join(parts)


def _patterns(value: str) -> Iterator[bytes]:
    return (piece for form in _forms(value) for piece in _pieces(form))


def _forms(value: str) -> Iterator[bytes]:
    for text in dict.fromkeys((value, value.strip(), *value.splitlines(), *map(str.strip, value.splitlines()))):
        if len(text) >= SHORTEST:
            yield from _written(text)


def _written(text: str) -> Iterator[bytes]:
    raw = text.encode("utf-8", "surrogateescape")
    yield raw
    for ascii_only in (True, False):
        yield json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode("utf-8", "surrogateescape")
    for encoded in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield encoded.encode()
        yield _lower_hex(encoded).encode()
    yield raw.replace(b"'", b"'\"'\"'")  # shlex.quote
    yield raw.replace(b"'", b"'\\''")  # bash's own
    yield SPECIAL.sub(rb"\\\g<0>", raw)  # its printf %q
    for offset in range(3):
        yield from _in_base64(raw, offset)


def _lower_hex(encoded: str) -> str:
    head, *rest = encoded.split("%")
    return head + "".join("%" + part[:2].lower() + part[2:] for part in rest)


def _in_base64(raw: bytes, offset: int) -> Iterator[bytes]:
    """The characters that depend on the secret alone, whatever stands before and behind it."""
    first = -(-8 * offset // 6)
    last = (8 * (offset + len(raw))) // 6
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        found = encode(b"\0" * offset + raw)[first:last]
        if len(found) >= SHORTEST:
            yield found


def _pieces(form: bytes) -> Iterator[bytes]:
    """None shorter than PIECE, but for a form that is shorter itself."""
    count = max(1, len(form) // PIECE)
    for index in range(count):
        end = len(form) if index == count - 1 else (index + 1) * PIECE
        yield form[index * PIECE : end]
