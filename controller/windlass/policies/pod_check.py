"""The last word on a pod: everything in it that its tenant's policy refuses (R37). Pure.

In: the pod exactly as it is sent to the API, and the policy. Out: refusals; none: it may be created. What is no field
of a pod that this version knows how to judge is refused by name, so that a new way to write a pod is closed until
somebody opens it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from windlass.patterns import matches
from windlass.policies import pod_security
from windlass.policies.images import allowed, full_name
from windlass.policies.parts_of_pod import containers, volumes
from windlass.policies.policy import NETWORK_LABEL
from windlass.policies.quantity import amount
from windlass.policies.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from windlass.policies.policy import Policy, Tolerated

JUDGED = frozenset(
    [
        "activeDeadlineSeconds",
        "automountServiceAccountToken",
        "containers",
        "enableServiceLinks",
        "hostAliases",
        "hostIPC",
        "hostNetwork",
        "hostPID",
        "imagePullSecrets",
        "initContainers",
        "nodeSelector",
        "priorityClassName",
        "restartPolicy",
        "runtimeClassName",
        "securityContext",
        "serviceAccountName",
        "shareProcessNamespace",
        "terminationGracePeriodSeconds",
        "tolerations",
        "volumes",
    ]
)
"""Fields of a pod spec that the house writes; each is judged below, by Pod Security, or harmless."""
OPEN_VOLUMES = frozenset(("emptyDir", "downwardAPI"))
NONE: Mapping[str, str] = MappingProxyType({})
OWN_MARK = "windlass.dev/attempt"  # label of every pod, Secret and ConfigMap of an attempt


def refusals(
    pod: Mapping[str, Any],
    policy: Policy,
    own: Sequence[str] = (),
    engine: Mapping[str, Any] | None = None,
    ours: Mapping[str, str] = NONE,
) -> list[Refusal]:
    """Everything that is refused, in the order of the pod. `own`: names of Secrets and ConfigMaps that were made for
    this attempt, which it may mount. `engine`: the container of `docker: true`, which the policy's `docker` allows to
    be privileged and of the runner's image, if it is the very same. `ours`: images of the operator's choice, by the
    container that may have them."""
    spec = pod.get("spec") or {}
    found = [*_unknown(spec, policy), *pod_security.refusals(pod, policy)]
    found += [*_images(spec, policy, ours), *_resources(spec, policy), *_names(spec, policy), *_placing(spec, policy)]
    found += [*_volumes(spec, policy, own), *_credentials(spec, policy, own), *_network(pod, policy)]
    return [one for one in found if one.field not in _of_engine(spec, policy, engine)]


def finished_refusals(
    pod: Mapping[str, Any],
    policy: Policy,
    own: Sequence[str] = (),
    engine: Mapping[str, Any] | None = None,
    ours: Mapping[str, str] = NONE,
) -> list[Refusal]:
    """Of a Pod as the cluster has it, after its webhooks: everything that gives power and is refused. Arguments as
    above. Containers that the policy's `injected` names are the cluster's own, as are volumes that only they mount."""
    spec = dict(pod.get("spec") or {})
    theirs = {path for path, one in containers(spec) if _is_injected(one, policy)}
    mounted = {
        mount.get("name")
        for path, one in containers(spec)
        if path not in theirs
        for mount in one.get("volumeMounts") or ()
    }
    spec["volumes"] = [
        one if one.get("name") in mounted else {"name": one.get("name")} for one in spec.get("volumes") or ()
    ]
    judged = {**pod, "spec": spec}
    found = [*pod_security.refusals(judged, policy), *_images(spec, policy, ours)]
    found += [*_accounts(spec, policy), *_volumes(spec, policy, own), *_credentials(spec, policy, own)]
    left = [one for one in found if one.field not in _of_engine(spec, policy, engine)]
    return [one for one in left if not any(one.field.startswith(f"{path}.") for path in theirs)]


def _is_injected(container: Mapping[str, Any], policy: Policy) -> bool:
    return any(matches(pattern, str(container.get("name"))) for pattern in policy.injected)


def _of_engine(spec: Mapping[str, Any], policy: Policy, engine: Mapping[str, Any] | None) -> Sequence[str]:
    """Fields that are not the step's to say."""
    if engine is None or not policy.docker or policy.pod_security == "restricted":
        return ()
    path = next((path for path, container in containers(spec) if container == engine), None)
    return (f"{path}.securityContext.privileged", f"{path}.image") if path is not None else ()


