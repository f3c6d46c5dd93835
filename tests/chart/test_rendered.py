"""What the chart renders is what a real API server takes: kubeconform by the cluster's own schemas, and a dry run."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.chart.cluster_schemas import write_schemas
from tests.chart.helm import WHOLE, rendered, tool

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.cluster.cluster import Cluster

OURS = {**WHOLE, "serviceMonitor": {"enabled": False}}  # its kind belongs to the Prometheus operator


@pytest.mark.parametrize("values", [{}, OURS], ids=["defaults", "whole"])
def test_kubeconform_finds_nothing_wrong(cluster: Cluster, tmp_path: Path, values):
    location = write_schemas(cluster.control_plane, tmp_path)
    text = yaml.safe_dump_all(rendered({**values, "crds": {"install": False}}))
    words = [tool("kubeconform"), "-strict", "-summary", "-schema-location", location, "-"]
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout
    assert "Skipped: 0" in done.stdout
    wrong = text.replace("replicas:", "replica:", 1)
    done = subprocess.run(words, input=wrong, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0, "it can find something wrong"


@pytest.mark.parametrize("values", [{}, OURS], ids=["defaults", "whole"])
def test_the_api_server_takes_everything(cluster: Cluster, namespace: str, values):
    if "tenants" in values:
        values = {**values, "tenants": [{"namespace": namespace}]}
    for one in rendered({**values, "crds": {"install": False}}):
        one["metadata"]["namespace"] = namespace
        words = ("apply", "--dry-run=server", "--validate=strict", "-n", namespace, "-f", "-")
        cluster.control_plane.kubectl(*words, stdin=yaml.safe_dump(one))
