"""Steps as containers, one after the other, against `docker run` one after the other, on the same engine.

In: Debian's dockerd in a folder of its own. Out: milliseconds from step to step of a chain under `windlass run`; as
floor those of the same number of `docker run --rm` of the same program. Both include making and removing a container.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.docker_engine import IMAGE, Dockerd, why_not

from bench.figure import ENV, LONGEST, Figure, timed

if TYPE_CHECKING:
    from collections.abc import Iterator

STEPS = 8
ROUNDS = 3
WINDLASS = Path(sys.executable).with_name("windlass")


def figures() -> Iterator[Figure]:
    reason = why_not() or (None if shutil.which("docker") else "the command docker is missing")
    if reason is not None:
        print(f"docker: not measured: {reason}", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="windlass-bench-", ignore_cleanup_errors=True) as folder:
        engine = Dockerd(Path(folder))
        try:
            engine.start()
            engine.load_image()
            yield _chain(Path(folder), engine)
        finally:
            engine.stop()


def _chain(folder: Path, engine: Dockerd) -> Figure:
    """Rounds of both alternate, so that busy neighbours meet both."""
    seen, floor = [], []
    _docker_run(engine)
    for _ in range(ROUNDS):
        floor.append(timed(lambda: [_docker_run(engine) for _ in range(STEPS)]) / STEPS)
        seen.append(_run(folder, engine) / STEPS)
    return Figure(
        "docker: step to step",
        statistics.median(seen) * 1000,
        "ms",
        "1.1 times the floor",
        statistics.median(floor) * 1000,
        "`docker run --rm` of the same program",
        note=f"chain of {STEPS}",
    )


def _docker_run(engine: Dockerd) -> None:
    command = ["docker", "run", "--rm", "--init", IMAGE, "sh", "-e", "-c", "true"]
    subprocess.run(command, env={**ENV, **engine.environment}, check=True, timeout=LONGEST, stdout=subprocess.DEVNULL)


def _run(folder: Path, engine: Dockerd) -> float:
    """Seconds from the creation of the first attempt to the end of the last."""
    home = folder / "home"
    (home / "workflows").mkdir(parents=True, exist_ok=True)
    (home / "windlass.yaml").write_text("apiVersion: windlass.dev/v1\nkind: Repository\n")
    steps = f"  - {{image: '{IMAGE}', shell: sh, run: 'true'}}\n" * STEPS
    head = "apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {name: chain}\n"
    (home / "workflows/chain.yaml").write_text(f"{head}runner: docker\nsteps:\n{steps}")
    env = {**os.environ, **engine.environment, "WINDLASS_DATA": str(folder / "data")}
    command = [str(WINDLASS), "run", "chain", "--output", "json"]
    done = subprocess.run(command, cwd=home, env=env, capture_output=True, text=True, check=True, timeout=LONGEST)
    run = json.loads(done.stdout)
    last = max(_at(step["endedAt"]) for step in run["steps"].values())
    return last - _at(run["startedAt"])


def _at(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
