"""What a policy adds to a pod where its author said nothing: the marks and restrictions that it demands. Pure.

In: a pod as the API takes it, and the policy. Out: the pod, changed in place. What somebody wrote is never overruled:
`pod_check` refuses it by name instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.policies.policy import NETWORK_LABEL

if TYPE_CHECKING:
    from windlass.policies.policy import Policy


def complete(pod: dict[str, Any], policy: Policy) -> None:
    if policy.network == "none":
        pod["metadata"].setdefault("labels", {})[NETWORK_LABEL] = "none"
    if policy.pod_security == "restricted":
        spec = pod["spec"]
        spec.setdefault("securityContext", {}).setdefault("runAsNonRoot", True)
        for kind in ("initContainers", "containers"):
            for container in spec.get(kind) or ():
                container.setdefault("securityContext", {}).setdefault("capabilities", {"drop": ["ALL"]})
