"""The Pod that docs/runners.md asks for: it runs as the page shows it, and each field of it reaches the cluster."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from tests.slow.tenant import Tenant
from tests.slow.test_docs import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.cluster.cluster import Cluster
    from tests.slow.home import Home
    from tests.slow.repo import Repo

PAGE = Path(__file__).resolve().parents[2] / "docs/runners.md"
IMAGE = "windlass.test/shell:1"


def volume_of(tenant: Tenant, folder: Path) -> list[dict[str, Any]]:
    size = {"storage": "1Mi"}
    spec: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], "storageClassName": ""}
    path, claim = {"hostPath": {"path": str(folder)}}, {"namespace": tenant.namespace, "name": "orders"}
    kept = {**spec, "capacity": size, "claimRef": claim, **path}
    return [
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": tenant.namespace}, "spec": kept},
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "orders"},
            "spec": {**spec, "resources": {"requests": size}, "volumeName": tenant.namespace},
        },
    ]


@contextmanager
def what_the_page_names(tenant: Tenant, folder: Path) -> Iterator[None]:
    """What a namespace has before: classes and a volume are the cluster's, and go at the end."""
    named = {"metadata": {"name": tenant.namespace}}
    classes: list[dict[str, Any]] = [
        {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", **named, "value": 7},
        {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", **named, "handler": "runc"},
    ]
    title = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "report"}, "data": {"title": "the report"}}
    key = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "report-key"}, "stringData": {"key": "of it"}}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reports"}}
    volume = volume_of(tenant, folder)
    tenant.apply(*classes, *volume, title, key, account)
    try:
        yield
    finally:
        tenant.kubectl("delete", "--wait=false", "-f", "-", stdin=yaml.safe_dump_all([*classes, *volume]))


def test_what_the_page_shows_is_clean_and_runs(
    home: Home, repo: Repo, cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    (text,) = [block for block in blocks(PAGE, "Workflow") if "runner: kubernetes" in block]
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders/today").write_text("one\ntwo\n")
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    tenant = Tenant(cluster.kubeconfig, namespace)
    repo.write({"workflows/shown.yaml": text})
    assert home.windlass("check", "--strict", cwd=repo.path).returncode == 0
    for word in ("nightly", "sandboxed"):  # classes are the cluster's, so this test has its own
        text = text.replace(f"Class: {word}", f"Class: {namespace}")
    repo.write({"workflows/shown.yaml": text.replace("busybox:1.36", IMAGE)})
    with what_the_page_names(tenant, tmp_path / "orders"):
        words = ("run", "nightly-report", "--namespace", namespace)
        done = home.windlass(*words, cwd=repo.path, env={"KUBECONFIG": str(cluster.kubeconfig)})
        assert done.returncode == 0, done.stdout
        assert "count │ 2 orders in the report\n" in done.stdout
        pods = json.loads(tenant.kubectl("get", "pods", "-o", "json"))["items"]
    shown = yaml.safe_load(text)["steps"]["count"]["pod"]
    count, watch, tell = sorted(pods, key=lambda pod: ("count", "watch", "tell").index(step_of(pod)))
    spec = count["spec"]
    assert count["metadata"]["labels"]["team"] == tell["metadata"]["labels"]["team"] == "shop"
    assert "team" not in watch["metadata"]["labels"], "its own pod is its whole pod"
    assert count["metadata"]["annotations"]["example.com/cost-centre"] == "4711"
    assert spec["nodeSelector"] == shown["nodeSelector"]
    assert shown["tolerations"][0] in spec["tolerations"]
    assert (spec["serviceAccountName"], spec["automountServiceAccountToken"]) == ("reports", False)
    assert (spec["priorityClassName"], spec["runtimeClassName"]) == (namespace, namespace)
    assert {"name": "registry"} in spec["imagePullSecrets"]
    user = {**spec["securityContext"], **spec["containers"][0]["securityContext"]}
    assert shown["securityContext"].items() <= user.items()
    assert watch["spec"]["hostNetwork"] is True


def step_of(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["annotations"]["windlass.dev/step"])
