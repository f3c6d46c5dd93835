"""The definitions of our resources, put into a cluster and served by it.

`kubectl apply` ends when they are stored. The API server takes them up after that, in steps: it serves a kind first,
lists it then, and documents it some seconds later, each definition by itself. A test that begins in between sees kinds
that are not there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from scripts.cluster.control_plane import Refused
from tests.slow.waiting import until

if TYPE_CHECKING:
    from scripts.cluster.cluster import Cluster
    from scripts.cluster.control_plane import ControlPlane

FOLDER = Path(__file__).parents[2] / "deploy/crds"


def install(cluster: Cluster | ControlPlane) -> None:
    """As they stand in this checkout; when it returns, each is served, and kubectl knows its names and explains it."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(FOLDER))
    found = [yaml.safe_load(file.read_text()) for file in sorted(FOLDER.glob("*.yaml"))]
    names = [one["metadata"]["name"] for one in found]
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=120s", *(f"crd/{name}" for name in names))
    kinds = {one["spec"]["names"]["kind"] for one in found}
    until(lambda: kinds <= listed(cluster) & documented(cluster), 120, pause=0.2)


def listed(cluster: Cluster | ControlPlane) -> set[str]:
    """The kinds of ours that the API server says it has; empty before it has any."""
    try:
        told = json.loads(cluster.kubectl("get", "--raw", "/apis/windlass.dev/v1"))
    except Refused:
        return set()
    return {one["kind"] for one in told["resources"] if "/" not in one["name"]}


def documented(cluster: Cluster | ControlPlane) -> set[str]:
    """The kinds of ours that the API server's OpenAPI names; empty before it has any."""
    try:
        told = json.loads(cluster.kubectl("get", "--raw", "/openapi/v3/apis/windlass.dev/v1"))
    except Refused:  # not found: none is documented yet
        return set()
    schemas = told.get("components", {}).get("schemas", {}).values()
    return {one["kind"] for schema in schemas for one in schema.get("x-kubernetes-group-version-kind", [])}
