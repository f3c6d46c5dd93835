"""What a test left in its namespace of a cluster, looked at before the namespace goes: no value in any object, and no
Secret of an attempt whose Job is gone. Secrets that a test wrote itself are for it to write."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from scripts.cluster.parts import until
from tests import canary

if TYPE_CHECKING:
    from scripts.cluster.control_plane import ControlPlane

PATIENCE = 30.0  # seconds that the garbage collector has
OURS = "windlass.dev/run"  # the label of all that an attempt has
KINDS = (
    *("api/v1/pods", "api/v1/events", "api/v1/configmaps", "api/v1/serviceaccounts", "apis/batch/v1/jobs"),
    *("apis/apps/v1/deployments", "apis/apps/v1/replicasets", "apis/apps/v1/controllerrevisions"),
    *("apis/events.k8s.io/v1/events", "apis/coordination.k8s.io/v1/leases"),
    *(f"apis/windlass.dev/v1/{kind}" for kind in ("workflowruns", "workflows", "workflowrepositories")),
)


def look_at(plane: ControlPlane, namespace: str) -> None:
    for kind in KINDS:
        version, _, plural = kind.rpartition("/")
        answer = _answer(plane, f"/{version}/namespaces/{namespace}/{plural}")
        canary.seen(answer or b"", f"{plural} of a namespace")
    if not until(lambda: not _left(plane, namespace), PATIENCE):
        canary.tell(f"the Secret {name} is there and its Job is not" for name in _left(plane, namespace))


def _left(plane: ControlPlane, namespace: str) -> list[str]:
    """Secrets of attempts that have no Job any more."""
    secrets = [one for one in _items(plane, f"/api/v1/namespaces/{namespace}/secrets") if OURS in _labels(one)]
    jobs = {one["metadata"]["uid"] for one in _items(plane, f"/apis/batch/v1/namespaces/{namespace}/jobs")}
    return [
        one["metadata"]["name"]
        for one in secrets
        if not jobs.intersection(owner["uid"] for owner in one["metadata"].get("ownerReferences", ()))
    ]


def _labels(found: dict[str, Any]) -> dict[str, str]:
    return found["metadata"].get("labels") or {}


def _items(plane: ControlPlane, path: str) -> list[dict[str, Any]]:
    answer = _answer(plane, path)
    found: list[dict[str, Any]] = json.loads(answer)["items"] if answer else []
    return found


def _answer(plane: ControlPlane, path: str) -> bytes | None:
    """None: there is no such kind, or the cluster is not there any more."""
    try:
        return plane.ask("GET", path)
    except OSError:
        return None
