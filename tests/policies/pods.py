"""Pods for the comparison with the cluster's own Pod Security: one that meets `restricted`, and each change of it."""

from __future__ import annotations

import copy
from typing import Any

STRICT: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "pod"},
    "spec": {
        "restartPolicy": "Never",
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "step",
                "image": "shell",
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            }
        ],
        "volumes": [{"name": "a", "emptyDir": {}}],
    },
}
POD, STEP, MOUNTED = "spec", "spec.containers.0", "spec.volumes.0"
CONTEXT, OWN = "spec.securityContext", "spec.containers.0.securityContext"
LESS = {"add": ["CHOWN"], "drop": ["ALL"]}
MORE = {"add": ["NET_ADMIN"], "drop": ["ALL"]}

CHANGES: list[tuple[str, Any]] = [
    (f"{POD}.hostNetwork", True),
    (f"{POD}.hostPID", True),
    (f"{POD}.hostIPC", True),
    (f"{OWN}.privileged", True),
    (f"{OWN}.allowPrivilegeEscalation", True),
    (f"{OWN}.allowPrivilegeEscalation", None),
    (f"{OWN}.capabilities", LESS),
    (f"{OWN}.capabilities", MORE),
    (f"{OWN}.capabilities", {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}),
    (f"{OWN}.capabilities", {"drop": ["NET_RAW"]}),
    (f"{OWN}.capabilities", None),
    (f"{OWN}.procMount", "Default"),
    (f"{OWN}.runAsUser", 0),
    (f"{OWN}.runAsUser", 1000),
    (f"{OWN}.runAsNonRoot", False),
    (f"{OWN}.runAsNonRoot", True),
    (f"{OWN}.seccompProfile", {"type": "Unconfined"}),
    (f"{OWN}.seccompProfile", {"type": "Localhost", "localhostProfile": "x"}),
    (f"{OWN}.seLinuxOptions", {"type": "spc_t"}),
    (f"{OWN}.seLinuxOptions", {"type": "container_t"}),
    (f"{OWN}.seLinuxOptions", {"level": "s0:c1"}),
    (f"{OWN}.appArmorProfile", {"type": "Unconfined"}),
    (f"{OWN}.appArmorProfile", {"type": "RuntimeDefault"}),
    (f"{CONTEXT}.runAsUser", 0),
    (f"{CONTEXT}.runAsNonRoot", None),
    (f"{CONTEXT}.seccompProfile", None),
    (f"{CONTEXT}.seccompProfile", {"type": "Unconfined"}),
    (f"{CONTEXT}.seLinuxOptions", {"user": "root"}),
    (f"{CONTEXT}.seLinuxOptions", {"role": "sysadm_r"}),
    (f"{CONTEXT}.sysctls", [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]),
    (f"{CONTEXT}.sysctls", [{"name": "kernel.msgmax", "value": "1"}]),
    (f"{CONTEXT}.sysctls", [{"name": "net.ipv4.tcp_rmem", "value": "1"}]),
    (f"{CONTEXT}.fsGroup", 0),
    (f"{STEP}.ports", [{"containerPort": 80}]),
    (f"{STEP}.ports", [{"containerPort": 80, "hostPort": 80}]),
    (f"{STEP}.livenessProbe", {"httpGet": {"port": 80, "host": "127.0.0.1"}}),
    (f"{STEP}.readinessProbe", {"tcpSocket": {"port": 80}}),
    (f"{STEP}.lifecycle", {"preStop": {"httpGet": {"port": 80, "host": "example.com"}}}),
    (f"{MOUNTED}.hostPath", {"path": "/etc"}),
    (f"{MOUNTED}.secret", {"secretName": "a"}),
    (f"{MOUNTED}.configMap", {"name": "a"}),
    (f"{MOUNTED}.persistentVolumeClaim", {"claimName": "a"}),
    (f"{MOUNTED}.nfs", {"server": "a", "path": "/"}),
    (f"{MOUNTED}.csi", {"driver": "a"}),
    (f"{MOUNTED}.projected", {"sources": []}),
    (f"{MOUNTED}.iscsi", {"targetPortal": "a", "iqn": "iqn.2020-01.a:b", "lun": 0}),
]


def changed(path: str, value: Any, base: dict[str, Any] = STRICT) -> dict[str, Any]:
    """`None` takes a field away; a volume has one kind only."""
    pod = copy.deepcopy(base)
    at: Any = pod
    *way, last = (int(step) if step.isdigit() else step for step in path.split("."))
    for step in way:
        at = at.setdefault(step, {}) if isinstance(at, dict) else at[step]
    if path.startswith(MOUNTED):
        at.pop("emptyDir")
    at[last] = value
    if value is None:
        del at[last]
    return pod


def ordinary() -> dict[str, Any]:
    """What a pod of somebody who sets nothing looks like."""
    pod = copy.deepcopy(STRICT)
    del pod["spec"]["securityContext"]
    del pod["spec"]["containers"][0]["securityContext"]
    return pod


def init(path: str, value: Any) -> dict[str, Any]:
    """The same change of an init container."""
    pod = changed(path, value)
    pod["spec"]["initContainers"] = [pod["spec"]["containers"][0] | {"name": "init"}]
    pod["spec"]["containers"] = copy.deepcopy(STRICT["spec"]["containers"])
    pod["spec"]["initContainers"][0].pop("livenessProbe", None)
    pod["spec"]["initContainers"][0].pop("readinessProbe", None)
    pod["spec"]["initContainers"][0].pop("lifecycle", None)
    return pod


PODS = [STRICT, ordinary(), *(changed(*change) for change in CHANGES)]
PODS += [init(*change) for change in CHANGES if change[0].startswith(OWN)]
