"""A controller that is killed over thousands of steps in a cluster: how long until the next one goes on.

In: nothing; a control plane of its own, whose pods are played by KWOK. Out: SIGKILL to the first Job that the next
controller creates, and to the moment when it knows of every step, by the API server's book and the server's log; its
memory then. The next one is started at once on the same data folder, as a service manager does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.cluster.__main__ import PARTS, why_not
from tests.go_tool import missing

from bench.fakes import fake_cluster
from bench.figure import ENV, Figure
from bench.served import Served, resident_mib, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.fakes import FakeCluster

ACTIVE = int(os.environ.get("BENCH_ACTIVE", "5000"))  # steps
RUNS = 10
WAIT = 20.0  # seconds of the step whose end is due while nobody is there
BEFORE = 0.2  # seconds before that the controller is killed
PATIENCE = 1800.0
REST = 10.0  # until what it has seen is recorded
CRUEL = 60.0
_HEAD = "apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {{name: {0}}}\nrunner: kubernetes\nsteps:\n"
_STEP = "{image: x/forever, shell: sh, run: 'true'}"
WORKFLOWS = {
    "held": _HEAD.format("held") + f"  held: {{forEach: {ACTIVE // RUNS}, maxParallel: {ACTIVE}, {_STEP[1:]}\n",
    "due": _HEAD.format("due") + f"  - {{name: pause, wait: {{for: {WAIT:g}s}}}}\n  - {_STEP}\n",
}
# What nobody can save: an interpreter, a client, and the objects, read as we read them and thrown away.
_BARE = """
import asyncio, sys
from windlass.executors.kubernetes.naming import OURS
from windlass.executors.kubernetes.pods import Pod
from windlass.kube.access import Place
from windlass.kube.client import Client, decode
from windlass.kube.resources import PODS

async def read():
    client, count = Client(Place(sys.argv[1])), 0
    async for page in client.pages(PODS, sys.argv[2], labels=OURS):
        count += sum(decode(item, Pod).metadata.uid != "" for item in page.items)
    await client.close()
    print(count)

asyncio.run(read())
"""


def figures() -> Iterator[Figure]:
    reason = why_not() or next(filter(None, map(missing, PARTS)), None)
    if reason is not None:
        print(f"kubernetes: not measured: {reason}", file=sys.stderr)
        return
    with fake_cluster() as fake, tempfile.TemporaryDirectory() as folder:
        namespace = fake.namespace("failover")
        yield from _killed(fake, namespace, Path(folder))


def _killed(fake: FakeCluster, namespace: str, base: Path) -> Iterator[Figure]:
    with serving(base, fake.kubeconfig, namespace, WORKFLOWS) as first:
        for _ in range(RUNS):
            first.start("bench", "held")
        _wait_until_all_run(fake)
        time.sleep(REST)
        first.reconnect()
        first.start("bench", "due")
        time.sleep(WAIT - BEFORE)
        mark, killed = fake.mark(), time.time()
        first.process.kill()
        first.process.wait(CRUEL)
    floor = _bare(fake, namespace)
    killed = time.time()
    with Served(base / "data", [base / "bench"], env={"WINDLASS_CONFIG": str(base / "server.yaml")}) as second:
        ready = time.time()
        _until(lambda: _adopted(base) is not None, 0.05)
        found, resident = _adopted(base), resident_mib([second.process.pid])
        _until(lambda: bool(_created(fake, mark)), 0.1)
        highest = _highest_mib(second)
    assert found is not None
    dispatched = _created(fake, mark)[0]
    note = f"{ACTIVE} active steps; ready after {ready - killed:.2f} s"
    bare = "an interpreter that lists and reads their Pods"
    yield Figure("kubernetes: SIGKILL → first Job created", dispatched - killed, "s", "≤ 1.5", floor, bare, note=note)
    yield Figure("kubernetes: SIGKILL → every step found", found - killed, "s", "≤ 5", floor, bare)
    yield Figure("kubernetes: memory then", resident, "MiB", "≤ 200", note=f"highest {highest:.0f} MiB")


def _until(what, pause: float) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > deadline:
            raise TimeoutError("waited in vain")
        time.sleep(pause)


def _wait_until_all_run(fake: FakeCluster) -> None:
    """As the fake kubelet says. Each look reads what is new: the whole book is long."""
    running: set[str] = set()
    mark = 0

    def look() -> bool:
        nonlocal mark
        since, mark = mark, fake.mark()
        running.update(one.name for one in fake.writes(since) if (one.agent, one.what) == ("kwok", "pods/status"))
        return len(running) >= ACTIVE

    _until(look, 2.0)


def _created(fake: FakeCluster, mark: int) -> list[float]:
    """When Jobs were."""
    return [one.at for one in fake.writes(mark) if one.what == "jobs" and one.verb == "create"]


def _adopted(base: Path) -> float | None:
    for line in (base / "up.log").read_text().splitlines():
        if "kubernetes.adopted" in line:
            return datetime.fromisoformat(line.split()[0]).timestamp()
    return None


def _highest_mib(server: Served) -> float:
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM:")) / 1024


def _bare(fake: FakeCluster, namespace: str) -> float:
    words = [sys.executable, "-c", _BARE, str(fake.kubeconfig), namespace]
    begun = time.perf_counter()
    done = subprocess.run(words, env=ENV, check=True, capture_output=True, text=True, timeout=CRUEL)
    took = time.perf_counter() - begun
    if int(done.stdout) < ACTIVE:
        raise RuntimeError(f"there are {done.stdout.strip()} Pods, not {ACTIVE}")
    return took
