"""Start-up, and whole runs from the command line with durable state on."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.figure import ENV, Figure, command, median_of
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
        seen = median_of(lambda: command([WINDLASS, "--help"], env=env)) * 1000
        yield Figure("windlass --help", seen, "ms", "≤ 50", python, "an empty Python program")
        seen = _one(base, env)
        yield Figure("check of one file", seen, "ms", "≤ 150", python, "an empty Python program")
        loop = ["bash", "-c", "for i in $(seq 40); do sh -c true; done"]
        yield _run("40 sequential steps, windlass run", root, "chain", env, loop, "a bash loop", "≤ 0.4")
        xargs = ["bash", "-c", "seq 200 | xargs -P2 -I{} sh -c true"]
        yield _run("200 independent steps, windlass run", root, "fan", env, xargs, "xargs -P2", "≤ 0.6")


def _one(base: Path, env: dict[str, str]) -> float:
    root = repository(base / "single", {"workflows/one.yaml": ordinary("one")})
    return median_of(lambda: command([WINDLASS, "check", "--no-cache"], env=env, cwd=root)) * 1000


def _run(
    name: str, root: Path, workflow: str, env: dict[str, str], floor: list[str], floor_is: str, goal: str
) -> Figure:
    words = [WINDLASS, "run", f"workflows/{workflow}.yaml", "--output", "json"]
    bottom = median_of(lambda: command(floor))
    return Figure(name, median_of(lambda: command(words, env=env, cwd=root)), "s", goal, bottom, floor_is)
