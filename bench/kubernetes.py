"""Steps as Jobs of a real cluster, against a bare loop that creates the same Jobs on the same cluster.

In: the cluster of `make cluster`, or one that is started for this; and one whose pods only pretend. Out: a chain on the
real kubelet; our share of it, with 500 runs active; what a crowd of runs reaches; what we write into the cluster.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.cluster.__main__ import PARTS, folder, why_not
from scripts.cluster.cluster import Cluster
from scripts.cluster.parts import until
from tests.go_tool import missing

from bench.bare import LONGEST, Bare
from bench.fakes import fake_cluster
from bench.figure import Figure
from bench.kubernetes_share import share
from bench.kubernetes_writes import writes
from bench.served import serving
from bench.workflows import on_kubernetes

if TYPE_CHECKING:
    from collections.abc import Iterator

STEPS = 10
ROUNDS = 3
IMAGE = "windlass.test/shell:1"
PATIENCE = 60.0


def figures() -> Iterator[Figure]:
    reason = why_not() or next(filter(None, map(missing, PARTS)), None)
    if reason is not None:
        print(f"kubernetes: not measured: {reason}", file=sys.stderr)
        return
    yield _chain()
    with fake_cluster() as fake:
        yield from share(fake)
        yield from writes(fake)


def _chain() -> Figure:
    """Both at the same time: a kubelet looks once a second, so a loaded machine costs either a second now and then."""
    seen, floor = [], []
    with _cluster() as cluster, _namespace(cluster) as namespace, tempfile.TemporaryDirectory() as temporary:
        bare = Bare(cluster.kubeconfig, namespace, IMAGE)
        workflows = {"chain": on_kubernetes("chain", IMAGE, STEPS)}
        with serving(Path(temporary), cluster.kubeconfig, namespace, workflows) as up, ThreadPoolExecutor() as beside:
            for _ in range(ROUNDS):
                other = beside.submit(bare.chains, 1, STEPS)
                up.reconnect()
                seen.append(_took(up.ended(up.start("bench", "chain"), 0.5, LONGEST)) / STEPS)
                floor.append(other.result() / STEPS)
    return Figure(
        "kubernetes: step to step on a real kubelet",
        statistics.median(seen) * 1000,
        "ms",
        "≤ 1.05 × the floor",
        statistics.median(floor) * 1000,
        "the next Job when the watch shows the last Pod over",
        note=f"chain of {STEPS}",
    )


@contextmanager
def _cluster() -> Iterator[Cluster]:
    """The one that everybody uses, if there is one."""
    made = Cluster(folder())
    made.use()
    try:
        yield made
    finally:
        made.leave()


@contextmanager
def _namespace(cluster: Cluster) -> Iterator[str]:
    plane, name = cluster.control_plane, f"bench-{uuid.uuid4().hex[:8]}"
    plane.kubectl("create", "namespace", name)
    try:
        if not until(lambda: plane.has_account(name), PATIENCE):
            raise TimeoutError(f"{name} has no service account")
        yield name
    finally:
        plane.kubectl("delete", "namespace", name, "--wait=false")


def _took(run: dict[str, str]) -> float:
    """Seconds from the trigger to the end."""
    return (datetime.fromisoformat(run["endedAt"]) - datetime.fromisoformat(run["createdAt"])).total_seconds()