def _unknown(spec: Mapping[str, Any], policy: Policy) -> Iterator[Refusal]:
    if policy.pod_security != "privileged":
        yield from (Refusal(f"spec.{key}", "this field is not allowed") for key in sorted(spec.keys() - JUDGED))
        if spec.get("automountServiceAccountToken") is not False:
            yield Refusal("spec.automountServiceAccountToken", "it must be false")


def _images(spec: Mapping[str, Any], policy: Policy, ours: Mapping[str, str]) -> Iterator[Refusal]:
    for path, container in containers(spec):
        image = str(container.get("image") or "")
        if ours.get(str(container.get("name"))) == image:
            continue
        if policy.images is not None and not allowed(policy.images, image):
            yield Refusal(f"{path}.image", f"{image} is none of the allowed images: {', '.join(policy.images)}")
        if policy.digests and not full_name(image).digest:
            yield Refusal(f"{path}.image", f"{image} is not pinned by digest (NAME@sha256:…)")


def _resources(spec: Mapping[str, Any], policy: Policy) -> Iterator[Refusal]:
    for path, container in containers(spec):
        written = container.get("resources") or {}
        for kind in ("requests", "limits"):
            for name, quantity in (written.get(kind) or {}).items():
                yield from _bounded(f"{path}.resources.{kind}[{name}]", name, quantity, policy)
        if policy.limits_required:
            for name in sorted(policy.limits.keys() - (written.get("limits") or {}).keys()):
                yield Refusal(f"{path}.resources.limits[{name}]", "a limit is required")


def _bounded(path: str, name: str, quantity: Any, policy: Policy) -> Iterator[Refusal]:
    try:
        asked = amount(quantity)
    except ValueError as error:
        yield Refusal(path, str(error))
        return
    most = policy.limits.get(name)
    if most is not None and asked > most:
        yield Refusal(path, f"{quantity} is more than the policy's limit")


def _accounts(spec: Mapping[str, Any], policy: Policy) -> Iterator[Refusal]:
    account = spec.get("serviceAccountName") or "default"
    yield from _one_of("spec.serviceAccountName", account, policy.service_accounts, "service accounts")


def _names(spec: Mapping[str, Any], policy: Policy) -> Iterator[Refusal]:
    yield from _accounts(spec, policy)
    if (runtime := spec.get("runtimeClassName")) is not None:
        yield from _one_of("spec.runtimeClassName", runtime, policy.runtime_classes, "runtime classes")
    if (priority := spec.get("priorityClassName")) is not None:
        yield from _one_of("spec.priorityClassName", priority, policy.priority_classes, "priority classes")


def _one_of(path: str, name: str, names: Sequence[str] | None, what: str) -> Iterator[Refusal]:
    if names is not None and not any(matches(pattern, name) for pattern in names):
        yield Refusal(path, f"{name} is none of the allowed {what}: {', '.join(names) or 'there are none'}")


def _placing(spec: Mapping[str, Any], policy: Policy) -> Iterator[Refusal]:
    for key, value in (spec.get("nodeSelector") or {}).items():
        if policy.node_selectors is None:
            continue
        values = policy.node_selectors.get(key)
        if values is None or not any(matches(pattern, value) for pattern in values):
            yield Refusal(f"spec.nodeSelector[{key}]", f"{key}={value} is not allowed")
    for index, toleration in enumerate(spec.get("tolerations") or ()):
        if policy.tolerations is not None and not any(_tolerates(one, toleration) for one in policy.tolerations):
            yield Refusal(f"spec.tolerations[{index}]", f"{_shown(toleration)} is not allowed")


