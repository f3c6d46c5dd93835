"""What lies in a folder that a living server works in: files come and go while one looks."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def files(folder: Path) -> Iterator[Path]:
    """Every file below; links are not followed. `rglob` would fail at a folder that goes meanwhile."""
    for place, _, names in os.walk(folder):
        yield from (path for name in names if (path := Path(place, name)).is_file() and not path.is_symlink())


def contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """What each of them holds; what goes before it is read holds nothing any more."""
    for path in files(folder):
        with suppress(FileNotFoundError):
            yield path, path.read_bytes()
