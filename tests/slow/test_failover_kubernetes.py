"""Controllers whose lease and whose steps are in Kubernetes: they are killed and stood still, and so is Kubernetes."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from scripts.cluster import fakes
from tests import cluster as clusters
from tests.postgres import IN_CI, Postgres
from tests.slow.installation import LONG, LONGER_THAN_A_LEASE, Installation
from tests.slow.jumping import COMPILER, Jumping
from tests.slow.waiting import until

from windlass.executors.kubernetes.barrier import is_barrier

if TYPE_CHECKING:
    from scripts.cluster.cluster import Cluster
    from scripts.cluster.control_plane import ControlPlane

IMAGE = "windlass.test/shell:1"
WORK = {
    "chain": f"""defaults: {{image: "{IMAGE}"}}
steps:
  - {{name: one, run: 'echo begins; sleep 2; echo ends'}}
  - {{name: two, run: 'echo "$WINDLASS_ATTEMPT"'}}
""",
    "held": f"""defaults: {{image: "{IMAGE}"}}
steps:
  - {{name: held, run: 'trap "exit 0" TERM; while true; do sleep 0.2; done'}}
""",
}


@pytest.fixture
def on(installation: Callable[..., Installation]) -> Callable[..., Installation]:
    """`on(plane, namespace, workflows)`: an installation whose lease and steps are there."""

    def make(plane: ControlPlane, namespace: str, workflows: dict[str, str]) -> Installation:
        here = installation(workflows, WINDLASS_ELECTION="kubernetes", WINDLASS_LEASE_NAMESPACE=namespace)
        config = here.home.folder / "server.yaml"
        runner = {"kind": "kubernetes", "kubeconfig": str(plane.kubeconfig), "namespace": namespace}
        config.write_text(json.dumps({"runner": "kubernetes", "runners": {"kubernetes": runner}}))
        here.env |= {"KUBECONFIG": str(plane.kubeconfig), "WINDLASS_CONFIG": str(config)}
        return here

    return make


def found(plane: ControlPlane, namespace: str, kind: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(plane.kubectl("get", kind, f"-n={namespace}", "-o=json"))["items"]
    return items


def attempts_of(run: dict[str, Any]) -> list[dict[str, Any]]:
    return [attempt for step in run["steps"].values() for attempt in step["attempts"]]


def check_once(plane: ControlPlane, namespace: str, runs: list[dict[str, Any]]) -> None:
    """Each attempt of the ledger had one Job and one Pod, and there are no others. One that was never started has what
    keeps it from it; of a cancelled one there may be nothing left."""
    attempts = Counter((run["id"], one["cause"] == "never-started") for run in runs for one in attempts_of(run))
    jobs = {job["metadata"]["uid"]: job for job in found(plane, namespace, "jobs")}
    of_run = Counter((job["metadata"]["annotations"]["windlass.dev/run"], is_barrier(job)) for job in jobs.values())
    owners = Counter(pod["metadata"]["ownerReferences"][0]["uid"] for pod in found(plane, namespace, "pods"))
    assert set(owners.values()) <= {1}
    assert owners.keys() <= {uid for uid, job in jobs.items() if not is_barrier(job)}
    assert of_run <= attempts
    cancelled = {run["id"] for run in runs if run["status"] == "cancelled"}
    whole = [key for key in attempts if key[0] not in cancelled]
    assert [of_run[key] for key in whole] == [attempts[key] for key in whole]
    assert len(owners) >= sum(attempts[key] for key in whole if not key[1])


def holder(plane: ControlPlane, namespace: str) -> str:
    return str(found(plane, namespace, "leases")[0]["spec"]["holderIdentity"])


def _begun(here: Installation, run: str) -> bool:
    """Its first step; it may be over already."""
    return here.web.run(run)["steps"]["one"]["status"] in ("running", "succeeded")


def test_steps_in_pods_outlive_the_leader_that_is_killed(on, cluster: Cluster, namespace: str) -> None:
    plane = cluster.control_plane
    here = on(plane, namespace, WORK)
    first = here.controller("a").leads()
    second = here.controller("b")
    here.web.start()
    runs = [here.begin("chain") for _ in range(3)]
    until(lambda: any(_begun(here, run) for run in runs))
    assert holder(plane, namespace).endswith(str(first.data))
    first.kill()
    ended = [here.web.ended(run, 120) for run in runs]
    assert {run["status"] for run in ended} == {"succeeded"}, ended
    causes = {attempt["cause"] for run in ended for attempt in attempts_of(run)}
    assert causes <= {None, "never-started"}, "nothing was lost"
    for run in runs:
        assert here.web.step_log(run, "one").text == "begins\nends\n"
    check_once(plane, namespace, ended)
    assert holder(plane, namespace).endswith(str(second.data))


def test_a_leader_that_stood_still_starts_no_pod(on, cluster: Cluster, namespace: str) -> None:
    plane = cluster.control_plane
    here = on(plane, namespace, WORK)
    first = here.controller("a").leads()
    second = here.controller("b")
    here.web.start()
    run = here.begin("chain")
    until(lambda: _begun(here, run))
    first.signal(signal.SIGSTOP)
    ended = here.web.ended(run, 120)
    first.signal(signal.SIGCONT)
    assert first.wait() == 1, first.log
    assert ended["status"] == "succeeded", ended
    again = here.web.ended(here.begin("chain"), 120)
    check_once(plane, namespace, [ended, again])
    assert second.alive


def test_a_ledger_that_is_restarted_neither_doubles_nor_loses_a_pod(
    on, cluster: Cluster, namespace: str, postgres: Postgres
) -> None:
    plane = cluster.control_plane
    here = on(plane, namespace, WORK)
    here.env |= LONG
    leader = here.controller("a").leads()
    standby = here.controller("b")
    here.web.start()
    runs = [here.begin("chain") for _ in range(3)]
    until(lambda: found(plane, namespace, "jobs"))
    postgres.stop("immediate")
    postgres.start()
    ended = [here.web.ended(run, 120) for run in runs]
    assert {run["status"] for run in ended} == {"succeeded"}, ended
    check_once(plane, namespace, ended)
    assert leader.alive
    assert standby.alive
    assert here.epoch()[0] == 1


@pytest.mark.skipif(COMPILER is None and not IN_CI, reason="there is no C compiler: no clock can be moved")
def test_clocks_that_differ_and_jump_change_nobodys_mind(on, cluster: Cluster, namespace: str, jump: Jumping) -> None:
    """The lease of a leader whose clock is an hour behind looks long expired to whoever believes what is written."""
    plane = cluster.control_plane
    here = on(plane, namespace, WORK)
    leader = here.controller("a", **jump(-3600)).leads()
    standby = here.controller("b")
    here.web.start()
    run = here.begin("chain")
    assert not standby.says("ready", LONGER_THAN_A_LEASE)
    jump(3600)
    ended = here.web.ended(run, 120)
    assert ended["status"] == "succeeded", ended
    assert not standby.says("ready", LONGER_THAN_A_LEASE)
    check_once(plane, namespace, [ended])
    assert leader.alive
    assert here.epoch()[0] == 1


FAKE = {
    "quick": """defaults: {image: x/quick}
