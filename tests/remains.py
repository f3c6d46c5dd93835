"""What a session left is searched for secret values: files, folders, and where in them.

In: places; the values that tests made (`canary`). Out: `FILE:OFFSET: name, form`, never the value. `search` is for what
a fixture is going to remove; `tests/session_end.py` searches what is there at the end.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests import canary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PIECE = 8 << 20
LONGEST = 4096  # bytes of a value in any form
MOST = 3  # findings that are told of one file


def search(*places: Path, skipped: Iterable[str] = (), start: int = 0) -> None:
    """Now, for what is going to be removed: files, and all that is in folders but the `skipped` ones of these names."""
    known, known_good = finder(), kept()
    for place in places:
        for path in files(place, frozenset(skipped)):
            if str(path) not in known_good:
                canary.tell(in_file(path, known, start))


def finder() -> canary.Finder:
    return canary.Finder(dict(canary.recorded("values")))


def kept() -> set[str]:
    return {path for path, _ in canary.recorded("kept")}


def files(place: Path, skipped: frozenset[str]) -> Iterator[Path]:
    """Links are not followed: what they lead to is searched where it is."""
    if not place.is_dir():
        yield place
        return
    for folder, below, names in os.walk(place):
        below[:] = [name for name in below if name not in skipped]
        yield from (Path(folder, name) for name in names)


def in_file(path: Path, finder: canary.Finder, start: int = 0) -> list[str]:
    """By pieces that overlap; one that goes meanwhile has nothing, nor has what is no file."""
    lines: dict[str, None] = {}
    with suppress(OSError):
        if not stat.S_ISREG(path.lstat().st_mode):
            return []
        with path.open("rb", buffering=0) as file:
            before, end = b"", start
            for at, piece in _pieces(file.fileno(), start):
                before = before if at == end else b""
                lines |= dict.fromkeys(finder.found(before + piece, path, at - len(before)))
                before, end = piece[-LONGEST:], at + len(piece)
                if len(lines) >= MOST:
                    break
    return list(lines)[:MOST]


def _pieces(file: int, start: int) -> Iterator[tuple[int, bytes]]:
    """What is written of it, and where: a file may be a terabyte of nothing."""
    at = start
    while True:
        try:
            at = os.lseek(file, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # none from here on
                return
        piece = os.pread(file, PIECE, at)
        if not piece:
            return
        yield at, piece
        at += len(piece)
