"""One file of a repository, by its path: of a commit, or of the work tree. Links are seen, never followed.

In: a path that is known to be inside (no `..`), the most bytes it may have. Out: its bytes; None when there is no such
file. Raises SourceError for what is no plain file, and for one that is larger.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from windlass.errors import SourceError
from windlass.sources.tree import parse_tree

if TYPE_CHECKING:
    from pathlib import Path

    from windlass.sources.mirror import Mirror


def file_of_commit(mirror: Mirror, commit: str, path: str, most: int) -> bytes | None:
    found = [entry for entry in parse_tree(mirror.listing(commit, path)).entries if entry.path == path]
    if not found:
        return None
    entry = found[0]
    if entry.kind != "file":
        raise SourceError("it is no file: symbolic links and submodules are not followed", "NotReadable")
    if entry.size > most:
        raise SourceError(f"it has {entry.size} bytes, and {most} are the limit", "TooLarge")
    return mirror.read([entry.blob])[entry.blob]


def file_of_work_tree(root: Path, path: str, most: int) -> bytes | None:
    *folders, name = path.split("/")
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        place = os.open(root, flags | os.O_DIRECTORY)
        try:
            for folder in folders:
                inner = os.open(folder, flags | os.O_DIRECTORY, dir_fd=place)
                os.close(place)
                place = inner
            found = os.open(name, flags | os.O_NONBLOCK, dir_fd=place)
        finally:
            os.close(place)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SourceError(f"it cannot be read: {error.strerror} (links are not followed)", "NotReadable") from error
    status = os.fstat(found)
    if not stat.S_ISREG(status.st_mode) or status.st_size > most:
        os.close(found)
        if stat.S_ISREG(status.st_mode):
            raise SourceError(f"it has {status.st_size} bytes, and {most} are the limit", "TooLarge")
        raise SourceError("it is no plain file", "NotReadable")
    with os.fdopen(found, "rb") as file:
        return file.read(most)
