"""Our Pod Security and the cluster's own admission say the same of a table of pods."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from scripts.cluster.control_plane import kubectl
from tests.policies.pods import PODS

from windlass.policies import pod_security
from windlass.policies.policy import SAFE

if TYPE_CHECKING:
    from scripts.cluster.cluster import Cluster


@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_what_the_cluster_refuses_is_refused_and_nothing_else(cluster: Cluster, namespace: str, level: str):
    plane = cluster.control_plane
    plane.kubectl("label", "namespace", namespace, f"pod-security.kubernetes.io/enforce={level}")
    named = [{**pod, "metadata": {"name": f"pod-{number}"}} for number, pod in enumerate(PODS)]
    items = json.dumps({"apiVersion": "v1", "kind": "List", "items": named})
    words = ("--kubeconfig", plane.kubeconfig, "-n", namespace, "create", "--dry-run=server", "-o", "name", "-f", "-")
    # It fails, since some are refused, and names those that are not
    done = subprocess.run([kubectl(), *words], check=False, input=items, capture_output=True, text=True, timeout=60)
    theirs = {int(line.rpartition("-")[2]) for line in done.stdout.split() if line.startswith("pod/")}
    policy = replace(SAFE, pod_security=level)
    ours = {number for number, pod in enumerate(PODS) if not list(pod_security.refusals(pod, policy))}
    assert 0 < len(theirs) < len(PODS)
    assert ours == theirs
