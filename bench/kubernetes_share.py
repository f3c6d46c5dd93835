"""Our share of a step on Kubernetes, by the API server's own clock; and how many runs a small control plane carries.

In: a cluster whose pods only pretend. Out: runs a second of a crowd that starts at once; then, with 500 runs active,
milliseconds from a trigger to the Job's acceptance, and from the write that ends a Pod to the acceptance of the next
Job. The floors are of a bare loop, round by round between ours: both under the same 500 Pods, and not before the
cluster has calmed down from their start. Ours reads the log of each Pod before it tells of its end (promise R22), which
the floor does not; a note says what the loop reaches when it does.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections import defaultdict
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from bench.bare import AGENT, LONGEST, Bare
from bench.fakes import calm
from bench.figure import Figure, percentile
from bench.served import serving, until
from bench.workflows import on_kubernetes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.fakes import FakeCluster, Write
    from bench.served import Served

CROWD, ROUNDS = 150, 2
ACTIVE = 500
CHAINS, STEPS = 2, 25
TRIGGERS, BLOCK, PACE = 120, 15, 0.2  # ours and bare ones in turn, as many at a time; seconds between two
CALM = 2.0  # seconds without a write
IMAGE, FOREVER = "example.com/true:1", "example.com/forever:1"


def share(fake: FakeCluster) -> Iterator[Figure]:
    namespace = fake.namespace("share")
    workflows = {
        "one": on_kubernetes("one", IMAGE),
        "chain": on_kubernetes("chain", IMAGE, STEPS),
        "forever": on_kubernetes("forever", FOREVER),
    }
    with tempfile.TemporaryDirectory() as base:
        bare = Bare(fake.kubeconfig, namespace, IMAGE)
        with serving(Path(base), fake.kubeconfig, namespace, workflows) as up:
            up.ended(up.start("bench", "one"))
            yield _crowd(up, bare)
            _occupy(up)
            calm(fake, CALM)
            yield from _triggers(fake, up, bare)
            yield from _steps(fake, up, bare)


def _crowd(up: Served, bare: Bare) -> Figure:
    seen, floor, reading = [], [], []
    for _ in range(ROUNDS):
        floor.append(CROWD / bare.crowd(CROWD))
        reading.append(CROWD / bare.crowd(CROWD, logs=True))
        up.reconnect()
        begun = time.time()
        runs = {up.start("bench", "one") for _ in range(CROWD)}
        until(lambda: not _open(up, "one"), 0.2, LONGEST)
        listed = up.call("GET", f"/api/v1/runs?limit={CROWD}")["items"]
        seen.append(CROWD / (max(_at(run["endedAt"]) for run in listed if run["id"] in runs) - begun))
    return Figure(
        f"kubernetes, KWOK: {CROWD} one-step runs at once",
        statistics.median(seen),
        "runs/s",
        "≥ 90 % of the floor",
        statistics.median(floor),
        "a bare loop with the same Jobs, on the same control plane",
        more=True,
        note=f"{statistics.median(reading):.1f} when it reads their logs",
    )


def _occupy(up: Served) -> None:
    """Runs whose Pods go on until the cluster ends."""
    for _ in range(ACTIVE):
        up.start("bench", "forever")
    until(lambda: _started(up) >= ACTIVE, 0.5, LONGEST)


def _open(up: Served, workflow: str) -> bool:
    where = f"/api/v1/runs?limit=1&workflow={workflow}&status="
    return any(up.call("GET", where + status)["items"] for status in ("queued", "running"))


def _started(up: Served) -> int:
    page = up.call("GET", f"/api/v1/runs?limit={ACTIVE}&status=running")["items"]
    return sum(run["startedAt"] is not None for run in page)


def _triggers(fake: FakeCluster, up: Served, bare: Bare) -> Iterator[Figure]:
    seen: list[float] = []
    floor: list[float] = []
    for _ in range(TRIGGERS // BLOCK):
        mark = fake.mark()
        sent = bare.creates(BLOCK, PACE)
        floor += [(at - sent[name]) * 1000 for name, at in _creates(fake, mark).items() if name in sent]
        calm(fake, CALM)
        up.reconnect()
        mark, asked = fake.mark(), {}
        for _ in range(BLOCK):
            at = time.time()
            asked[up.start("bench", "one").lower()] = at
            time.sleep(max(0.0, at + PACE - time.time()))
        until(lambda: not _open(up, "one"), 0.2, LONGEST)
        seen += [(at - asked[name[:26]]) * 1000 for name, at in _creates(fake, mark).items()]
        calm(fake, CALM)
    yield from _pair(
        f"kubernetes, {ACTIVE} runs active: trigger → Job accepted", seen, floor, "one create", ("", "≤ 30")
    )


def _creates(fake: FakeCluster, mark: int) -> dict[str, float]:
    """When each Job was accepted."""
    return {write.name: write.at for write in fake.writes(mark) if _is_create(write)}


def _steps(fake: FakeCluster, up: Served, bare: Bare) -> Iterator[Figure]:
    seen: list[float] = []
    floor: list[float] = []
    reading: list[float] = []
    for _ in range(ROUNDS):
        for gaps, logs in ((floor, False), (reading, True)):
            mark = fake.mark()
            bare.chains(CHAINS, STEPS, logs=logs)
            gaps.extend(_gaps(fake.writes(mark), AGENT))
        up.reconnect()
        mark = fake.mark()
        for run in [up.start("bench", "chain") for _ in range(CHAINS)]:
            up.ended(run, 0.25, LONGEST)
        seen += _gaps(fake.writes(mark), "windlass")
    name = f"kubernetes, {ACTIVE} runs active: Pod over → next Job accepted"
    yield from _pair(name, seen, floor, "a bare loop", ("≤ 15", "≤ 75"), reading)


def _pair(
    name: str,
    seen: Sequence[float],
    floor: Sequence[float],
    floor_is: str,
    goals: tuple[str, str],
    reading: Sequence[float] = (),
) -> Iterator[Figure]:
    for share, shown, goal in ((0.5, "p50", goals[0]), (0.99, "p99", goals[1])):
        note = f"{percentile(reading, share):.3g} ms when the loop reads the log" if reading else ""
        yield Figure(
            f"{name}, {shown}", percentile(seen, share), "ms", goal, percentile(floor, share), floor_is, note=note
        )


def _is_create(write: Write) -> bool:
    return (write.verb, write.what) == ("create", "jobs")


def _gaps(writes: Sequence[Write], agent: str) -> list[float]:
    """Milliseconds from the last write of each Pod's status to the acceptance of the next Job of its run."""
    over: dict[str, float] = {}
    chains: dict[str, list[Write]] = defaultdict(list)
    for write in writes:
        if write.agent == "kwok" and write.what == "pods/status":
            over[write.name.rpartition("-")[0]] = write.at
        if write.agent == agent and _is_create(write):
            chains[write.name[:26]].append(write)
    pairs = [pair for chain in chains.values() for pair in pairwise(chain)]
    return [(after.at - over[before.name]) * 1000 for before, after in pairs]


def _at(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
