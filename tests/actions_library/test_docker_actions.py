"""std/docker-build and std/compose against a real engine, with images that need no registry, and a real registry."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from tests.docker_engine import IN_CI
from tests.registry import PASSWORD, Registry, private_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.actions_library.conftest import Act, Done
    from tests.docker_engine import Dockerd

IMAGE = "windlass-test:1"
SECRET = PASSWORD


@pytest.fixture
def build(act: Act, dockerd: Dockerd) -> Callable[..., Done]:
    def run(**given: Any) -> Done:
        done = act("docker-build", env={**dockerd.environment, "WINDLASS_REPOSITORY": "shop"}, **given)
        assert SECRET not in done.log
        return done

    return run


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with private_registry(tmp_path) as made:
        yield made


def files(act: Act, **texts: str) -> None:
    for name, text in texts.items():
        path = act.folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run_in(dockerd: Dockerd, image: str, *words: str) -> str:
    done = subprocess.run(
        ["docker", "run", "--rm", image, *words],
        env={"PATH": os.environ["PATH"], **dockerd.environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def test_a_folder_becomes_an_image(act: Act, build: Callable[..., Done], dockerd: Dockerd) -> None:
    dockerfile = (
        f'FROM {IMAGE} AS base\nARG V\nRUN echo "v $V" > /v\nCOPY . /in/\nLABEL a=b\nFROM base AS more\nRUN exit 3\n'
    )
    files(
        act,
        shop__Dockerfile=dockerfile,
        shop__keep="kept",
        shop__logs__a="x",
        shop__logs__b="y",
        shop__deep__x__tmp="t",
    )
    (act.folder / "shop/.dockerignore").write_text("# none of these\nlogs/*\n!logs/b\n**/tmp\n")
    (act.folder / "shop/link").symlink_to("keep")
    given = {"context": "shop", "tag": "1.4.0", "build-args": {"V": 7}, "labels": {"c": "d"}, "target": "base"}
    done = build(**given)
    assert done.code == 0, done.log
    assert done.outputs["image"] == "shop:1.4.0"
    assert done.outputs["digest"] == ""
    found = dockerd.engine.json("GET", "/images/shop:1.4.0/json")
    assert done.outputs["id"] == found["Id"]
    assert found["Config"]["Labels"] == {"a": "b", "c": "d"}
    there = run_in(dockerd, "shop:1.4.0", "sh", "-c", "cat /v; cd /in; find . -type f -o -type l | sort")
    assert there.split("\n") == ["v 7", "./.dockerignore", "./Dockerfile", "./keep", "./link", "./logs/b", ""]
    assert "Step 1/6" in done.log
    done = build(**{**given, "target": "more"})
    assert done.said.endswith("The command '/bin/sh -c exit 3' returned a non-zero code: 3")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"context": "../.."}, "context: ../.. leads out of the working directory"),
        ({"context": "none"}, "context: none is no folder here: is `checkout: true` missing?"),
        ({}, "dockerfile: there is no Dockerfile in the context"),
        ({"image": "a:b"}, "image: a:b has a tag already: write it in `tag`"),
    ],
)
def test_what_cannot_be_built(build: Callable[..., Done], given: dict[str, Any], said: str) -> None:
    assert build(**given).said == f"docker-build: {said}"


def test_no_engine(act: Act) -> None:
    done = act("docker-build", env={"DOCKER_HOST": f"unix://{act.folder}/none"})
    assert done.errored is not None
    assert done.errored[1].startswith(f"no Docker engine answers at unix://{act.folder}/none")
    assert act("docker-build", env={"DOCKER_HOST": "ssh://x"}).said.startswith(
        "docker-build: DOCKER_HOST ssh://x is no"
    )


def test_pushed(act: Act, build: Callable[..., Done], dockerd: Dockerd, registry: Registry) -> None:
    files(act, Dockerfile=f"FROM {IMAGE}\nRUN echo pushed > /p\n")
    given = {"image": f"{registry.host}/team/shop", "tag": "2", "push": True}
    assert "no basic auth credentials" in build(**given).said
    done = build(**given, username="ada", password=SECRET)
    assert done.code == 0, done.log
    assert done.outputs["digest"] == registry.digest("team/shop", "2")


def compose_file(dockerd: Dockerd, command: str) -> str:
    web = {"image": "${IMAGE}", "command": ["sh", "-c", command], "network_mode": "none", "init": True}
    return json.dumps({"version": "3.7", "services": {"web": web, "once": {**web, "command": ["true"]}}})


def test_up_and_down(act: Act, dockerd: Dockerd) -> None:
    if shutil.which("docker-compose") is None:
        assert not IN_CI, "docker-compose is missing"
        pytest.skip("docker-compose is missing: install the package docker-compose")
    project = f"p{hashlib.sha256(os.urandom(8)).hexdigest()[:8]}"
    (act.folder / "compose.yaml").write_text(compose_file(dockerd, "echo $$KEY; sleep 1000"))

    def compose(command: str, **given: Any) -> Done:
        given = {"project": project, "variables": {"IMAGE": IMAGE}, **given}
        return act("compose", command=command, env=dockerd.environment, **given)

    done = compose("up", services=["web"])
    assert (done.code, done.outputs) == (0, {"running": ["web"]}), done.log
    names = [name for name in dockerd.containers() if project in name]
    assert len(names) == 1
    assert compose("up", services=["web"]).code == 0
    assert [name for name in dockerd.containers() if project in name] == names, "nothing has changed"
    done = compose("down", volumes=True)
    assert (done.code, done.outputs) == (0, {"running": []}), done.log
    assert not [name for name in dockerd.containers() if project in name]
    assert "secret-variables: a line is not NAME=value" in compose("up", **{"secret-variables": SECRET}).said
    assert "files: none.yaml is not there" in compose("up", files=["none.yaml"]).said
    done = compose("up", variables={"IMAGE": "127.0.0.1:1/none"})
    assert "127.0.0.1:1" in done.said


def test_no_compose_file(act: Act, dockerd: Dockerd) -> None:
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose is missing: install the package docker-compose")
    assert "files: there is none of compose.yaml" in act("compose", env=dockerd.environment).said
