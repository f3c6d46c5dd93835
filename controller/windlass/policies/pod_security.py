"""The Pod Security Standards, `baseline` and `restricted`, over a finished pod. Pure.

In: a pod as the API takes it, the level, and what a policy allows beyond it. Out: refusals, each with the field's
path. Source: kubernetes.io, "Pod Security Standards", as the admission plugin of Kubernetes 1.34 applies them; a test
compares the two over a table of pods. It is checked here and not only by the cluster because a namespace may carry no
label, and because this message can name the policy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.policies.parts_of_pod import containers, contexts, volumes
from windlass.policies.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from windlass.policies.policy import Policy

CAPABILITIES = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
SYSCTLS = frozenset(
    [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
    ]
)
SELINUX_TYPES = frozenset(("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"))
RESTRICTED_VOLUMES = frozenset(
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
        "image",
    ]
)
SET_PROFILES = ("RuntimeDefault", "Localhost")
_HANDLERS = ("livenessProbe", "readinessProbe", "startupProbe")


def refusals(pod: Mapping[str, Any], policy: Policy) -> Iterator[Refusal]:
    """What the level of the policy forbids, but for what the policy itself allows beyond it."""
    level = policy.pod_security
    if level == "privileged":
        return
    spec = pod.get("spec") or {}
    yield from _hosts(spec, policy)
    yield from _contexts(spec, policy)
    yield from _host_paths(spec, policy)
    yield from _annotations(pod)
    for path, container in containers(spec):
        yield from _container(path, container, policy)
    if level == "restricted":
        for rule in _RESTRICTED:
            yield from rule(spec)


def _hosts(spec: Mapping[str, Any], policy: Policy) -> Iterator[Refusal]:
    if spec.get("hostNetwork") and policy.network != "host":
        yield Refusal("spec.hostNetwork", "the node's network is not allowed")
    for field in ("hostPID", "hostIPC"):
        if spec.get(field):
            yield Refusal(f"spec.{field}", "the node's namespaces are not allowed")


def _contexts(spec: Mapping[str, Any], policy: Policy) -> Iterator[Refusal]:
    for path, context in contexts(spec):
        if (context.get("windowsOptions") or {}).get("hostProcess"):
            yield Refusal(f"{path}.windowsOptions.hostProcess", "processes of the host are not allowed")
        if (context.get("seccompProfile") or {}).get("type") == "Unconfined":
            yield Refusal(f"{path}.seccompProfile.type", "a container without seccomp is not allowed")
        if (context.get("appArmorProfile") or {}).get("type") == "Unconfined":
            yield Refusal(f"{path}.appArmorProfile.type", "a container without AppArmor is not allowed")
        yield from _selinux(path, context.get("seLinuxOptions") or {})
        for index, sysctl in enumerate(context.get("sysctls") or ()):
            if sysctl.get("name") not in SYSCTLS:
                yield Refusal(f"{path}.sysctls[{index}]", f"the sysctl {sysctl.get('name')} is not allowed")


def _selinux(path: str, options: Mapping[str, Any]) -> Iterator[Refusal]:
    if options.get("type", "") not in SELINUX_TYPES:
        yield Refusal(f"{path}.seLinuxOptions.type", "only SELinux types of containers are allowed")
    for field in ("user", "role"):
        if options.get(field):
            yield Refusal(f"{path}.seLinuxOptions.{field}", "another SELinux user or role is not allowed")


def _host_paths(spec: Mapping[str, Any], policy: Policy) -> Iterator[Refusal]:
    for path, kind, volume in volumes(spec):
        if kind == "hostPath" and not policy.host_paths:
            yield Refusal(path, f"folders of the node ({volume.get('path')}) are not allowed")


def _annotations(pod: Mapping[str, Any]) -> Iterator[Refusal]:
    for key, value in ((pod.get("metadata") or {}).get("annotations") or {}).items():
        if key.startswith("container.apparmor.security.beta.kubernetes.io/") and value == "unconfined":
            yield Refusal(f"metadata.annotations[{key}]", "a container without AppArmor is not allowed")


def _container(path: str, container: Mapping[str, Any], policy: Policy) -> Iterator[Refusal]:
    context = container.get("securityContext") or {}
    if context.get("privileged") and not policy.privileged:
        yield Refusal(f"{path}.securityContext.privileged", "privileged containers are not allowed")
    for capability in (context.get("capabilities") or {}).get("add") or ():
        if capability not in CAPABILITIES:
            yield Refusal(f"{path}.securityContext.capabilities.add", f"the capability {capability} is not allowed")
    if context.get("procMount", "Default") != "Default":
        yield Refusal(f"{path}.securityContext.procMount", "only the default /proc is allowed")
    for index, port in enumerate(container.get("ports") or ()):
        if port.get("hostPort") and policy.network != "host":
            yield Refusal(f"{path}.ports[{index}].hostPort", "ports of the node are not allowed")
    yield from _probed_hosts(path, container)


def _probed_hosts(path: str, container: Mapping[str, Any]) -> Iterator[Refusal]:
    handlers = {name: container.get(name) or {} for name in _HANDLERS}
    handlers |= {f"lifecycle.{name}": handler or {} for name, handler in (container.get("lifecycle") or {}).items()}
    for name, handler in handlers.items():
        for action in ("httpGet", "tcpSocket"):
            if (handler.get(action) or {}).get("host"):
                yield Refusal(f"{path}.{name}.{action}.host", "probes of other hosts are not allowed")


def _only_volumes(spec: Mapping[str, Any]) -> Iterator[Refusal]:
    for path, kind, _ in volumes(spec):
        if kind not in RESTRICTED_VOLUMES:
            yield Refusal(path, f"volumes of kind {kind} are not allowed")


def _no_escalation(spec: Mapping[str, Any]) -> Iterator[Refusal]:
    for path, container in containers(spec):
        if (container.get("securityContext") or {}).get("allowPrivilegeEscalation") is not False:
            yield Refusal(f"{path}.securityContext.allowPrivilegeEscalation", "it must be false")


def _not_root(spec: Mapping[str, Any]) -> Iterator[Refusal]:
    everywhere = (spec.get("securityContext") or {}).get("runAsNonRoot")
    for path, container in containers(spec):
        if (container.get("securityContext") or {}).get("runAsNonRoot", everywhere) is not True:
            yield Refusal(f"{path}.securityContext.runAsNonRoot", "it must be true, here or for the pod")
    for path, context in contexts(spec):
        if context.get("runAsUser") == 0:
            yield Refusal(f"{path}.runAsUser", "root (0) is not allowed")


def _seccomp(spec: Mapping[str, Any]) -> Iterator[Refusal]:
    everywhere = (spec.get("securityContext") or {}).get("seccompProfile")
    for path, container in containers(spec):
        profile = (container.get("securityContext") or {}).get("seccompProfile") or everywhere or {}
        if profile.get("type") not in SET_PROFILES:
            yield Refusal(f"{path}.securityContext.seccompProfile.type", "it must be RuntimeDefault or Localhost")


def _drops(spec: Mapping[str, Any]) -> Iterator[Refusal]:
    for path, container in containers(spec):
        capabilities = (container.get("securityContext") or {}).get("capabilities") or {}
        if "ALL" not in (capabilities.get("drop") or ()):
            yield Refusal(f"{path}.securityContext.capabilities.drop", "it must hold ALL")
        for capability in capabilities.get("add") or ():
            if capability != "NET_BIND_SERVICE" and capability in CAPABILITIES:
                yield Refusal(f"{path}.securityContext.capabilities.add", f"the capability {capability} is not allowed")


_RESTRICTED: tuple[Callable[[Mapping[str, Any]], Iterator[Refusal]], ...] = (
    _only_volumes,
    _no_escalation,
    _not_root,
    _seccomp,
    _drops,
)
