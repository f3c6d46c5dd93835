"""Causes, not mysteries: each is made to happen on the real cluster."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from tests.executors.conftest import wait_until
from tests.executors.kubernetes_bench import TIMEOUT, Kube
from tests.kube.conftest import kubeconfig

from windlass.executors.kubernetes import beginning, spec
from windlass.executors.kubernetes.naming import labels, object_name
from windlass.executors.kubernetes.pods import conditions_of
from windlass.executors.kubernetes.terms import admitted
from windlass.kube.access import Place
from windlass.kube.errors import KubeError
from windlass.kube.resources import CONFIG_MAPS, JOBS, NAMESPACES, NODES, PODS, Resource
from windlass.runs.model import Started, Stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.cluster.cluster import Cluster

    from windlass.executors.kubernetes.terms import Terms
    from windlass.runs.model import Ended, Launch

QUOTAS = Resource("", "v1", "resourcequotas", "ResourceQuota")
PRIORITIES = Resource("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", namespaced=False)
ADMISSION = Resource(
    "admissionregistration.k8s.io", "v1", "validatingadmissionpolicies", "ValidatingAdmissionPolicy", namespaced=False
)
BINDINGS = Resource(
    "admissionregistration.k8s.io",
    "v1",
    "validatingadmissionpolicybindings",
    "ValidatingAdmissionPolicyBinding",
    namespaced=False,
)
FOREVER = "echo begun; while :; do sleep 0.1; done"


def running(kube: Kube, **fields: Any) -> Launch:
    """An attempt whose program runs."""
    launch = kube.launch(fields.pop("script", FOREVER), **fields)
    kube.executor().start([launch])
    kube.seen.started(launch.key)
    return launch


def nothing_can_start(kube: Kube) -> None:
    wait_until(lambda: all("Failed" in conditions_of(job) for job in kube.list(JOBS)), TIMEOUT)

    def over(pod: dict[str, Any]) -> bool:
        return pod["status"]["phase"] == "Failed" or "deletionTimestamp" in pod["metadata"]

    wait_until(lambda: all(over(pod) for pod in kube.pods()), TIMEOUT)


def ended(kube: Kube, launch: Launch) -> Ended:
    return kube.seen.ended(launch.key, TIMEOUT)


def test_a_registry_that_is_not_there_is_no_fault_of_the_step(kube: Kube) -> None:
    found = kube.end("true", image="127.0.0.1:1/team/app:1")
    assert (found.exit_code, found.cause) == (None, "registry-unavailable")
    assert "127.0.0.1:1" in (found.message or "")
    assert ("registry-unavailable", found.message) in kube.delays() or "pull" in (found.message or "")
    nothing_can_start(kube)


def test_an_image_that_is_no_name_of_one(kube: Kube) -> None:
    assert kube.end("true", image="UPPER//x").cause == "image-pull"


def test_what_no_node_takes_says_so_while_it_waits_and_when_it_gives_up(kube: Kube) -> None:
    found = kube.end("true", pod={"nodeSelector": {"disk": "golden"}}, terms={"pending": 8.0})
    assert (found.exit_code, found.cause) == (None, "unschedulable")
    assert "node affinity/selector" in (found.message or "")
    assert kube.delays()[0][0] == "unschedulable"
    nothing_can_start(kube)


def test_a_cancel_ends_what_waits_for_a_node(kube: Kube) -> None:
    launch = kube.launch("true", pod={"nodeSelector": {"disk": "golden"}})
    executor = kube.executor()
    executor.start([launch])
    wait_until(kube.delays, TIMEOUT)
    executor.stop(Stop(launch.key, 0))
    found = ended(kube, launch)
    assert (found.exit_code, found.cause) == (None, None)
    nothing_can_start(kube)


def test_memory_that_runs_out(kube: Kube) -> None:
    script = "x=$(head -c 200000000 /dev/zero | tr '\\0' a); echo ${#x}"
    found = kube.end(script, resources={"limits": {"memory": "20Mi"}})
    assert (found.exit_code, found.cause) == (137, "oom-killed")


def test_an_eviction_by_the_kubelet(kube: Kube) -> None:
    script = "head -c 30000000 /dev/urandom > /tmp/big; " + FOREVER
    launch = running(kube, script=script, resources={"limits": {"ephemeral-storage": "1Mi"}})
    found = ended(kube, launch)
    assert found.cause == "evicted"
    assert "ephemeral" in (found.message or "")


def test_a_drain(kube: Kube) -> None:
    launch = running(kube)
    name = kube.pod()["metadata"]["name"]
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": kube.namespace}}
    kube.call(kube.client.request("POST", PODS.path(kube.namespace, name, "eviction"), body))
    assert ended(kube, launch).cause == "drained"
    assert kube.log().startswith(b"begun\n")


@pytest.fixture
def slot(kube: Kube) -> Iterator[str]:
    """A resource of the node that only this test knows, one piece of it."""
    name = f"windlass.test/{uuid.uuid4().hex[:8]}"
    kube.call(kube.client.patch(NODES, "node-1", {"status": {"capacity": {name: "1"}}}, subresource="status"))
    yield name
    gone = {"status": {"capacity": {name: None}, "allocatable": {name: None}}}
    kube.call(kube.client.patch(NODES, "node-1", gone, subresource="status"))


def test_a_preemption(kube: Kube, slot: str) -> None:
    one = {"requests": {slot: "1"}, "limits": {slot: "1"}}
    launch = running(kube, resources=one)
    high = f"high-{kube.namespace}"
    kube.call(kube.client.create(PRIORITIES, {"metadata": {"name": high}, "value": 1000}))
    try:
        container = {"name": "c", "image": "windlass.test/pause:1", "resources": one}
        other = {
            "metadata": {"name": "important"},
            "spec": {"priorityClassName": high, "containers": [container], "terminationGracePeriodSeconds": 1},
        }
        kube.call(kube.client.create(PODS, other, kube.namespace))
        assert ended(kube, launch).cause == "preempted"
    finally:
        kube.call(kube.client.delete(PRIORITIES, high))


@pytest.fixture
def fake_node(kube: Kube) -> Iterator[str]:
    """A node of this test's own, which nobody else's Pods tolerate."""
    name = f"fake-{kube.namespace}"
    taint = {"key": "kwok.x-k8s.io/node", "value": name, "effect": "NoSchedule"}
    metadata = {"name": name, "annotations": {"kwok.x-k8s.io/node": "fake"}, "labels": {"test": name}}
    kube.call(kube.client.create(NODES, {"metadata": metadata, "spec": {"taints": [taint]}}))
    yield name
    kube.call(kube.client.delete(NODES, name))


def on_fake_node(kube: Kube, node: str, **terms: Any) -> Launch:
    """An attempt that runs there; then the node is said to be out of service."""
    where = {
        "nodeSelector": {"test": node},
        "tolerations": [{"key": "kwok.x-k8s.io/node", "operator": "Exists", "effect": "NoSchedule"}],
    }
    launch = kube.launch(FOREVER, image="x/forever", pod=where)
    kube.executor(**terms).start([launch])
    kube.seen.started(launch.key)
    lost = {"key": "node.kubernetes.io/out-of-service", "value": "down", "effect": "NoExecute"}
    taint = {"key": "kwok.x-k8s.io/node", "value": node, "effect": "NoSchedule"}
    kube.call(kube.client.patch(NODES, node, {"spec": {"taints": [taint, lost]}}))
    return launch


def test_a_node_that_is_lost(kube: Kube, fake_node: str) -> None:
    launch = on_fake_node(kube, fake_node, log_patience=0.0)
    wait_until(lambda: kube.pod()["metadata"].get("deletionTimestamp"), TIMEOUT)
    # What the garbage collector of Pods does when a node is gone, after a minute:
    name, status = kube.pod()["metadata"]["name"], {"status": {"phase": "Failed"}}
    kube.call(kube.client.patch(PODS, name, status, kube.namespace, subresource="status"))
    assert ended(kube, launch).cause == "node-lost"
    assert b"what it wrote after this is lost" in kube.log()


def test_a_node_that_does_not_answer_proves_nothing(kube: Kube, fake_node: str) -> None:
    launch = on_fake_node(kube, fake_node, node_patience=0.5, log_patience=0.0)
    assert ended(kube, launch).cause == "lost", "it may still run: only who is idempotent is tried again"


def test_a_quota_of_pods_is_waited_for_and_said(kube: Kube) -> None:
    kube.call(
        kube.client.create(QUOTAS, {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}, kube.namespace)
    )
    wait_until(lambda: kube.list(QUOTAS)[0].get("status", {}).get("hard"), TIMEOUT)
    launch = kube.launch("true")
    kube.executor().start([launch])
    wait_until(lambda: "quota" in [cause for cause, _ in kube.delays()], TIMEOUT)
    kube.call(kube.client.delete(QUOTAS, "none", kube.namespace))
    assert ended(kube, launch).exit_code == 0, "there was room at last"


def test_a_quota_of_jobs_ends_it_when_the_runner_waits_no_longer(kube: Kube) -> None:
    hard = {"count/jobs.batch": "0"}
    kube.call(kube.client.create(QUOTAS, {"metadata": {"name": "none"}, "spec": {"hard": hard}}, kube.namespace))
    wait_until(lambda: kube.list(QUOTAS)[0].get("status", {}).get("hard"), TIMEOUT)
    found = kube.end("true", terms={"pending": 1.0})
    assert (found.cause, "exceeded quota" in (found.message or "")) == ("quota", True)


def test_a_pod_that_the_namespace_refuses(kube: Kube) -> None:
    strict = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    kube.call(kube.client.patch(NAMESPACES, kube.namespace, strict))
    wait_until(lambda: "PodSecurity" in refusal(kube), TIMEOUT)
    found = kube.end("true")
    assert found.cause == "admission-refused"
    assert "PodSecurity" in (found.message or "")
    wait_until(lambda: not kube.list(JOBS), TIMEOUT)


def test_what_the_default_asks_for_is_baseline(kube: Kube) -> None:
    baseline = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
    kube.call(kube.client.patch(NAMESPACES, kube.namespace, baseline))
    found = kube.end('id -u; test ! -e /var/run/secrets; grep -q "Seccomp:.2" /proc/self/status')
    assert (found.exit_code, kube.log()) == (0, b"0\n")


def test_an_admission_policy_of_the_cluster(kube: Kube) -> None:
    """Its own words are the message: those of a ValidatingAdmissionPolicy, as of a webhook."""
    name, mine = f"no-{kube.namespace}", {"kubernetes.io/metadata.name": kube.namespace}
    rules = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]
    asks = {"expression": "false", "message": "pods of team-a carry a cost centre"}
    policy = {"metadata": {"name": name}, "spec": {"matchConstraints": {"resourceRules": rules}, "validations": [asks]}}
    spec = {"policyName": name, "validationActions": ["Deny"]}
    spec["matchResources"] = {"namespaceSelector": {"matchLabels": mine}}
    kube.call(kube.client.create(ADMISSION, policy))
    kube.call(kube.client.create(BINDINGS, {"metadata": {"name": name}, "spec": spec}))
    try:
        wait_until(lambda: "cost centre" in refusal(kube), TIMEOUT)
        found = kube.end("true")
        assert (found.exit_code, found.cause) == (None, "admission-refused")
        assert "pods of team-a carry a cost centre" in (found.message or "")
    finally:
        kube.call(kube.client.delete(BINDINGS, name))
        kube.call(kube.client.delete(ADMISSION, name))


def refusal(kube: Kube) -> str:
    """What the cluster says of a Pod; it is not made."""
    pod = {"metadata": {"name": "try"}, "spec": {"containers": [{"name": "c", "image": "windlass.test/pause:1"}]}}
    try:
        kube.call(kube.client.request("POST", PODS.path(kube.namespace), pod, query={"dryRun": "All"}))
    except KubeError as error:
        return str(error)
    return ""


def test_a_namespace_that_is_not_there(kube: Kube, cluster: Cluster) -> None:
    everything = Place(str(cluster.kubeconfig))  # who has no rights in a namespace is not told that there is none
    found = kube.end("true", terms={"namespace": "nobody-made-it", "place": everything})
    assert (found.cause, "nobody-made-it" in (found.message or "")) == ("start-failed", True)


@pytest.mark.parametrize("kind", ["secret", "configMap"])
def test_a_volume_that_is_not_there(kube: Kube, kind: str) -> None:
    volume = {"name": "v", "mountPath": "/v", kind: "nowhere"}
    found = kube.end("true", pod={"volumes": [volume]})
    assert (found.exit_code, found.cause) == (None, "config-missing")
    assert not [one for one in kube.seen.all if isinstance(one, Started)], "its program never began"
    assert kube.log() == b""
    assert "nowhere" in (found.message or "")


def test_an_init_container_that_crashes(kube: Kube, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an admission webhook of a cluster may add them."""

    def added(job: dict[str, Any], terms: Terms, *more: Any) -> dict[str, Any]:
        first = {"name": "first", "image": "windlass.test/shell:1", "command": ["sh", "-c", "exit 7"]}
        admitted(job, terms, *more)["spec"]["template"]["spec"]["initContainers"] = [first]
        return job

    monkeypatch.setattr(beginning, "admitted", added)
    found = kube.end("true")
    assert (found.exit_code, found.cause) == (None, "init-failed")
    assert "first ended with exit code 7" in (found.message or "")


