"""Where the files of an attempt are that hold secrets: in memory, not on the disk, where the system has such a place.

In: an attempt's folder. Out: its folder below /dev/shm, of a name that follows from it, so that whoever sweeps the one
after a crash finds the other. A link in each says whose it is. Nobody but this user can read them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

SHARED = Path("/dev/shm")  # noqa: S108 - a folder of ours alone is made in it
_OWNER = "of"


def memory_of(folder: Path) -> Path | None:
    """Where it is or would be; None: this system has no such place."""
    if not os.access(SHARED, os.W_OK | os.X_OK):
        return None
    name = hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:32]
    return _ours() / name


def made(folder: Path) -> Path | None:
    """The same, made; None where it cannot be, or where somebody else was there first."""
    place = memory_of(folder)
    if place is None:
        return None
    try:
        for one in (place.parent, place):
            with suppress(FileExistsError):
                one.mkdir(mode=0o700)
            found = one.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
                return None
        with suppress(FileExistsError):
            (place / _OWNER).symlink_to(folder.absolute())
    except OSError:
        return None
    return place


def drop(folder: Path) -> None:
    """With its attempt's folder. There may be none."""
    place = memory_of(folder)
    if place is not None and place.exists():
        shutil.rmtree(place, ignore_errors=True)


def sweep(below: Path) -> None:
    """Those of folders below that are gone: whoever removed them did not know of these."""
    if not _ours().is_dir():
        return
    for place in _ours().iterdir():
        with suppress(OSError):
            owner = (place / _OWNER).readlink()
            if owner.is_relative_to(below.absolute()) and not owner.exists():
                shutil.rmtree(place, ignore_errors=True)


def _ours() -> Path:
    return SHARED / f"windlass-{os.geteuid()}"
