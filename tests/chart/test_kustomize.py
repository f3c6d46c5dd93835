"""The kustomize bases: as the chart is now, valid by the cluster's own schemas, and taken by a real API server."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from scripts import kustomize
from tests.chart.cluster_schemas import write_schemas
from tests.chart.helm import tool

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.cluster.cluster import Cluster


def built(cluster: Cluster, name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(cluster.kubectl("kustomize", str(kustomize.FOLDER / name))))


def test_what_is_generated_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    tool("helm")
    assert kustomize.main(["--check"]) == 0, capsys.readouterr().err


def test_kubeconform_finds_nothing_wrong(cluster: Cluster, tmp_path: Path) -> None:
    location = write_schemas(cluster.control_plane, tmp_path)
    objects = [one for one in built(cluster, "example") if one["kind"] != "CustomResourceDefinition"]
    words = [tool("kubeconform"), "-strict", "-summary", "-schema-location", location, "-"]
    text = yaml.safe_dump_all(objects)
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout
    assert "Skipped: 0" in done.stdout


@pytest.mark.parametrize("name", ["base", "tenant", "example"])
def test_the_api_server_takes_everything(cluster: Cluster, namespace: str, name: str) -> None:
    for one in built(cluster, name):
        words = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-"]
        if one["kind"] != "CustomResourceDefinition":
            one["metadata"]["namespace"] = namespace
            words += ["-n", namespace]
        cluster.kubectl(*words, stdin=yaml.safe_dump(one))


def test_an_overlay_says_where_which_image_and_which_server_file(cluster: Cluster) -> None:
    objects = built(cluster, "example")
    (config,) = [one for one in objects if one["kind"] == "ConfigMap"]
    assert yaml.safe_load(config["data"]["windlass-server.yaml"])["kubernetes"] == {"namespaces": ["team-a"]}
    for one in objects:
        if one["kind"] == "Deployment":
            pod = one["spec"]["template"]["spec"]
            assert pod["containers"][0]["image"] == "registry.example.com/windlass:0.1.0"
            given = [each["value"] for each in pod["containers"][0]["env"] if each["name"] == "WINDLASS_IMAGE"]
            assert given == ["registry.example.com/windlass:0.1.0"]
            (volume,) = [each for each in pod["volumes"] if each["name"] == "config"]
            assert volume["configMap"]["name"] == config["metadata"]["name"], "another file starts new pods"
    places = {one["metadata"].get("namespace") for one in objects if one["kind"] == "Role"}
    assert places == {"windlass", "team-a"}
    (binding,) = [one for one in objects if one["kind"] == "RoleBinding" and one["metadata"]["namespace"] == "team-a"]
    assert binding["subjects"][0]["namespace"] == "windlass"
