"""An engine whose disk is full: steps are told at once, and run again when there is room."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.docker_engine import IMAGE, IN_CI, Dockerd, why_not
from tests.executors.conftest import Docker
from tests.registry import Registry, why_no_registry

from windlass.runs.beside import LaunchService

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def small() -> Iterator[Dockerd]:
    if (reason := why_not() or why_no_registry()) is not None:
        assert not IN_CI, reason
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="windlass-dockerd-", ignore_cleanup_errors=True) as folder:
        made = Dockerd(Path(folder), disk="40m")
        try:
            made.start()
            made.load_image()
            yield made
        finally:
            made.stop()


def fill(dockerd: Dockerd) -> Path:
    """All but a few pages."""
    path = dockerd.folder / "root/filler"
    room = os.statvfs(path.parent)
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, (room.f_bavail - 24) * room.f_frsize)
    return path


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    made = Registry(tmp_path)
    yield made
    made.stop()


def test_no_room(small: Dockerd, registry: Registry, tmp_path: Path, run_id: str) -> None:
    image = f"{registry.host}/tool"
    small.engine.json("POST", f"/images/{IMAGE}/tag", repo=image, tag="1")
    headers = {"X-Registry-Auth": "e30="}
    with small.engine.exchange("POST", f"/images/{image}/push", None, headers, query={"tag": "1"}) as answer:
        assert b'"error"' not in answer.read()
    for name in (f"{image}:1", IMAGE, "windlass-user:1"):
        small.engine.json("DELETE", f"/images/{name}")
    docker = Docker(tmp_path / "data", run_id, small)
    filler = fill(small)
    pulled = docker.end("true", step="pulled", image=f"{image}:1")
    assert (pulled.exit_code, pulled.cause) == (None, "disk-full"), pulled
    filler.unlink()
    assert docker.end("true", step="room", image=f"{image}:1").exit_code == 0
    filler = fill(small)
    made = docker.end("true", step="made", image=f"{image}:1")
    assert (made.exit_code, made.cause) == (None, "disk-full"), made
    service = LaunchService("db", f"{image}:1", argv=("sleep", "1000"))
    helped = docker.end("true", step="helped", image=f"{image}:1", services=(service,))
    assert (helped.exit_code, helped.cause) == (None, "disk-full"), helped
    filler.unlink()
    assert docker.end("true", step="again", image=f"{image}:1").exit_code == 0
    docker.close()
    assert small.containers() == []
