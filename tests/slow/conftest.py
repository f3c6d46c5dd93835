"""Homes, repositories and servers for the tests that drive the real command; no process may outlive its test."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.postgres import BINARIES, IN_CI, Postgres
from tests.slow.home import Home
from tests.slow.installation import Installation
from tests.slow.jumping import Jumping
from tests.slow.processes import end, marked
from tests.slow.repo import Repo
from tests.slow.server import Server
from tests.slow.waiting import until

MakeServer = Callable[..., Server]
MakeInstallation = Callable[..., Installation]
WITH_POSTGRESQL = ["test_up_postgresql.py", "test_failover.py", "test_failover_kubernetes.py"]
collect_ignore = [] if BINARIES or IN_CI else WITH_POSTGRESQL  # the ledger's tests say so


def nothing_left(mark: Path) -> None:
    """Whatever a test left behind is ended, and is its failure."""
    try:
        until(lambda: not marked(f"{mark}/"), 30)
    except AssertionError:
        left = marked(f"{mark}/")
        end(left)
        raise AssertionError(f"these processes were left behind: {left}") from None


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    yield Home(tmp_path)
    nothing_left(tmp_path)


@pytest.fixture
def repo(home: Home) -> Repo:
    return Repo(home.folder / "shop")


@pytest.fixture
def serve(home: Home) -> Iterator[MakeServer]:
    """`serve(*sources, words=…, steps_live_on=…)`: a running server, stopped as an administrator does."""
    servers: list[Server] = []

    def make(*sources: Path, started: bool = True, **more: object) -> Server:
        server = Server(home, *sources, **more)  # type: ignore[arg-type]
        servers.append(server)
        return server.start() if started else server

    yield make
    for server in servers:
        server.close()
    if any(server.steps_live_on for server in servers):
        end(marked(f"{home.folder}/"))


@pytest.fixture(scope="module")
def module_home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One home for all tests of a module that share a server."""
    name = re.sub(r"\W", "-", request.module.__name__.rpartition(".")[2])
    folder = tmp_path_factory.mktemp(name)
    yield Home(folder)
    nothing_left(folder)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A database server of one module, which may restart it."""
    folder = Path(tempfile.mkdtemp(prefix="wpg-"))
    server = Postgres(folder)
    server.start()
    yield server
    server.end(dumped=True)


@pytest.fixture
def installation(postgres: Postgres, home: Home) -> Iterator[MakeInstallation]:
    """`installation(workflows, **env)`: several processes on a database of their own, with that environment."""
    made: list[Installation] = []

    def make(workflows: dict[str, str], **env: str) -> Installation:
        made.append(Installation(home, postgres, workflows, env))
        return made[-1]

    yield make
    for one in made:
        one.close()
    end(marked(f"{home.folder}/"))  # steps of a killed controller live on


@pytest.fixture
def jump(tmp_path: Path) -> Jumping:
    """`jump(seconds)`: moves the wall clock of one process."""
    return Jumping(tmp_path)
