"""Which names in a tree may be used.

In: the raw bytes of a path as git stores it. Out: the rule it breaks, if any. git itself accepts names that
are dangerous or ambiguous on some file system or on a screen (G10–G13); `transfer.fsckObjects` catches only some,
so the names are checked here again.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_PATH = 4096

# Code points that HFS+ leaves out when it compares names (git's utf8.c, next_hfs_char).
_IGNORED_BY_HFS = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_DRIVE = re.compile(r"[A-Za-z]:")


def broken_rule(raw: bytes) -> tuple[str, str] | None:
    """`(rule, message)` for a path that may not be used, None for a good one."""
    try:
        path = raw.decode()
    except UnicodeDecodeError:
        return "path-encoding", "the name is not valid UTF-8"
    if any(_is_git_directory(part) for part in path.split("/")):
        return "path-git-directory", "the name is, or on some file systems means, `.git`, `.` or `..`"
    if path.isascii() and path.isprintable() and "\\" not in path and ":" not in path and len(path) <= MAX_PATH:
        return None
    if not all(char.isprintable() or char == "\u3000" or unicodedata.category(char) == "Zs" for char in path):
        return "path-control", "the name holds a control or invisible character"
    if "\\" in path or any(_DRIVE.match(part) for part in path.split("/")):
        return "path-backslash", "the name holds a backslash or begins like a drive letter"
    if len(raw) > MAX_PATH:
        return "path-length", f"the path is longer than {MAX_PATH} bytes"
    return None


def _is_git_directory(part: str) -> bool:
    if part in ("", ".", ".."):
        return True
    if part[0] not in ".gG" and part.isascii():
        return False
    bare = _IGNORED_BY_HFS.sub("", part).casefold()
    bare = bare.split(":", 1)[0].rstrip(". ")  # NTFS: streams, trailing dots and spaces
    return bare in (".git", "git~1") or bare in ("", ".", "..")


def collisions(paths: Iterable[str]) -> dict[str, list[str]]:
    """For each path that differs from others only in case or Unicode normal form: all of them, sorted."""
    alike: dict[str, list[str]] = {}
    for path in paths:
        alike.setdefault(_folded(path), []).append(path)
    return {path: sorted(group) for group in alike.values() if len(group) > 1 for path in group}


def _folded(path: str) -> str:
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def shown_path(raw: bytes) -> str:
    """The path for a person: what is not printable escaped as `\\n`, `\\u202e`, `\\xff`."""
    text = raw.decode("utf-8", "surrogateescape")
    return "".join(_escaped(char) for char in text)


def _escaped(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return char.encode("unicode_escape").decode()
