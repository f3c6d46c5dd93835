"""Tools for authors: `windlass fmt` over many files."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from bench.figure import ENV, Figure, command, cost, timed
from bench.workflows import ordinary, repository

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDLASS = str(Path(sys.executable).parent / "windlass")
FILES = 400


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        texts = [ordinary(f"w{i}").replace("[staging, production]", "[ staging,production ]") for i in range(FILES)]
        root = repository(Path(folder) / "repo", {f"workflows/w{i}.yaml": text for i, text in enumerate(texts)})
        floor = len(texts[:50]) / timed(lambda: [_round_trip(text) for text in texts[:50]])
        floor_is = "reading and writing with ruamel.yaml alone, one core"
        for name in (f"fmt, {FILES} files, each changed", f"fmt, {FILES} files, none changed"):
            seconds, used = cost(lambda: command([WINDLASS, "fmt"], env=ENV, cwd=root))
            yield Figure(name, FILES / seconds, "files/s", "≥ 200", floor, floor_is, more=True, note=used)


def _round_trip(text: str) -> None:
    yaml = YAML()
    yaml.dump(yaml.load(text), io.StringIO())