def _tolerates(allowance: Tolerated, toleration: Mapping[str, Any]) -> bool:
    if toleration.get("key") != allowance.key:
        return False
    if allowance.value is not None and (toleration.get("operator"), toleration.get("value")) not in (
        ("Equal", allowance.value),
        (None, allowance.value),
    ):
        return False
    return allowance.effect is None or toleration.get("effect") == allowance.effect


def _shown(toleration: Mapping[str, Any]) -> str:
    return f"the taint {toleration.get('key') or '(every)'}{':' if toleration.get('effect') else ''}" + str(
        toleration.get("effect") or ""
    )


def _volumes(spec: Mapping[str, Any], policy: Policy, own: Sequence[str]) -> Iterator[Refusal]:
    if policy.pod_security == "privileged" and policy.secrets is None and not policy.host_paths:
        return
    for path, kind, volume in volumes(spec):
        if kind == "hostPath":
            if policy.host_paths and not _below(str(volume.get("path")), policy.host_paths):
                yield Refusal(path, f"{volume.get('path')} is below none of {', '.join(policy.host_paths)}")
        elif kind == "persistentVolumeClaim":
            yield from _one_of(path, str(volume.get("claimName")), policy.claims, "volume claims")
        elif kind in ("secret", "configMap"):
            name = str(volume.get("secretName") if kind == "secret" else volume.get("name"))
            if name not in own:
                names = policy.secrets if kind == "secret" else policy.config_maps
                yield from _one_of(path, name, names, "secrets" if kind == "secret" else "config maps")
        elif kind not in OPEN_VOLUMES and policy.pod_security != "privileged":
            yield Refusal(path, f"volumes of kind {kind} are not allowed")


def _below(path: str, folders: Sequence[str]) -> bool:
    clean = posixpath.normpath("/" + path.lstrip("/"))
    return ".." not in path.split("/") and any(
        clean == folder.rstrip("/") or clean.startswith(folder.rstrip("/") + "/") for folder in folders
    )


def _credentials(spec: Mapping[str, Any], policy: Policy, own: Sequence[str]) -> Iterator[Refusal]:
    """A Secret or ConfigMap that becomes an environment variable is mounted by another name."""
    for path, container in containers(spec):
        for index, variable in enumerate(container.get("env") or ()):
            source = variable.get("valueFrom") or {}
            if reference := source.get("secretKeyRef"):
                yield from _reference(f"{path}.env[{index}]", reference, policy.secrets, "secrets", own)
            if reference := source.get("configMapKeyRef"):
                yield from _reference(f"{path}.env[{index}]", reference, policy.config_maps, "config maps", own)
        for index, whole in enumerate(container.get("envFrom") or ()):
            if reference := whole.get("secretRef"):
                yield from _reference(f"{path}.envFrom[{index}]", reference, policy.secrets, "secrets", own)
            if reference := whole.get("configMapRef"):
                yield from _reference(f"{path}.envFrom[{index}]", reference, policy.config_maps, "config maps", own)


def _reference(
    path: str, reference: Mapping[str, Any], names: Sequence[str] | None, what: str, own: Sequence[str]
) -> Iterator[Refusal]:
    name = str(reference.get("name"))
    if name not in own:
        yield from _one_of(path, name, names, what)


def _network(pod: Mapping[str, Any], policy: Policy) -> Iterator[Refusal]:
    label = ((pod.get("metadata") or {}).get("labels") or {}).get(NETWORK_LABEL)
    if policy.network == "none" and label != "none":
        yield Refusal(f"metadata.labels[{NETWORK_LABEL}]", "it must be none: the policy gives no network")
