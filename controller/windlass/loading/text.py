"""Bytes of a file → text.

In: the bytes as git or the disk has them. Out: text with LF line ends, without a byte order mark, or a `Fault`
that points at the first byte that cannot be meant. Rules: fine print, "Files, names, YAML" (UTF-8 only, CRLF read
as LF, other control characters refused, 1 MiB at most); a Git LFS pointer is named as such.
"""

from __future__ import annotations

import re
from functools import cache

from windlass.loading.faults import Fault
from windlass.problems import Span

MAX_BYTES = 1024 * 1024
_LFS = b"version https://git-lfs.github.com/spec/"
_UTF16_OR_32 = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_FORBIDDEN_ASCII = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
# What YAML cannot hold, the C1 controls, and the two separators that YAML 1.1 takes for line ends and editors do
# not: with them lines would be counted differently here and in the user's editor.
_FORBIDDEN = "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"


def decode(data: bytes) -> str:
    """The text of a file. Raises Fault (`file-too-large`, `lfs-pointer`, `not-utf8`, `control-character`)."""
    if len(data) > MAX_BYTES:
        raise too_large(len(data))
    if data.startswith(_LFS):
        raise Fault(
            "lfs-pointer",
            "this is a Git LFS pointer, not the file itself: LFS is not supported for definitions",
            hint="take the file out of LFS: git lfs untrack PATH, then commit it again",
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(data, error.start) from None
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    forbidden = (_FORBIDDEN_ASCII if text.isascii() else _forbidden()).search(text)
    if forbidden:
        raise _control_character(text, forbidden.start())
    return text


@cache
def _forbidden() -> re.Pattern[str]:
    """Compiled when the first text beyond ASCII is read: so wide a class takes milliseconds."""
    return re.compile(_FORBIDDEN)


def too_large(size: int) -> Fault:
    return Fault(
        "file-too-large",
        f"the file has {size:,} bytes; a definition may have {MAX_BYTES:,}",
        hint="move data and long scripts into files of their own, and read them with checkout: true",
    )


def point(text: str, offset: int, length: int = 1) -> Span:
    """The span of `length` characters of one line at `offset` of a text with LF line ends."""
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return Span(line, column, line, column + length)


def _not_utf8(data: bytes, at: int) -> Fault:
    if data.startswith(_UTF16_OR_32) or b"\x00" in data[:2]:
        return Fault("not-utf8", "the file is UTF-16 or UTF-32; only UTF-8 is read", hint="save it as UTF-8")
    before = data[:at].decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n")
    return Fault(
        "not-utf8",
        f"the byte 0x{data[at]:02X} is not UTF-8",
        span=point(before, len(before)),
        hint="save the file as UTF-8",
    )


def _control_character(text: str, at: int) -> Fault:
    code = ord(text[at])
    if (code == 0 and text[1:2] == "\x00") or (code == 0 and at == 0):
        return Fault("not-utf8", "the file is UTF-16 or UTF-32; only UTF-8 is read", hint="save it as UTF-8")
    names = {0: "NUL", 0x0D: "a carriage return without a line feed", 0x1B: "an escape", 0xFEFF: "a byte order mark"}
    what = names.get(code, "a separator" if code in (0x2028, 0x2029) else "a control character")
    hint = 'delete it; where it is meant, write it as an escape in double quotes: "\\x1b"'
    return Fault(
        "control-character",
        f"{what} (U+{code:04X}) may not stand in a YAML file",
        span=point(text, at),
        hint="save the file with LF or CRLF line ends" if code == 0x0D else hint,
    )
