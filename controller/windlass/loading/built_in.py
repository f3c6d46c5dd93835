"""The library `std`: the actions that come with the installed Windlass, in `actions-library`.

In: nothing but where this program is installed. Out: its files, as those of any other library, listed and read when
something in it is used for the first time. It has no lock entry: its version is the program's, and what a workflow
uses of it is frozen with the workflow like everything else.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from windlass.loading.library_files import LibraryFiles
from windlass.loading.stamp import built_in_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from windlass.loading.definition_files import Listed

STD = "std"
NOT_RUN = ("examples", "tests", "__pycache__")


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    size: int
    kind: str = "file"
    blob: str = ""


@cache
def built_in_files() -> LibraryFiles:
    """The actions without their examples and tests."""
    root = built_in_folder()

    def read(entries: Sequence[Listed]) -> dict[str, bytes]:
        return {entry.path: (root / entry.path).read_bytes() for entry in entries}

    return LibraryFiles(tuple(_files(root)), read)


def _files(root: Path) -> Iterator[_File]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in NOT_RUN)
        for name in sorted(names):
            path = Path(folder, name)
            yield _File(path.relative_to(root).as_posix(), path.stat().st_size)