def test_the_clusters_own_limit_of_time(kube: Kube, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spec, "SPARE", 0)
    launch = running(kube, timeout=8000)
    assert ended(kube, launch).cause == "timeout"


def test_a_pod_that_somebody_deletes(kube: Kube) -> None:
    launch = running(kube)
    kube.call(kube.client.delete(PODS, kube.pod()["metadata"]["name"], kube.namespace, grace=1))
    found = ended(kube, launch)
    assert found.cause == "pod-deleted"
    assert len(kube.pods()) <= 1, "no other takes its place"


def test_a_pod_that_vanishes_leaves_its_lines_and_a_mark(kube: Kube) -> None:
    launch = running(kube)
    wait_until(lambda: kube.log() == b"begun\n", TIMEOUT)
    kube.call(kube.client.delete(PODS, kube.pod()["metadata"]["name"], kube.namespace, grace=0))
    assert ended(kube, launch).cause == "pod-deleted"
    assert kube.log().startswith(b"begun\n")


def test_a_job_that_somebody_deletes_or_suspends(kube: Kube) -> None:
    launch = running(kube)
    kube.call(kube.client.patch(JOBS, object_name(launch.key), {"spec": {"suspend": True}}, kube.namespace))
    assert ended(kube, launch).cause == "pod-deleted"
    assert not [job for job in kube.list(JOBS) if job["spec"].get("suspend")], "resumed, it would run again"
    waits = kube.launch("true", "waits", pod={"nodeSelector": {"disk": "golden"}})
    kube.executors[-1].start([waits])
    wait_until(kube.delays, TIMEOUT)
    kube.call(kube.client.delete(JOBS, object_name(waits.key), kube.namespace))
    assert ended(kube, waits).cause == "pod-deleted"


