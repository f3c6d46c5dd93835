"""The last word on a pod: each field that a step could reach for, under a policy that forbids and one that allows."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from windlass.policies.pod_check import refusals
from windlass.policies.policy import OWN, SAFE, Policy, Tolerated, policy_of
from windlass.policies.quantity import amount

HARDENED = {"allowPrivilegeEscalation": False}
POD: dict[str, Any] = {
    "metadata": {"labels": {"windlass.dev/attempt": "a"}},
    "spec": {
        "automountServiceAccountToken": False,
        "restartPolicy": "Never",
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "step", "image": "python:3.13", "securityContext": HARDENED}],
        "volumes": [{"name": "files", "emptyDir": {}}, {"name": "own", "secret": {"secretName": "attempt-1"}}],
    },
}


def changed(path: str, value: Any) -> dict[str, Any]:
    pod = copy.deepcopy(POD)
    at: Any = pod
    *way, last = (int(step) if step.isdigit() else step for step in path.split("."))
    for step in way:
        at = at.setdefault(step, {}) if isinstance(step, str) and isinstance(at, dict) else at[step]
    if isinstance(at, list) and last == len(at):
        at.append(value)
    else:
        at[last] = value
    return pod


def fields(pod: dict[str, Any], policy: Policy = SAFE) -> list[str]:
    return [refusal.field for refusal in refusals(pod, policy, own=("attempt-1",))]


def test_an_ordinary_pod_is_allowed():
    assert fields(POD) == []
    assert fields(POD, OWN) == []


def volume(**kind: Any) -> dict[str, Any]:
    return {"name": "more", **kind}


REFUSED: list[tuple[str, Any, str, Policy]] = [
    ("spec.hostNetwork", True, "spec.hostNetwork", replace(SAFE, network="host")),
    ("spec.hostPID", True, "spec.hostPID", OWN),
    ("spec.nodeName", "node-1", "spec.nodeName", OWN),
    ("spec.schedulerName", "mine", "spec.schedulerName", OWN),
    ("spec.automountServiceAccountToken", True, "spec.automountServiceAccountToken", OWN),
    ("spec.serviceAccountName", "admin", "spec.serviceAccountName", replace(SAFE, service_accounts=("adm*",))),
    ("spec.runtimeClassName", "kata", "spec.runtimeClassName", replace(SAFE, runtime_classes=("kata",))),
    ("spec.priorityClassName", "high", "spec.priorityClassName", replace(SAFE, priority_classes=None)),
    (
        "spec.containers.0.securityContext.privileged",
        True,
        "spec.containers[0].securityContext.privileged",
        replace(SAFE, privileged=True),
    ),
    (
        "spec.containers.0.securityContext.capabilities",
        {"add": ["SYS_ADMIN"]},
        "spec.containers[0].securityContext.capabilities.add",
        OWN,
    ),
    ("spec.containers.0.ports", [{"hostPort": 80}], "spec.containers[0].ports[0].hostPort", OWN),
    (
        "spec.volumes.2",
        volume(hostPath={"path": "/var/lib/models/a"}),
        "spec.volumes[2].hostPath",
        replace(SAFE, host_paths=("/var/lib/models",)),
    ),
    (
        "spec.volumes.2",
        volume(secret={"secretName": "database"}),
        "spec.volumes[2].secret",
        replace(SAFE, secrets=("data*",)),
    ),
    ("spec.volumes.2", volume(projected={"sources": []}), "spec.volumes[2].projected", OWN),
    ("spec.volumes.2", volume(csi={"driver": "d"}), "spec.volumes[2].csi", OWN),
    (
        "spec.containers.0.envFrom",
        [{"secretRef": {"name": "database"}}],
        "spec.containers[0].envFrom[0]",
        replace(SAFE, secrets=("database",)),
    ),
    (
        "spec.containers.0.env",
        [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "database", "key": "a"}}}],
        "spec.containers[0].env[0]",
        replace(SAFE, secrets=None),
    ),
    (
        "spec.tolerations",
        [{"key": "batch", "operator": "Exists"}],
        "spec.tolerations[0]",
        replace(SAFE, tolerations=(Tolerated("batch"),)),
    ),
    (
        "spec.initContainers",
        [{"name": "i", "image": "a", "securityContext": {"privileged": True}}],
        "spec.initContainers[0].securityContext.privileged",
        OWN,
    ),
]


@pytest.mark.parametrize(("path", "value", "field", "allowing"), REFUSED)
def test_a_field_is_refused_by_name_and_allowed_by_a_policy_that_says_so(path, value, field, allowing):
    pod = changed(path, value)
    assert fields(pod) == [field]
    assert fields(pod, allowing) == []


@pytest.mark.parametrize(
    ("path", "value", "policy", "field"),
    [
        (
            "spec.nodeSelector",
            {"pool": "gpu"},
            replace(SAFE, node_selectors={"pool": ("ci",)}),
            "spec.nodeSelector[pool]",
        ),
        ("spec.nodeSelector", {"disk": "ssd"}, replace(SAFE, node_selectors={}), "spec.nodeSelector[disk]"),
        (
            "spec.containers.0.resources",
            {"limits": {"memory": "9Gi"}},
            replace(SAFE, limits={"memory": amount("8Gi")}),
            "spec.containers[0].resources.limits[memory]",
        ),
        (
            "spec.containers.0.resources",
            {"requests": {"cpu": "nonsense"}},
            SAFE,
            "spec.containers[0].resources.requests[cpu]",
        ),
        (
            "spec.containers.0.resources",
            {},
            replace(SAFE, limits={"cpu": amount(4)}, limits_required=True),
            "spec.containers[0].resources.limits[cpu]",
        ),
        (
            "spec.containers.0.image",
            "python",
            replace(SAFE, images=("registry.example.com/**",)),
            "spec.containers[0].image",
        ),
        ("spec.containers.0.image", "python:3.13", replace(SAFE, digests=True), "spec.containers[0].image"),
        (
            "spec.volumes.2",
            volume(hostPath={"path": "/var/lib/models/../../etc"}),
            replace(SAFE, host_paths=("/var/lib/models",)),
            "spec.volumes[2].hostPath",
        ),
        (
            "spec.volumes.2",
            volume(persistentVolumeClaim={"claimName": "other"}),
            replace(SAFE, claims=("mine",)),
            "spec.volumes[2].persistentVolumeClaim",
        ),
        (
            "spec.volumes.2",
            volume(configMap={"name": "other"}),
            replace(SAFE, config_maps=()),
            "spec.volumes[2].configMap",
        ),
        ("spec.hostIPC", False, replace(SAFE, network="none"), "metadata.labels[windlass.dev/network]"),
    ],
)
def test_what_a_policy_narrows_is_refused_by_name(path, value, policy, field):
    assert field in fields(changed(path, value), policy)
    assert fields(changed(path, value), OWN) == [] or value in ({"requests": {"cpu": "nonsense"}},)


def test_a_toleration_of_every_taint_is_none_of_the_allowed():
    pod = changed("spec.tolerations", [{"operator": "Exists"}])
    assert fields(pod, replace(SAFE, tolerations=(Tolerated("batch"),))) == ["spec.tolerations[0]"]


def test_the_first_policy_that_names_the_tenant_holds_and_else_the_safe_one():
    shop, rest = Policy("shop", tenants=("shop-*",)), Policy("rest", tenants=("team",))
    assert policy_of("shop-eu", (shop, rest)) is shop
    assert policy_of("team", (shop, rest)) is rest
    assert policy_of("nobody", (shop, rest)) is SAFE
