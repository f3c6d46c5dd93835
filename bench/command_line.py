"""Start-up, and whole runs from the command line with durable state on."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.figure import ENV, Figure, command, cost, median_of
from bench.workflows import chain, fan, ordinary, repository

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDLASS = str(Path(sys.executable).parent / "windlass")


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        files = {"workflows/chain.yaml": chain("chain", 40), "workflows/fan.yaml": fan("fan", 200)}
        root = repository(base / "repo", {**files, "workflows/one.yaml": ordinary("one")})
        env = {**ENV, "WINDLASS_DATA": str(base / "data"), "XDG_CACHE_HOME": str(base / "cache")}
        python = median_of(lambda: command([sys.executable, "-c", ""])) * 1000
        yield _started("windlass --help", "≤ 50", python, ["--help"], root, env)
        single = repository(base / "single", {"workflows/one.yaml": ordinary("one")})
        old = time.time() - 60
        os.utime(single / "workflows/one.yaml", (old, old))
        yield _started("check of one file", "≤ 150", python, ["check", "--no-cache"], single, env)
        yield _started("check of one file, unchanged", "", python, ["check"], single, env)
        loop = ["bash", "-c", "for i in $(seq 40); do sh -c true; done"]
        yield _run("40 sequential steps, windlass run", root, "chain", env, loop, "a bash loop", "≤ 0.4")
        xargs = ["bash", "-c", "seq 200 | xargs -P2 -I{} sh -c true"]
        yield _run("200 independent steps, windlass run", root, "fan", env, xargs, "xargs -P2", "≤ 0.6")


def _started(name: str, goal: str, python: float, words: list[str], root: Path, env: dict[str, str]) -> Figure:
    seen, note = cost(lambda: command([WINDLASS, *words], env=env, cwd=root), 5, 1)
    return Figure(name, seen * 1000, "ms", goal, python, "an empty Python program", note=note)


def _run(
    name: str, root: Path, workflow: str, env: dict[str, str], floor: list[str], floor_is: str, goal: str
) -> Figure:
    words = [WINDLASS, "run", f"workflows/{workflow}.yaml", "--output", "json"]
    bottom = median_of(lambda: command(floor))
    seen, note = cost(lambda: command(words, env=env, cwd=root), 5, 1)
    return Figure(name, seen, "s", goal, bottom, floor_is, note=note)
