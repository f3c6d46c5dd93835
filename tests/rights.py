"""The rights that the chart gives the controller in a tenant's namespace, and what the API server heard.

In: a cluster and a namespace. Out: a kubeconfig of an account that may do what the chart's Role lists: a test that runs
with it meets each right that is missing as a refusal. `used` reads from the audit log of the API server who asked for
what. Both speak of (verb, group/resource) pairs, as a Role does.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from scripts.cluster.control_plane import ControlPlane
from scripts.cluster.parts import PATIENCE, until
from tests.canary import keeps, registered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scripts.cluster.cluster import Cluster

RULES = Path(__file__).parents[1] / "deploy" / "chart" / "files" / "tenant-rules.yaml"
NAME = "windlass-controller"
Right = tuple[str, str]  # ("get", "batch/jobs"), ("get", "pods/log")


def account(cluster: Cluster | ControlPlane, namespace: str, folder: Path) -> Path:
    """A kubeconfig in `folder`, of the account of that namespace. Another one of the same namespace is the same."""
    plane = cluster if isinstance(cluster, ControlPlane) else cluster.control_plane
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": NAME}
    subject = {"kind": "ServiceAccount", "name": NAME, "namespace": namespace}
    core, rights = f"/api/v1/namespaces/{namespace}", f"/apis/{role['apiGroup']}/v1/namespaces/{namespace}"
    for path, made in (
        (f"{core}/serviceaccounts", {"apiVersion": "v1", "kind": "ServiceAccount"}),
        (f"{rights}/roles", {"kind": "Role", "rules": yaml.safe_load(RULES.read_text())}),
        (f"{rights}/rolebindings", {"kind": "RoleBinding", "roleRef": role, "subjects": [subject]}),
    ):
        whole = {"apiVersion": f"{role['apiGroup']}/v1", "metadata": {"name": NAME}, **made}
        plane.ask("PATCH", f"{path}/{NAME}?fieldManager=tests&force=true", whole)
    assert until(lambda: _in_force(plane, namespace), PATIENCE), "the API server has not taken up the Role"
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 7200}}
    token = json.loads(plane.ask("POST", f"{core}/serviceaccounts/{NAME}/token", asked) or b"")["status"]["token"]
    registered(token, "a token of a service account")
    return _kubeconfig(plane, namespace, token, keeps(folder / f"{namespace}.kubeconfig"))


def _in_force(plane: ControlPlane, namespace: str) -> bool:
    """What decides about rights hears of a Role a moment after it is stored."""
    wanted = {"namespace": namespace, "verb": "create", "group": "batch", "resource": "jobs"}
    user = f"system:serviceaccount:{namespace}:{NAME}"
    asked = {"kind": "SubjectAccessReview", "spec": {"user": user, "resourceAttributes": wanted}}
    answer = plane.ask(
        "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {"apiVersion": "authorization.k8s.io/v1", **asked}
    )
    return bool(json.loads(answer or b"")["status"]["allowed"])


def _kubeconfig(plane: ControlPlane, namespace: str, token: str, path: Path) -> Path:
    authority = base64.b64encode(plane.authority.certificate.read_bytes()).decode()
    context = {"cluster": "test", "user": NAME, "namespace": namespace}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": plane.server, "certificate-authority-data": authority}}],
        "users": [{"name": NAME, "user": {"token": token}}],
        "contexts": [{"name": "test", "context": context}],
        "current-context": "test",
    }
    path.write_text(json.dumps(config))
    path.chmod(0o600)
    return path


def listed(rules: Iterable[dict[str, Any]]) -> set[Right]:
    """What a Role says, one by one."""
    return {
        (verb, f"{group}/{resource}".lstrip("/"))
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def used(audit: Path, user: str, namespace: str) -> tuple[set[Right], set[Right]]:
    """What an account asked for in a namespace: what it was given, and what it was refused."""
    given: set[Right] = set()
    refused: set[Right] = set()
    for event in _events(audit):
        about = event.get("objectRef") or {}
        if event["user"]["username"] == user and about.get("namespace") == namespace:
            words = (about.get("apiGroup"), about["resource"], about.get("subresource"))
            right = (event["verb"], "/".join(word for word in words if word))
            (refused if event.get("responseStatus", {}).get("code") == 403 else given).add(right)
    return given, refused


def _events(audit: Path) -> Iterator[dict[str, Any]]:
    with audit.open() as lines:
        for line in lines:
            yield json.loads(line)