def test_a_job_that_somebody_edits(kube: Kube) -> None:
    """What can be edited of it changes nothing: one Pod, one end, and no other attempt."""
    launch = kube.launch("echo begun; until [ -e /tmp/go ]; do sleep 0.05; done; exit 5")
    executor = kube.executor()
    executor.start([launch])
    handle = kube.seen.started(launch.key).handle
    edits = {"parallelism": 3, "backoffLimit": 6, "activeDeadlineSeconds": 600}
    meta = {"labels": {"app.kubernetes.io/managed-by": "somebody", "windlass.dev/key": "forged"}}
    kube.call(kube.client.patch(JOBS, object_name(launch.key), {"metadata": meta, "spec": edits}, kube.namespace))
    executor.close(kill=False)
    executor = kube.executor()
    executor.adopt({launch.key: handle})
    assert kube.execute("step", "touch /tmp/go") == 0
    found = ended(kube, launch)
    assert (found.exit_code, found.cause) == (5, None)
    assert kube.log() == b"begun\n"
    executor.close(kill=True)
    nothing_can_start(kube)
    assert len(kube.pods()) <= 1


def test_a_namespace_that_is_deleted_meanwhile(kube: Kube) -> None:
    launch = running(kube)
    kube.call(kube.client.delete(NAMESPACES, kube.namespace))
    assert ended(kube, launch).cause == "pod-deleted"
    later = kube.launch("true", "later")
    kube.executors[-1].start([later])
    assert ended(kube, later).cause in ("admission-refused", "start-failed")


