"""Images from a real registry: pulled once, with progress in the log; what the registry refuses is told at once."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from tests.canary import keeps
from tests.docker_engine import IMAGE
from tests.registry import PASSWORD, USER, Registry, private_registry

from windlass.runs.beside import LaunchRegistry, LaunchService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.executors.conftest import Docker


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with private_registry(tmp_path) as made:
        yield made


@pytest.fixture
def image(docker: Docker, registry: Registry) -> str:
    """In the registry, and in no engine."""
    engine, name = docker.dockerd.engine, f"{registry.host}/team/tool"
    engine.json("POST", f"/images/{IMAGE}/tag", repo=name, tag="1")
    config = {"username": USER, "password": PASSWORD, "serveraddress": registry.host}
    auth = base64.urlsafe_b64encode(json.dumps(config).encode()).decode()
    headers = {"X-Registry-Auth": auth}
    with engine.exchange("POST", f"/images/{name}/push", None, headers, query={"tag": "1"}) as answer:
        assert b'"error"' not in answer.read()
    engine.json("DELETE", f"/images/{name}:1")
    return f"{name}:1"


def log_in(folder: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch, password: str = PASSWORD) -> None:
    auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
    keeps(folder / "config.json").write_text(json.dumps({"auths": {registry.host: {"auth": auth}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))


def test_pulled_with_credentials(
    docker: Docker, registry: Registry, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(tmp_path, registry, monkeypatch)
    ended = docker.end("echo ran", image=image, services=(LaunchService("db", image, argv=("sleep", "1000")),))
    assert ended.exit_code == 0
    lines = docker.log().decode().splitlines()
    assert lines[0] == f"windlass: pulling the image {image}"
    assert any(line.startswith("windlass: Digest: sha256:") for line in lines)
    assert lines[-2:] == ["windlass: the service db is ready", "ran"]
    assert docker.log().count(b"pulling the image") == 1
    assert PASSWORD.encode() not in docker.log()
    docker.end("echo again", step="again", image=image)
    assert docker.log("again") == b"again\n"
    docker.dockerd.engine.json("DELETE", f"/images/{image}", force="1")


def test_what_the_registry_refuses(
    docker: Docker, registry: Registry, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "nowhere"))
    ended = docker.end("true", image=image)
    assert (ended.exit_code, ended.cause) == (None, "image-pull")
    assert "no basic auth credentials" in (ended.message or "")
    log_in(tmp_path, registry, monkeypatch, "wrong-password")
    ended = docker.end("true", step="wrong", image=image)
    assert ended.cause == "image-pull"
    assert "wrong-password" not in (ended.message or "")
    log_in(tmp_path, registry, monkeypatch)
    ended = docker.end("true", step="missing", image=f"{image}0")
    assert ended.cause == "image-pull"
    assert "manifest unknown" in (ended.message or ""), ended.message


def test_pulled_with_credentials_of_the_attempt(
    docker: Docker, registry: Registry, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They win over those of this machine, and are for their own registry alone."""
    log_in(tmp_path, registry, monkeypatch, "wrong-password")
    right = LaunchRegistry(registry.host, USER, PASSWORD)
    other = LaunchRegistry("ghcr.io", USER, PASSWORD)
    assert docker.end("true", image=image, registries=(other,)).cause == "image-pull"
    services = (LaunchService("db", image, argv=("sleep", "1000")),)
    ended = docker.end("echo ran", step="right", image=image, services=services, registries=(other, right))
    assert ended.exit_code == 0
    assert PASSWORD.encode() not in docker.log("right")
    docker.dockerd.engine.json("DELETE", f"/images/{image}", force="1")
