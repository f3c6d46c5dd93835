"""The lease as an object of a real API server: written as client-go does, and read back."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from tests.election.contract import check_that_it_compares_and_swaps
from tests.slow.waiting import until

from windlass.clock import SystemClock
from windlass.election.base import Lease
from windlass.election.elector import Elector, Spans
from windlass.election.kubernetes import KubernetesLeases
from windlass.errors import UsageError
from windlass.kube.access import Place

if TYPE_CHECKING:
    from scripts.cluster.cluster import Cluster

Make = Callable[[], KubernetesLeases]


@pytest.fixture
def make(cluster: Cluster, namespace: str) -> Iterator[Make]:
    made: list[KubernetesLeases] = []

    def one() -> KubernetesLeases:
        place = Place(str(cluster.control_plane.kubeconfig))
        made.append(KubernetesLeases("leader", namespace, SystemClock(), 5.0, place))
        return made[-1]

    yield one
    for leases in made:
        leases.close()


def test_it_compares_and_swaps(make) -> None:
    check_that_it_compares_and_swaps(make())


def test_it_is_what_others_expect_of_a_lease(make, cluster, namespace) -> None:
    leases = make()
    first = leases.write(Lease("me", 15.0, 0), None)
    leases.write(Lease("me", 15.0, 0), first)
    plane = cluster.control_plane
    plane.kubectl("label", "lease", "leader", "team=shop", "--namespace", namespace)
    seen = leases.read()
    assert seen.version != first.version
    leases.write(Lease("you", 15.0, 1), seen)
    found = json.loads(plane.kubectl("get", "lease", "leader", "--namespace", namespace, "--output", "json"))
    assert found["metadata"]["labels"] == {"team": "shop"}, "what others put there stays"
    spec = found["spec"]
    assert (spec["holderIdentity"], spec["leaseDurationSeconds"], spec["leaseTransitions"]) == ("you", 15, 1)
    assert spec["acquireTime"] == spec["renewTime"]


def test_two_at_once_are_one_leader(make) -> None:
    clock, spans = SystemClock(), Spans(8.0, 6.0, 0.2)
    electors = [Elector(make(), name, spans, clock, lambda: 0.5) for name in ("one", "two")]
    threads = [threading.Thread(target=elector.acquire, daemon=True) for elector in electors]
    for thread in threads:
        thread.start()
    first = until(lambda: next((elector for elector in electors if elector.leads()), None))
    second = next(elector for elector in electors if elector is not first)
    assert not second.leads()
    assert until(lambda: second.leader) in ("one", "two")
    first.stop()
    until(second.leads)
    second.stop()
    for thread in threads:
        thread.join(60)


def test_without_a_cluster_it_is_refused(tmp_path) -> None:
    with pytest.raises(UsageError, match="cannot be in Kubernetes"):
        KubernetesLeases("leader", None, SystemClock(), 5.0, Place(str(tmp_path / "none")))
