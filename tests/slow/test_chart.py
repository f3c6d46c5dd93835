"""The chart on a real cluster with our own image: install, a commit, a run; upgrade, roll back, uninstall."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import yaml
from scripts.cluster.control_plane import kubectl
from tests.canary import secret, typed
from tests.chart.helm import CHART
from tests.cluster import namespace_in
from tests.slow.release import PATIENCE, Release, Team, database, team
from tests.slow.repo import Repo, workflow
from tests.slow.tenant import repository, run_of
from tests.slow.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scripts.cluster.cluster import Cluster

TOKEN = secret("chart")
SETTINGS = "apiVersion: windlass.dev/v1\nkind: Repository\n"
GREET = """
triggers: {git: [{push: {branches: [main]}}]}
defaults: {image: "windlass.test/shell:1", shell: sh}
steps:
  build: {outputs: {made: {type: string}}, run: 'echo building; echo made=ship >> "$WINDLASS_OUTPUT"'}
  ship:
    env: {MADE: "${{ steps.build.outputs.made }}"}
    checkout: true
    run: test -f windlass.yaml; test "$MADE" = ship
"""
EVERYTHING = (
    "all,secrets,configmaps,serviceaccounts,roles,rolebindings,pdb,networkpolicies,pvc,ingresses,endpointslices"
)
WAITS = """
defaults: {image: "windlass.test/shell:1", shell: sh}
steps: {wait: {run: 'while :; do sleep 0.2; done'}}
"""


@pytest.fixture(scope="module")
def tenant(cluster: Cluster) -> Iterator[Team]:
    with namespace_in(cluster.control_plane, "team") as namespace, team(cluster, namespace) as found:
        yield found


@pytest.fixture(scope="module")
def release(cluster: Cluster, own_image: str, tenant: Team) -> Iterator[Release]:
    name, _, tag = own_image.rpartition(":")
    with namespace_in(cluster.control_plane, "release") as place, database(cluster.network.gateway) as url:
        values = {
            "image": {"repository": name, "tag": tag},
            "database": {"existingSecret": "database"},
            "tokens": {"existingSecret": "tokens", "holders": [{"name": "ada", "groups": ["ops"]}]},
            "controller": {"replicas": 2, "resources": {"requests": {"cpu": "10m"}}},
            "web": {"replicas": 2, "resources": {"requests": {"cpu": "10m"}}},
            "tenants": [{"namespace": tenant.namespace}],
        }
        made = Release(cluster, place, values)
        made.kubectl("create", "secret", "generic", "database", f"--from-literal=url={url}")
        made.kubectl("create", "secret", "generic", "tokens", f"--from-literal=ada={typed(TOKEN)}")
        made.upgrade()
        yield made
        made.helm("uninstall", made.name, "--wait", "--ignore-not-found")


def test_a_commit_runs(release: Release, tenant: Team) -> None:
    repo, declared = tenant.repository()
    repo.commit({"windlass.yaml": SETTINGS, "workflows/greet.yaml": workflow("greet", GREET)})
    tenant.apply(declared)
    tenant.wait("wlrepo", repo.name, "Ready")
    watching = subprocess.Popen(
        [
            str(kubectl()),
            f"--kubeconfig={tenant.kubeconfig}",
            "-n",
            tenant.namespace,
            "get",
            "workflowruns",
            "-w",
            "--request-timeout=4m",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        head = repo.commit({"README.md": "new\n"})
        assert watching.stdout is not None
        shown = next((line for line in watching.stdout if "Succeeded" in line), "")
    finally:
        watching.kill()
        watching.communicate()
    name, written, status, steps, *_ = shown.split()
    assert (written, status, steps) == ("greet", "Succeeded", "2/2")
    found = tenant.get("wlrun", name)["status"]
    assert (found["commit"], found["phase"], found["trigger"]) == (head, "Succeeded", "git")


def test_an_object_starts_a_run_and_its_deletion_ends_the_pod(release: Release, tenant: Team) -> None:
    repo = Repo(tenant.git.root / "later")
    repo.commit({"windlass.yaml": SETTINGS, "workflows/wait.yaml": workflow("wait", WAITS)})
    tenant.apply(repository("later", tenant.git.url("later")))
    tenant.wait("wlrepo", "later", "Ready")
    name = tenant.create(run_of("later", "wait"))
    until(lambda: [one for one in tenant.pods() if one["status"]["phase"] == "Running"], 120, pause=0.2)
    tenant.kubectl("delete", "wlrun", name)
    until(lambda: not [one for one in tenant.pods() if one["status"]["phase"] == "Running"], 120, pause=0.2)


def test_the_api_knows_its_tokens_and_nobody_else(release: Release, tenant: Team) -> None:
    for pod in release.pods("web"):
        url = f"http://{pod['status']['podIP']}:7878"
        with httpx2.Client(base_url=url, timeout=60) as web:
            assert web.get("/healthz").status_code == 200
            assert web.get("/api/v1/repositories").status_code == 401
            answer = web.get("/api/v1/repositories", headers={"Authorization": f"Bearer {TOKEN}"})
        assert f"{tenant.namespace}.shop" in [one["name"] for one in answer.json()["items"]]


def test_every_container_is_ready_and_hardened(release: Release) -> None:
    for part in ("controller", "web"):
        until(lambda part=part: [_is_ready(pod) for pod in release.pods(part)] == [True, True], pause=0.3)
        for pod in release.pods(part):
            (status,) = pod["status"]["containerStatuses"]
            assert status["restartCount"] == 0, status
            assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
            assert pod["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    lease = json.loads(release.kubectl("get", "lease", f"{release.whole_name}-controller", "-o=json"))
    assert any(
        lease["spec"]["holderIdentity"].startswith(pod["metadata"]["name"]) for pod in release.pods("controller")
    )


def _is_ready(pod: dict[str, Any]) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", ()))


def test_an_upgrade_brings_changed_definitions_and_a_rollback_the_old_pods(release: Release, tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    shutil.copytree(CHART, chart)  # what is a link there is a file here
    group = f"{release.place}.example.com"
    try:
        release.upgrade(with_definition(chart, group, "first"))
        before = release.uids("controller")
        release.upgrade(with_definition(chart, group, "second"), server={"limits": {"localAttempts": 7}})
        found = json.loads(release.cluster.kubectl("get", "crd", f"things.{group}", "-o=json"))
        (version,) = found["spec"]["versions"]
        assert set(version["schema"]["openAPIV3Schema"]["properties"]) == {"second"}
        assert before.isdisjoint(release.uids("controller")), "another server file needs new processes"
        release.done("rollback", release.name, "1", "--wait", "--timeout", PATIENCE)
        assert "localAttempts" not in release.kubectl("get", "configmap", release.whole_name, "-o=yaml")
        assert release.cluster.kubectl("get", "crd", f"things.{group}", "-o=name"), "objects of it would go with it"
    finally:
        release.cluster.kubectl("delete", "crd", f"things.{group}", "--ignore-not-found")


def with_definition(chart: Path, group: str, field: str) -> Path:
    """The chart with one more kind of objects, which have that field."""
    schema = {"type": "object", "properties": {field: {"type": "string"}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "things", "kind": "Thing"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    made = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}
    text = yaml.safe_dump({**made, "metadata": {"name": f"things.{group}"}})
    (chart / "files" / "crds" / "things.yaml").write_text(text)
    return chart


def test_an_uninstalled_release_leaves_the_definitions_and_nothing_else(release: Release, tenant: Team) -> None:
    release.done("uninstall", release.name, "--wait", "--timeout", PATIENCE)
    for namespace in (release.place, tenant.namespace):
        until(lambda namespace=namespace: release.objects(EVERYTHING, namespace) == [], 120, pause=0.3)
    assert sorted(tenant.names("wlrepo")) == ["later", "shop"]
