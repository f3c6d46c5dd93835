"""What the API server itself makes of the custom resources, through kubectl: explained, listed, refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.slow.definitions import install
from tests.slow.tenant import Tenant, repository, run_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.cluster.cluster import Cluster

ROOT = Path(__file__).parents[2]
GIT = "https://git.example.com/shop.git"


@pytest.fixture(scope="module")
def tenant(cluster: Cluster) -> Iterator[Tenant]:
    from tests.cluster import namespace_in

    install(cluster)
    with namespace_in(cluster.control_plane, "kinds") as name:
        yield Tenant(cluster.kubeconfig, name)


def test_the_definitions_are_structural(cluster: Cluster, tenant: Tenant) -> None:
    """A schema that is not would be a condition of the definition, and prune nothing."""
    path = "{range .items[*]}{.metadata.name}{.status.conditions[?(@.type=='NonStructuralSchema')].message}{'\\n'}{end}"
    found = cluster.kubectl("get", "crd", "-o", f"jsonpath={path}")
    ours = {line for line in found.splitlines() if "windlass.dev" in line}
    assert ours == {
        "actionlibraries.windlass.dev",
        "workflowrepositories.windlass.dev",
        "workflowruns.windlass.dev",
        "workflows.windlass.dev",
    }


def test_kubectl_explains_every_field(tenant: Tenant) -> None:
    told = tenant.kubectl("explain", "workflowrepository.spec", "--recursive")
    assert all(name in told for name in ("git", "secretRef", "webhookSecret", "suspend", "interval"))
    assert "How often it is polled." in tenant.kubectl("explain", "workflowrepository.spec.interval")
    assert "Deleting it cancels" in " ".join(tenant.kubectl("explain", "workflowrun").split())


def test_short_names_and_the_category_work(tenant: Tenant) -> None:
    tenant.apply(repository("listed", GIT))
    assert "listed" in tenant.names("wlrepo")
    assert "workflowrepository.windlass.dev/listed" in tenant.kubectl("get", "windlass", "-o", "name")
    for short in ("wllib", "wlwf", "wlrun"):
        assert tenant.names(short) == []
    head = tenant.kubectl("get", "wlrepo", "-o", "wide").splitlines()[0].split()
    assert head == ["NAME", "READY", "REVISION", "WORKFLOWS", "ERRORS", "AGE", "GIT", "SUSPENDED", "STATUS"]
    assert "GIT" not in tenant.kubectl("get", "wlrepo").splitlines()[0]


def with_spec(**changes: Any) -> dict[str, Any]:
    found = repository("wrong", GIT)
    found["spec"] = {name: value for name, value in (found["spec"] | changes).items() if value is not None}
    return found


REFUSED = {
    "no-git": (with_spec(git=None), "spec.git: Required value"),
    "unknown": (with_spec(gti="x"), 'unknown field "spec.gti"'),
    "a-folder": (with_spec(git="/srv/shop"), "spec.git: Invalid value"),
    "file": (with_spec(git="file:///srv/shop"), "git: write https://HOST/PATH"),
    "password": (with_spec(git="https://ada:s3cret@git.example.com/x"), "carries no user name or password"),
    "number": (with_spec(interval=30), "spec.interval in body must be of type string"),
    "unit": (with_spec(interval="5 minutes"), "spec.interval: Invalid value"),
    "too-often": (with_spec(interval="10ms"), "interval is at least 1s"),
    "zero": (with_spec(interval="0s"), "interval is at least 1s"),
    "boolean": (with_spec(suspend="yes"), "spec.suspend in body must be of type boolean"),
    "no-secret": (with_spec(auth={}), "spec.auth.secretRef: Required value"),
    "inline-secret": (with_spec(auth={"secretRef": {"name": "x"}, "token": "t"}), 'unknown field "spec.auth.token"'),
    "other-namespace": (
        with_spec(auth={"secretRef": {"name": "x", "namespace": "kube-system"}}),
        'unknown field "spec.auth.secretRef.namespace"',
    ),
    "no-key": (with_spec(webhookSecret={"name": "x"}), "spec.webhookSecret.key: Required value"),
    "name": ({**with_spec(), "metadata": {"name": "a.b"}}, "metadata.name has 1 to 63 lower-case letters"),
    "no-workflow": (
        {**run_of("shop", "x"), "spec": {"repository": "shop"}},
        "spec.workflow: Required value",
    ),
    "workflow-name": (run_of("shop", "deploy", repository="a/b"), "spec.repository in body should match"),
    "list-of-inputs": (run_of("shop", "deploy", inputs=["a"]), "spec.inputs in body must be of type object"),
    "env-number": (run_of("shop", "deploy", env={"A": 1}), "spec.env.A in body must be of type string"),
    "ttl": (run_of("shop", "deploy", ttlSecondsAfterFinished=-1), "spec.ttlSecondsAfterFinished"),
    "forged-run": (run_of("shop", "deploy", run="01ARZ3NDEKTSV4RRFFQ69G5FAV"), "spec.run is set by Windlass"),
    "not-a-run": (run_of("shop", "deploy", run="x"), "spec.run"),
    "a-file-of-the-language": (
        {"apiVersion": "windlass.dev/v1", "kind": "Workflow", "metadata": {"name": "d"}, "steps": [{"run": "ls"}]},
        'unknown field "steps"',
    ),
}


@pytest.mark.parametrize(("found", "told"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_field_is_refused_by_name(tenant: Tenant, found: dict[str, Any], told: str) -> None:
    assert told in tenant.refused(found)


def test_a_run_cannot_be_changed(tenant: Tenant) -> None:
    found = {**run_of("shop", "deploy", inputs={"a": [1]}), "metadata": {"name": "fixed"}}
    tenant.create(found)
    for changes in ({"workflow": "other"}, {"inputs": {"a": [2]}}, {"env": {"A": "b"}}):
        done = tenant.try_kubectl("patch", "wlrun", "fixed", "--type=merge", "-p", f'{{"spec": {_json(changes)}}}')
        assert done.returncode != 0
        assert "a WorkflowRun is not changed" in done.stderr
    tenant.kubectl("delete", "wlrun", "fixed")


def test_the_examples_are_taken(tenant: Tenant) -> None:
    for path in [ROOT / "examples/repository.yaml", *sorted((ROOT / "examples/kubernetes").glob("*.yaml"))]:
        tenant.kubectl("create", "--dry-run=server", "-f", str(path))


def _json(value: Any) -> str:
    import json

    return json.dumps(value)
