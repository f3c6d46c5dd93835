"""Tools for authors: `windlass fmt` over many files, and questions about a repository of 200 workflows."""

from __future__ import annotations

import io
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from bench.figure import ENV, Figure, command, cost, median_of, timed
from bench.workflows import ordinary, repository

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDLASS = str(Path(sys.executable).parent / "windlass")
FILES = 400
WORKFLOWS = 200
QUESTIONS = ("next", "explain triggers w7", "explain env w7 step-1", "explain rule duplicate-key", "completion words w")


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        texts = [ordinary(f"w{i}").replace("[staging, production]", "[ staging,production ]") for i in range(FILES)]
        root = repository(Path(folder) / "repo", {f"workflows/w{i}.yaml": text for i, text in enumerate(texts)})
        floor = len(texts[:50]) / timed(lambda: [_round_trip(text) for text in texts[:50]])
        floor_is = "reading and writing with ruamel.yaml alone, one core"
        for name in (f"fmt, {FILES} files, each changed", f"fmt, {FILES} files, none changed"):
            seconds, used = cost(lambda: command([WINDLASS, "fmt"], env=ENV, cwd=root))
            yield Figure(name, FILES / seconds, "files/s", "≥ 200", floor, floor_is, more=True, note=used)
        yield from _questions(Path(folder))


def _questions(base: Path) -> Iterator[Figure]:
    root = repository(base / "questions", {f"workflows/w{i}.yaml": ordinary(f"w{i}") for i in range(WORKFLOWS)})
    env = {**ENV, "WINDLASS_DATA": str(base / "data"), "XDG_CACHE_HOME": str(base / "cache")}
    python = median_of(lambda: command([sys.executable, "-c", ""])) * 1000
    for words in QUESTIONS:
        seen, note = cost(partial(command, [WINDLASS, *words.split()], env=env, cwd=root), 5, 1)
        name = f"{words}, {WORKFLOWS} workflows"
        yield Figure(name, seen * 1000, "ms", "≤ 200", python, "an empty Python program", note=note)


def _round_trip(text: str) -> None:
    yaml = YAML()
    yaml.dump(yaml.load(text), io.StringIO())
