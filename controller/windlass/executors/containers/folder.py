"""The attempt's folder inside its container: where it is, and what of it a launch names.

In: what a launch says of this machine's folder or of its working directory. Out: the same inside. Pure.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ROOT = "/windlass"
WORK = f"{ROOT}/work"


def work_directory(relative: str | None) -> str:
    """Raises ValueError when it leads out of the attempt's own."""
    path = posixpath.normpath(posixpath.join(WORK, relative or ""))
    if path != WORK and not path.startswith(f"{WORK}/"):
        raise ValueError(f"the working directory {relative!r} leaves the attempt's folder")
    return path


def moved(env: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Variables that name the attempt's folder on this machine name its copy there."""
    here = f"{folder}/"
    return {n: f"{ROOT}/{v[len(here) :]}" if v.startswith(here) else v for n, v in env.items()}
