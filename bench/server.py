"""A server at work and at rest: how long from a trigger to a process, from step to step, from commit to definition."""

from __future__ import annotations

import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench.figure import Figure, command, median_of, percentile
from bench.served import Served, cpu_seconds, resident_mib, until
from bench.workflows import chain, commit, git, ordinary, repository, stamping

if TYPE_CHECKING:
    from collections.abc import Iterator

TRIGGERED = 100  # runs
CHAINED = 100  # steps
COMMITS = 15
REST = 20.0  # seconds
ECHO = 'echo "$EPOCHREALTIME"'


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        files = {
            "workflows/one.yaml": stamping("one", 1, base / "one"),
            "workflows/row.yaml": stamping("row", CHAINED, base / "row"),
            "workflows/chain.yaml": chain("chain", 40),
        }
        root = repository(base / "shop", files)
        with Served(base / "data", [root]) as server:
            yield from _trigger(server, base / "one")
            yield from _steps(server, base / "row")
            yield _sequence(server)
            yield _commit(server, root)
    with tempfile.TemporaryDirectory() as folder:
        yield from _rest(Path(folder))


def _trigger(server: Served, stamps: Path) -> Iterator[Figure]:
    seen, floor = [], []
    for number in range(TRIGGERED + 5):
        before = time.time()
        server.start("shop", "one")
        until(lambda number=number: len(_stamps(stamps)) == 2 * number + 2)  # type: ignore[misc]
        if number >= 5:  # the first few warm up
            seen.append((_stamps(stamps)[-2] - before) * 1000)
        before = time.time()
        said = subprocess.run(["bash", "-c", ECHO], capture_output=True, check=True, timeout=20).stdout
        floor.append((float(said) - before) * 1000)
    yield from _both("trigger → process started", seen, floor, "a bash from Python", ("≤ 5", "≤ 25"))


def _steps(server: Served, stamps: Path) -> Iterator[Figure]:
    gaps: list[float] = []
    for _ in range(3):
        stamps.unlink(missing_ok=True)
        server.start("shop", "row")
        until(lambda: len(_stamps(stamps)) == 2 * CHAINED, 0.05)  # asking the server would take its time
        gaps += _gaps(_stamps(stamps))
    loop = f"for i in $(seq {CHAINED}); do bash -c '{ECHO}; {ECHO}'; done"
    said = subprocess.run(["bash", "-c", loop], capture_output=True, check=True, timeout=60).stdout
    floor = _gaps([float(word) for word in said.split()])
    yield from _both("step end → next step's start", gaps, floor, "two bash in a bash loop", ("≤ 2", "≤ 10"))


def _both(name: str, seen: list[float], floor: list[float], floor_is: str, goals: tuple[str, str]) -> Iterator[Figure]:
    for share, goal in zip((0.5, 0.99), goals, strict=True):
        short = f"p{share * 100:.0f}"
        bottom = percentile(floor, share)
        yield Figure(f"{name}, {short}", percentile(seen, share), "ms", goal, bottom, f"{floor_is}, {short}")


def _stamps(file: Path) -> list[float]:
    return [float(line) for line in file.read_text().split()] if file.exists() else []


def _gaps(stamps: list[float]) -> list[float]:
    """Start, end, start, end … → milliseconds between an end and the next start."""
    return [(start - end) * 1000 for end, start in zip(stamps[1::2], stamps[2::2], strict=False)]


def _sequence(server: Served) -> Figure:
    took = []
    for _ in range(5):
        run = server.ended(server.start("shop", "chain"))
        start, end = (datetime.fromisoformat(run[key]) for key in ("createdAt", "endedAt"))
        took.append((end - start).total_seconds())
    floor = median_of(lambda: command(["bash", "-c", "for i in $(seq 40); do sh -c true; done"]))
    return Figure("40 sequential steps in up", median(took), "s", "≤ 0.2", floor, "a bash loop")


def _commit(server: Served, root: Path) -> Figure:
    took = []
    for number in range(COMMITS):
        (root / "workflows" / "live.yaml").write_text(ordinary("live") + f"# {number}\n", encoding="utf-8")
        commit(root)
        words = ["git", "-C", str(root), "rev-parse", "HEAD"]
        wanted = subprocess.run(words, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
        before = time.perf_counter()
        server.call("POST", "/hooks/shop", {})
        until(lambda wanted=wanted: _live(server) == wanted)  # type: ignore[misc]
        took.append((time.perf_counter() - before) * 1000)
    floor = median_of(lambda: git(root, "ls-remote", "-q", ".", "HEAD")) * 1000
    return Figure("commit by webhook → definition live, p50", median(took), "ms", "≤ 250", floor, "one git ls-remote")


def _live(server: Served) -> object:
    try:
        return server.call("GET", "/api/v1/workflows/shop/live")["commit"]
    except RuntimeError:  # 404 until the first commit is live
        return None


def _rest(base: Path) -> Iterator[Figure]:
    roots = [
        repository(base / f"repo-{index}", {f"workflows/w{i}.yaml": ordinary(f"w{i}") for i in range(20)})
        for index in range(10)
    ]
    with Served(base / "data", roots, poll="30s") as server:
        time.sleep(2)  # what the start left to do
        family = server.processes()
        before, began = cpu_seconds(family), time.monotonic()
        time.sleep(REST)
        used = (cpu_seconds(family) - before) / (time.monotonic() - began) * 100
        yield Figure("at rest, 10 repositories of 20 workflows: memory", resident_mib(family), "MiB", "≤ 100")
        yield Figure("at rest, 10 repositories of 20 workflows: CPU", used, "%", "< 1")
