"""Images from a real registry that wants a password, on the real cluster: with it, without it, with a wrong one."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.executors.conftest import wait_until
from tests.executors.kubernetes_bench import IMAGE, TIMEOUT, Kube
from tests.private_image import private_image
from tests.registry import PASSWORD, USER, Registry, private_registry

from windlass.executors.containers.registries import HUB
from windlass.executors.kubernetes.naming import object_name
from windlass.executors.kubernetes.spec import objects_of
from windlass.kube.resources import SECRETS
from windlass.runs.beside import LaunchRegistry, LaunchService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scripts.cluster.cluster import Cluster


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """On loopback, which containerd asks without TLS."""
    with private_registry(tmp_path) as made:
        yield made


@pytest.fixture
def image(cluster: Cluster, registry: Registry) -> Iterator[str]:
    with private_image(registry, cluster.node.socket, IMAGE) as name:
        yield name


def credentials(registry: Registry, password: str = PASSWORD) -> dict[str, Any]:
    return {"registries": (LaunchRegistry(registry.host, USER, password),), "masks": (password,)}


def pull_secrets(kube: Kube) -> list[dict[str, Any]]:
    return [one for one in kube.list(SECRETS) if one["type"] == "kubernetes.io/dockerconfigjson"]


def test_pulled_with_credentials_that_go_with_the_attempt(kube: Kube, registry: Registry, image: str) -> None:
    services = (LaunchService("db", image, argv=("sleep", "1000")),)
    script = "echo ran; until [ -e /tmp/go ]; do sleep 0.05; done"
    launch = kube.launch(script, image=image, services=services, **credentials(registry))
    executor = kube.executor()
    executor.start([launch])
    kube.seen.started(launch.key)
    (secret,) = pull_secrets(kube)
    assert secret["metadata"]["ownerReferences"][0]["uid"] == kube.job()["metadata"]["uid"]
    assert PASSWORD not in str(kube.pod()) + str(kube.job())
    kube.execute("step", ": > /tmp/go")
    assert kube.seen.ended(launch.key).exit_code == 0
    executor.close(kill=True)
    assert kube.log() == b"ran\n"
    wait_until(lambda: not pull_secrets(kube), TIMEOUT)


@pytest.mark.parametrize("password", [None, "wrong-password"])
def test_what_the_registry_refuses(kube: Kube, registry: Registry, password: str | None) -> None:
    given = credentials(registry, password) if password is not None else {}
    name = f"{registry.host}/team/other:1"
    found = kube.end("true", image=name, **given)
    assert (found.exit_code, found.cause) == (None, "image-pull")
    assert name in (found.message or "")
    assert "401 Unauthorized" in (found.message or "")
    assert "wrong-password" not in (found.message or "")


def test_the_secret_has_what_the_images_are_from(kube: Kube) -> None:
    """Docker Hub by the name that kubelets know it by; those that the step names itself come after."""
    hub = LaunchRegistry("docker.io", "bot", "hunter2-long")
    launch = kube.launch("true", image="team/app", registries=(hub,), pod={"imagePullSecrets": ["mine"]})
    objects = objects_of(launch, kube.terms, kube.namespace, None)
    assert objects.pull is not None
    config = json.loads(base64.b64decode(objects.pull["data"][".dockerconfigjson"]))
    assert config["auths"][HUB]["auth"] == base64.b64encode(b"bot:hunter2-long").decode()
    names = [one["name"] for one in objects.job["spec"]["template"]["spec"]["imagePullSecrets"]]
    assert names == [f"{object_name(launch.key)}-pull", "mine"]
    assert objects_of(kube.launch("true"), kube.terms, kube.namespace, None).pull is None
