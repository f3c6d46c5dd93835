"""The Pod as the cluster made it, judged once more: webhooks have changed it after it was sent.

In: the name of a Pod that is there, the runner's terms. Out: why it may not go on; None: it may. A webhook is the
cluster's own, but what it adds may have been asked for by a step, with an annotation that it looks for. So what gives
power is judged again (promise R37): privileges, images, volumes, credentials. What only the API server fills in is not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from windlass.executors.kubernetes.engine import IMAGE
from windlass.executors.kubernetes.pods import CONTAINER, ENGINE, HELPER, TOOLS
from windlass.kube.errors import NotFound
from windlass.kube.resources import PODS
from windlass.policies.pod_check import finished_refusals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.executors.kubernetes.pods import Pod
    from windlass.executors.kubernetes.terms import Terms
    from windlass.kube.client import Client
    from windlass.policies.policy import Policy

LINGERS = 600  # seconds that a container which does not end has after the program, should nobody remove it before
_PLACE = re.compile(r"^spec\.(\w+)\[(\d+)\]")


def is_judged(policy: Policy) -> bool:
    """One that allows everything needs no second look, which is a request for each attempt."""
    return policy.pod_security != "privileged" or policy.images is not None or policy.digests


async def refused(client: Client, namespace: str, name: str, attempt: str, terms: Terms) -> str | None:
    """Raises KubeError, when nothing can be said now."""
    try:
        pod = await client.get(PODS, name, namespace)
    except NotFound:
        return None
    found = finished_refusals(pod, terms.policy, (attempt,), _engine(pod, terms), {TOOLS: terms.helper})
    if not found:
        return None
    said = "; ".join(f"{_named(refusal.field, pod)}: {refusal.reason}" for refusal in found)
    return f"a webhook of the cluster changed its Pod: {said} (policy {terms.policy.name})"


def _engine(pod: Mapping[str, Any], terms: Terms) -> dict[str, Any] | None:
    """That of `docker: true`, by the name and the image that nobody but this runner gives."""
    known = {"name": f"{HELPER}{ENGINE}", "image": terms.engine or IMAGE}
    starts: list[dict[str, Any]] = pod["spec"].get("initContainers") or []
    return next((one for one in starts if {key: one.get(key) for key in known} == known), None)


def _named(field: str, pod: Mapping[str, Any]) -> str:
    """With the name of a container instead of its number: people do not count in a Pod that a webhook made."""
    at = _PLACE.match(field)
    if at is None:
        return field
    parts = pod["spec"].get(at[1]) or []
    name = parts[int(at[2])].get("name", at[2]) if int(at[2]) < len(parts) else at[2]
    return f"spec.{at[1]}[{name}]{field[at.end() :]}"


def lingers(pod: Pod) -> bool:
    """The program has ended, and a container beside it, which is not of the step, does not."""
    beside = [one for one in pod.status.container_statuses if one.name != CONTAINER]
    return pod.state.terminated is not None and any(one.state.running is not None for one in beside)
