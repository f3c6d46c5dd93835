"""`windlass check` over many files: cold, and when nothing has changed."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from bench.figure import ENV, Figure, command, cost, timed
from bench.workflows import ordinary, repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WINDLASS = str(Path(sys.executable).parent / "windlass")
FILES = 5000


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        root = repository(base / "repo", {f"workflows/w{i}.yaml": ordinary(f"w{i}") for i in range(FILES)})
        env = {**ENV, "XDG_CACHE_HOME": str(base / "cache")}
        texts = [ordinary(f"w{i}") for i in range(500)]
        parse = 2 * len(texts) / timed(lambda: [yaml.compose(text, Loader=yaml.CSafeLoader) for text in texts])
        cold, used = _rate(lambda: command([WINDLASS, "check"], env=env, cwd=root))
        name = f"check, {FILES} files, cold"
        yield Figure(name, cold, "files/s", "≥ 5,000", parse, "libyaml's nodes alone on two cores", True, used)
        warm, used = _rate(lambda: command([WINDLASS, "check"], env=env, cwd=root))
        yield Figure(f"check, {FILES} files, unchanged", warm, "files/s", "≥ 40,000", more=True, note=used)


def _rate(work: Callable[[], object]) -> tuple[float, str]:
    seconds, used = cost(work)
    return FILES / seconds, used
