"""Files below a folder that others fill: every step of the way is opened without following a link.

In: an existing folder, the parts of a path. Out: descriptors of folders below it, made when they are missing; files
written anew. Whatever the repository, a cache or a program has put there, nothing is written outside the folder.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def opened(folder: Path, parts: Sequence[str], mode: int = 0o755) -> Iterator[int]:
    """The descriptor of the folder `parts` below `folder`; what is missing is made.

    Raises OSError: NotADirectoryError (or ELOOP) for a link or a file on the way.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, mode, dir_fd=descriptor)
            below = os.open(part, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def link_file(folder: Path, parts: Sequence[str], target: Path) -> None:
    """A link in the place of a file or link of that name. Raises OSError."""
    *above, name = parts
    with opened(folder, above) as parent:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=parent)
        os.symlink(target, name, dir_fd=parent)


def write_file(folder: Path, parts: Sequence[str], content: bytes, mode: int) -> None:
    """A new file with exactly this mode; a file or link of that name is replaced, never written through.

    Raises OSError.
    """
    *above, name = parts
    with opened(folder, above) as parent:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=parent)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, 0o600, dir_fd=parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(descriptor, mode)
