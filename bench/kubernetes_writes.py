"""What a run writes into a cluster: counted by the API server, and told apart by who wrote.

In: a cluster whose pods only pretend, and a server that looks after one namespace of it: custom resources, their
statuses and Events included. Out: our writes for each run of one step; the floor is what the cluster itself writes
for its Job.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tests.slow.definitions import install
from tests.slow.home import Home
from tests.slow.repo import Repo
from tests.slow.served_tenant import served

from bench.fakes import calm
from bench.figure import Figure
from bench.workflows import on_kubernetes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.slow.served_tenant import Served

    from bench.fakes import FakeCluster, Write

RUNS = 20
IMAGE = "example.com/true:1"
CALM = 3.0  # seconds without a write: nothing follows any more
OURS = "windlass"


def writes(fake: FakeCluster) -> Iterator[Figure]:
    install(fake.plane)
    namespace = fake.namespace("writes")
    with tempfile.TemporaryDirectory() as folder, served(fake.plane, namespace, Home(Path(folder))) as tenant:
        tenant.server.start({"KUBECONFIG": str(fake.kubeconfig)})
        repo = Repo(tenant.git.root / "bench")
        repo.commit({"workflows/one.yaml": on_kubernetes("one", IMAGE)})
        tenant.serve(repo)
        _one(tenant, repo)
        calm(fake, CALM)
        mark = fake.mark()
        for _ in range(RUNS):
            _one(tenant, repo)
        calm(fake, CALM)
        found = [write for write in fake.writes(mark) if write.namespace == namespace]
    ours = [write for write in found if write.agent.startswith(OURS)]
    yield Figure(
        "kubernetes: API writes for a run of one step, with its WorkflowRun",
        len(ours) / RUNS,
        "writes",
        "≤ 6",
        (len(found) - len(ours)) / RUNS,
        "what the cluster writes itself for the Job",
        note=_named(ours),
    )


def _one(tenant: Served, repo: Repo) -> None:
    run = tenant.server.ended(tenant.server.begin(tenant.name(repo), "one"))
    if run["status"] != "succeeded":
        raise RuntimeError(f"the run is {run['status']}: {run['message']}")


def _named(writes: Sequence[Write]) -> str:
    counted = Counter(f"{write.verb} {write.what}" for write in writes)
    return ", ".join(f"{what} {number / RUNS:.3g}" for what, number in counted.most_common())
