"""What a step has around it on Kubernetes, by the real command: the page's own workflow, and private images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from tests.private_image import private_image
from tests.registry import PASSWORD, USER, Registry, why_no_registry
from tests.slow.folders import contents
from tests.slow.repo import workflow
from tests.slow.test_docs import ROOT, blocks
from tests.sops import new_key

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.cluster.cluster import Cluster
    from tests.slow.home import Home
    from tests.slow.repo import Repo

SHELL = "windlass.test/shell:1"


def config_for(home: Home, cluster: Cluster, namespace: str, **more: str) -> tuple[str, str]:
    runner = {"kind": "kubernetes", "kubeconfig": str(cluster.kubeconfig), "namespace": namespace, **more}
    path = home.folder / "windlass-server.yaml"
    path.write_text(yaml.safe_dump({"runners": {"kubernetes": runner}}))
    return "--config", str(path)


def test_what_the_page_shows_for_docker_runs_in_a_cluster_too(
    home: Home, repo: Repo, cluster: Cluster, namespace: str, docker_image: str
) -> None:
    """Services, resources and `docker: true`: only the runner and where the image is from are others."""
    shown = blocks(ROOT / "docs/runners.md", "Workflow")
    (text,) = [one for one in shown if "name: with-services" in one]
    assert "runner: docker\n" in text
    text = text.replace("runner: docker\n", "runner: kubernetes\n").replace("busybox:1.36", SHELL)
    repo.write({"windlass.yaml": "apiVersion: windlass.dev/v1\nkind: Repository\n", "workflows/shown.yaml": text})
    config = config_for(home, cluster, namespace, dockerImage=docker_image)
    result = home.run_json(repo.path, "with-services", *config)
    assert {name: step["status"] for name, step in result["steps"].items()} == dict.fromkeys(
        ("fetch", "engine", "here"), "succeeded"
    )
    assert result["steps"]["fetch"]["outputs"] == {"said": "hello"}


def test_a_private_image_by_what_windlass_yaml_says(
    home: Home, repo: Repo, cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    if (reason := why_no_registry()) is not None:
        pytest.skip(reason)
    key = new_key()
    (repo.path / "secrets").mkdir()
    (repo.path / "secrets/all.yaml").write_text(f"hub: {PASSWORD}\n")
    done = home.windlass("secrets", "encrypt", "secrets/all.yaml", "--age", key.recipient, "--in-place", cwd=repo.path)
    assert done.returncode == 0, done.stderr
    registry = Registry(tmp_path, private=True)
    try:
        with private_image(registry, cluster.node.socket, SHELL) as image:
            registries = {registry.host: {"username": USER, "password": "ref+sops://secrets/all.yaml#/hub"}}
            settings = {"apiVersion": "windlass.dev/v1", "kind": "Repository", "registries": registries}
            step = f"steps: {{a: {{runner: kubernetes, image: '{image}', shell: sh, run: echo from a private image}}}}"
            repo.write({"windlass.yaml": yaml.safe_dump(settings), "workflows/private.yaml": workflow("private", step)})
            config = config_for(home, cluster, namespace)
            checked = home.windlass("secrets", "check", cwd=repo.path, env={"SOPS_AGE_KEY": key.secret})
            assert (checked.returncode, f"registries.{registry.host}" in checked.stdout) == (0, True), checked.stdout
            without = home.run_json(repo.path, "private", *config, code=1)
            assert without["steps"]["a"]["cause"] == "secret-denied"
            assert f"registries.{registry.host.replace(':', '_')}" in without["steps"]["a"]["message"]
            result = home.run_json(repo.path, "private", *config, env={"SOPS_AGE_KEY": key.secret})
            assert result["status"] == "succeeded", result
    finally:
        registry.stop()
    assert [path for path, data in contents(home.folder) if PASSWORD.encode() in data] == []