def test_a_pod_with_our_labels_is_nobodys_end(kube: Kube) -> None:
    launch = running(kube)
    forged = {
        "metadata": {
            "name": "forged",
            "labels": {**labels(launch.key), "batch.kubernetes.io/job-name": object_name(launch.key)},
        },
        "spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "step", "image": "windlass.test/shell:1", "command": ["sh", "-c", "exit 9"]}],
        },
    }
    kube.call(kube.client.create(PODS, forged, kube.namespace))
    over = lambda: kube.call(kube.client.get(PODS, "forged", kube.namespace))["status"].get("phase")  # noqa: E731
    wait_until(lambda: over() == "Failed", TIMEOUT)
    real = next(pod for pod in kube.pods() if pod["metadata"]["name"] != "forged")
    kube.call(kube.client.delete(PODS, real["metadata"]["name"], kube.namespace, grace=1))
    assert ended(kube, launch).exit_code != 9


def test_a_name_that_is_taken(kube: Kube) -> None:
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "windlass.test/pause:1"}]}
    taken = {"metadata": {"name": object_name(kube.key())}, "spec": {"suspend": True, "template": {"spec": pod}}}
    kube.call(kube.client.create(JOBS, taken, kube.namespace))
    found = kube.end("true")
    assert (found.exit_code, found.cause) == (None, "name-taken")
    assert kube.job()["spec"]["suspend"] is True, "it is left alone"


def test_a_program_that_is_not_in_the_image(kube: Kube) -> None:
    found = kube.end(None, argv=("no-such-program", "x"))
    assert (found.exit_code, found.cause) == (None, "start-failed")
    assert "no-such-program" in (found.message or "")


def test_a_config_map_that_is_there_can_be_used(kube: Kube) -> None:
    kube.call(kube.client.create(CONFIG_MAPS, {"metadata": {"name": "there"}, "data": {"a": "b"}}, kube.namespace))
    volume = {"name": "v", "mountPath": "/v", "configMap": "there", "readOnly": True}
    assert kube.end("cat /v/a", pod={"volumes": [volume]}).exit_code == 0
    assert kube.log() in (b"b", b"b\n")


def test_a_cluster_that_is_not_there_is_said_while_it_is_tried(kube: Kube, tmp_path: Any) -> None:
    place = Place(str(kubeconfig(tmp_path, "http://127.0.0.1:1")))
    found = kube.end("true", terms={"place": place, "pending": 1.0})
    assert found.cause == "runner-unavailable"
