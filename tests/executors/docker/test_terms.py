"""What a container may use, and what it is given beside its launch: bounds, the engine, who made it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.executors.conftest import Docker, wait_until

from windlass.executors.containers.registries import HUB, registry_of
from windlass.executors.docker.bounds import host_bounds
from windlass.executors.docker.credentials import registry_auth
from windlass.executors.docker.owner import OWNER, owner_of, sweep

if TYPE_CHECKING:
    from pathlib import Path


def test_bounds() -> None:
    resources = {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": "1.5", "memory": "2Gi"}}
    assert host_bounds(resources) == {
        "CpuShares": 512,
        "MemoryReservation": 1024**3,
        "NanoCpus": 1_500_000_000,
        "Memory": 2 * 1024**3,
        "MemorySwap": 2 * 1024**3,
    }
    with pytest.raises(ValueError, match=r"resources\.limits\.gpu: the docker runner knows cpu and memory"):
        host_bounds({"limits": {"gpu": "1"}})


def test_more_memory_than_its_limit(docker: Docker) -> None:
    script = "head -c 200000000 /dev/zero | tail -c 150000000 >/dev/null"
    ended = docker.end(script, resources={"limits": {"memory": "8Mi"}})
    assert (ended.exit_code, ended.cause) == (137, "oom-killed")


def test_what_an_engine_does_not_count(docker: Docker) -> None:
    ended = docker.end("true", resources={"limits": {"gpu": "1"}})
    assert (ended.cause, ended.exit_code) == ("start-failed", None)


def test_the_engine_inside(docker: Docker) -> None:
    ended = docker.end('echo "$DOCKER_HOST"; test -S /var/run/docker.sock', docker=True)
    assert (ended.exit_code, docker.log()) == (0, b"unix:///var/run/docker.sock\n")
    ended = docker.end('test -e /var/run/docker.sock || echo "none${DOCKER_HOST:-}"', step="other")
    assert docker.log("other") == b"none\n"


def left_container(docker: Docker, owner: str) -> str:
    launch = docker.launch("true")
    body: dict[str, Any] = docker.dockerd_body(launch)
    body["Labels"][OWNER] = owner
    made: str = docker.dockerd.engine.json("POST", "/containers/create", body, name=docker.container())["Id"]
    return made


def test_what_an_earlier_life_left_is_swept(docker: Docker) -> None:
    """Its attempt is over, and the engine was away when it was to be removed."""
    owner = owner_of(docker.data, lasting=True)
    assert owner_of(docker.data, lasting=True) == owner
    left_container(docker, owner)
    launch = docker.launch("true", "another")
    executor = docker.executor()
    executor.start([launch])
    docker.seen.ended(launch.key)
    wait_until(lambda: docker.container() not in docker.dockerd.containers())
    executor.close(kill=True)


def test_what_others_have_stays(docker: Docker, tmp_path: Path) -> None:
    dead = owner_of(tmp_path, lasting=False).rpartition(".")[0] + ".1"
    for owner, stays in ((owner_of(tmp_path, lasting=False), True), ("up.another", True), (dead, False)):
        made = left_container(docker, owner)
        sweep(docker.dockerd.engine, "up.mine", lambda _key: False)
        assert (docker.container() in docker.dockerd.containers()) == stays
        if stays:
            docker.dockerd.engine.json("DELETE", f"/containers/{made}")


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("debian:12", HUB),
        ("team/tool", HUB),
        ("docker.io/library/debian", HUB),
        ("ghcr.io/team/tool:1", "ghcr.io"),
        ("localhost/tool", "localhost"),
        ("host:5000/a/b@sha256:1", "host:5000"),
    ],
)
def test_registries(image: str, registry: str) -> None:
    assert registry_of(image) == registry


def shown(header: str | None) -> Any:
    return None if header is None else json.loads(base64.urlsafe_b64decode(header))


def test_credentials(tmp_path: Path) -> None:
    helper = tmp_path / "docker-credential-mine"
    helper.write_text(
        '#!/bin/sh\nread -r host; echo "{\\"Username\\": \\"<token>\\", \\"Secret\\": \\"for $host\\"}"\n'
    )
    helper.chmod(0o755)
    auths = {
        "host:5000": {"auth": base64.b64encode(b"ada:pass:word").decode()},
        HUB: {"identitytoken": "t"},
        "bad": {"auth": "!"},
    }
    config = {"auths": auths, "credHelpers": {"ghcr.io": "mine", "gone.io": "no-such"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    environment = {"DOCKER_CONFIG": str(tmp_path), "PATH": f"{tmp_path}:/usr/bin:/bin"}

    def auth(image: str) -> Any:
        return shown(registry_auth(image, environment))

    assert auth("host:5000/a") == {"username": "ada", "password": "pass:word", "serveraddress": "host:5000"}
    assert auth("debian") == {"identitytoken": "t", "serveraddress": HUB}
    assert auth("ghcr.io/a") == {"identitytoken": "for ghcr.io", "serveraddress": "ghcr.io"}
    assert auth("gone.io/a") is None
    assert registry_auth("debian", {"HOME": "/nowhere"}) is None
