"""What holds for all tests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from tests.docker_engine import Dockerd, engines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.cluster.cluster import Cluster
    from scripts.cluster.control_plane import ControlPlane

pytest_plugins = ["tests.session_end", "tests.longest_first", "tests.second_chance"]

# A busy machine is no mistake of the code; nor is luck, in a run that decides about a change.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("here"), derandomize=True, database=None)
settings.load_profile("here" if os.environ.get("CI", "") in ("", "false", "0") else "ci")


@pytest.fixture(scope="session")
def dockerd() -> Iterator[Dockerd]:
    """A Docker engine for all tests of this process."""
    yield from engines()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A real Kubernetes with a node, shared by all tests of this machine: read, and use a `namespace`."""
    from tests import cluster as clusters

    with clusters.shared() as found:
        yield found


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """Of one test, in the shared cluster."""
    from tests import cluster as clusters

    with clusters.namespace_in(cluster.control_plane) as name:
        yield name


@pytest.fixture(scope="module")
def fake_cluster() -> Iterator[ControlPlane]:
    """A Kubernetes of one file of tests, with three nodes of KWOK's."""
    from scripts.cluster import fakes
    from tests import cluster as clusters

    with clusters.control_plane(kwok=True) as plane:
        fakes.add_nodes(plane, 3)
        yield plane


@pytest.fixture(scope="session")
def own_image(cluster: Cluster) -> str:
    """The name of our own image in the shared cluster."""
    from tests import cluster as clusters

    return clusters.own_image(cluster)


@pytest.fixture(scope="session")
def docker_image(cluster: Cluster) -> str:
    """The name of an image with a Docker engine in the shared cluster."""
    from tests import cluster as clusters

    return clusters.docker_image(cluster)