steps: [{name: one, run: 'true'}]
""",
    "long": """defaults: {image: x/forever}
steps: [{name: held, run: 'true'}]
""",
}


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """A control plane to do harm to; its nodes take every Pod and only pretend to run it."""
    with clusters.control_plane(kwok=True) as made:
        fakes.add_nodes(made, 2)
        made.kubectl("taint", "node", "fake-1", "fake-2", "kwok.x-k8s.io/node-")
        yield made


@pytest.fixture
def place(plane: ControlPlane) -> Iterator[str]:
    with clusters.namespace_in(plane) as name:
        yield name


def _running(here: Installation) -> str:
    """A run whose step has a Pod that runs, until somebody ends it."""
    run = here.begin("long")
    until(lambda: [one for one in here.web.run(run)["steps"]["held"]["attempts"] if one["startedAt"]])
    return run


def test_an_api_server_that_is_restarted_costs_nothing_but_time(on, plane: ControlPlane, place: str) -> None:
    here = on(plane, place, FAKE)
    here.env |= LONG
    leader = here.controller("a").leads()
    here.controller("b")
    here.web.start()
    held = _running(here)
    plane.kill("kube-apiserver")
    during = here.begin("quick")  # nobody can be asked for a Pod
    plane.start()
    here.web.post(f"/runs/{held}/cancel", code=202)
    ended = [here.web.ended(run, 120) for run in (during, held)]
    assert [run["status"] for run in ended] == ["succeeded", "cancelled"], ended
    check_once(plane, place, ended)
    assert leader.alive
    assert here.epoch()[0] == 1


def test_while_etcd_stalls_nobody_leads_and_afterwards_somebody_goes_on(on, plane: ControlPlane, place: str) -> None:
    here = on(plane, place, FAKE)
    leader = here.controller("a").leads()
    standby = here.controller("b")
    here.web.start()
    held = _running(here)
    plane.pause("etcd")
    try:
        assert leader.wait() == 1, leader.log
        assert "it leads no more" in leader.log
        assert not standby.says("ready", LONGER_THAN_A_LEASE), "it cannot get the lease either"
        assert here.web.http.post(f"/api/v1/workflows/{here.repo.name}/quick/runs", json={}).status_code == 503
        assert here.web.run(held)["status"] == "running", "what is known is told all the same"
    finally:
        plane.resume("etcd")
    standby.leads()
    run = here.web.ended(here.begin("quick"), 120)
    assert run["status"] == "succeeded"
    assert here.web.run(held)["steps"]["held"]["status"] == "running", json.dumps(here.web.run(held))
    here.web.post(f"/runs/{held}/cancel", code=202)
    check_once(plane, place, [run, here.web.ended(held, 120)])
