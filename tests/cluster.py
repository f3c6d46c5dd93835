"""A real Kubernetes for tests: one with a node that all tests of the machine share, and control planes to do harm to.

The shared one is that of `make cluster` when it is up; else the first test that asks starts it (about five seconds) and
the last process that used it ends it. Each test has a namespace of its own in it. Where no cluster can run, the tests
that want one are skipped with the reason; in CI they fail.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from scripts.cluster import docker_image as docker_images
from scripts.cluster import images
from scripts.cluster.__main__ import PARTS, folder, why_not
from scripts.cluster.cluster import Cluster
from scripts.cluster.control_plane import ControlPlane
from scripts.cluster.parts import until
from tests import remaining_objects as objects
from tests.go_tool import missing
from tests.remains import search

if TYPE_CHECKING:
    from collections.abc import Iterator

IN_CI = os.environ.get("CI", "") not in ("", "false", "0")
PATIENCE = 120.0


def wanted() -> None:
    """Skips the test, or fails it in CI, where no cluster can run."""
    reason = why_not() or next(filter(None, map(missing, PARTS)), None)
    if reason is not None:
        assert not IN_CI, reason
        pytest.skip(reason)


@contextmanager
def shared() -> Iterator[Cluster]:
    """The one with a real node. Nobody stops or restarts its parts: others are using it."""
    wanted()
    made = Cluster(folder())
    made.use()
    before = {path: path.stat().st_size for path in told(made.folder)}
    try:
        yield made
    finally:
        for path in told(made.folder):
            search(path, start=before.get(path, 0))
        made.leave()


def told(place: Path) -> list[Path]:
    """What the parts of a cluster say: their logs, and who asked for what."""
    return [path for path in (*place.glob("logs/*"), place / "audit.log") if path.exists()]


@contextmanager
def namespace_in(plane: ControlPlane, prefix: str = "t") -> Iterator[str]:
    """One that pods can be created in; deleted after, without waiting for it."""
    name = f"{prefix}-{uuid.uuid4().hex[:8]}"
    plane.ask("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    try:
        assert until(lambda: plane.has_account(name), PATIENCE), f"{name} has no service account"
        yield name
    finally:
        objects.look_at(plane, name)
        plane.ask("DELETE", f"/api/v1/namespaces/{name}")


def own_image(cluster: Cluster) -> str:
    """The name of our own image, of the code that is tested; the cluster has it."""
    name, archive = images.windlass()
    if name not in images.loaded(cluster.node.socket):
        images.load(cluster.node.socket, archive)
    return name


@contextmanager
def control_plane(**options: Any) -> Iterator[ControlPlane]:
    """One of a test's own, whose parts it may kill, pause and restart; without a node unless `kwok=True` plays some.

    Options: those of `ControlPlane`. Nothing of it outlives this process.
    """
    wanted()
    place = Path(tempfile.mkdtemp(prefix="windlass-plane-"))
    made = ControlPlane(place, ends_with_us=True, **options)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        search(*told(place))
        shutil.rmtree(place, ignore_errors=True)


def docker_image(cluster: Cluster) -> str:
    """The name of an image with a Docker engine; the cluster has it."""
    reason = docker_images.why_not()
    if reason is not None:
        assert not IN_CI, reason
        pytest.skip(reason)
    if docker_images.DOCKER not in images.loaded(cluster.node.socket):
        images.load(cluster.node.socket, docker_images.docker())
    return docker_images.DOCKER
