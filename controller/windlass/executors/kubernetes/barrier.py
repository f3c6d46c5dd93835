"""A Job that runs nothing, in the place of one that was recorded and never made.

In: the key of an attempt that is answered as never started. Out: a Job of its name that is complete without a Pod. A
controller that led before may have stood still right before its request, or the API server in the middle of it: what
comes late finds the name taken, so nothing starts any more that was given up (promises R2, R10). The cluster removes it
after an hour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.executors.kubernetes.naming import PREFIX, labels, notes, object_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.runs.model import AttemptKey

BARRED = f"{PREFIX}/barred"
KEPT = 3600  # seconds


def barrier(key: AttemptKey, namespace: str) -> dict[str, Any]:
    """Its Pod is never made; it is as harmless as it can be for those who judge Jobs by their template."""
    limits = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {"name": "none", "image": "windlass.dev/none", "command": ["false"], "securityContext": limits}
    pod = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": object_name(key),
            "namespace": namespace,
            "labels": labels(key) | {BARRED: "true"},
            "annotations": notes(key) | {BARRED: "it was recorded, never made, and given up"},
        },
        "spec": {
            "completions": 0,
            "parallelism": 0,
            "backoffLimit": 0,
            "ttlSecondsAfterFinished": KEPT,
            "template": {"spec": pod},
        },
    }


def is_barrier(job: Mapping[str, Any]) -> bool:
    """Not by the annotation alone, which may be edited: a Job for no Pod at all was made as such."""
    marked = BARRED in ((job.get("metadata") or {}).get("annotations") or {})
    return marked and (job.get("spec") or {}).get("completions") == 0
