"""Nodes that only pretend, played by KWOK: thousands of pods cost nothing, and end as the name of their image says.

In: a control plane with `kwok=True` (a `Cluster` has it). Out: nodes with a taint, so that nothing lands there by
chance: `SELECTOR` and `TOLERATIONS` are what a pod needs. `kwok.yaml` says what the images `forever` and `exit-N` mean.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scripts.cluster.control_plane import ControlPlane

SELECTOR = {"type": "kwok"}
TOLERATIONS = [{"key": "kwok.x-k8s.io/node", "operator": "Exists"}]


def add_nodes(plane: ControlPlane, count: int) -> None:
    """`fake-1` to `fake-COUNT`, ready when this returns; those that are there already stay."""
    names = [f"fake-{number}" for number in range(1, count + 1)]
    listed = {"apiVersion": "v1", "kind": "List", "items": [_node(name) for name in names]}
    plane.kubectl("apply", "--filename=-", stdin=json.dumps(listed))
    plane.kubectl("wait", "--for=condition=Ready", "--timeout=120s", *(f"node/{name}" for name in names))


def _node(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0"},
            "labels": {**SELECTOR, "kubernetes.io/hostname": name},
        },
        "spec": {"taints": [{"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"}]},
    }
