"""Where verdicts are kept, and when what is kept no longer counts.

In: the installed package. Out: the folder for caches, the age of the code that judges, the grain of a file system's
clock. Apart from cache.py, so that whoever only asks whether anything has changed imports nothing that judges.
"""

from __future__ import annotations

import os
from pathlib import Path

RACY = 2_000_000_000  # nanoseconds: a file may change twice within the grain of a file system's clock


def default_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "windlass"


def built_in_folder() -> Path:
    """The library `std`: in the wheel beside the code; in a checkout at its root (pyproject.toml, `force-include`)."""
    package = Path(__file__).parents[1]
    bundled = package / "_bundled/actions-library"
    return bundled if bundled.is_dir() else package.parents[1] / "actions-library"


def code_stamp() -> str:
    """Changes when the code that judges files does, or what is built in, also where nobody changes the version: in a
    checkout."""
    package = Path(__file__).parents[1]
    parts = ("loading", "loading/checks", "expressions", "plan", "triggers")
    folders = [package / part for part in parts]
    folders.append(package.parent / "windlass_schemas")
    folders.append(package.parents[1] / "schemas" / "windlass_schemas")
    newest = 0
    for folder in folders:
        if folder.is_dir():
            with os.scandir(folder) as items:
                newest = max([newest, *(item.stat().st_mtime_ns for item in items if item.name.endswith(".py"))])
    newest = max([newest, *(path.stat().st_mtime_ns for path in built_in_folder().glob("*/action.yaml"))])
    return str(newest)
