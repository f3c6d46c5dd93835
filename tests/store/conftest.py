"""One contract, two databases: every test that takes `url` or `ledger` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.postgres import BINARIES, IN_CI, Postgres

from windlass.clock import VirtualClock
from windlass.runs.model import Attempt, RunHead, Status, Step, StepKey
from windlass.store.ids import new_id
from windlass.store.ledger import Ledger

NOTICE = "No PostgreSQL server binaries here: the ledger's contract was tested on SQLite alone."
DIALECTS = ["sqlite", "postgresql"] if BINARIES or IN_CI else ["sqlite"]
collect_ignore = [] if BINARIES or IN_CI else ["test_postgresql.py"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "dialect" in metafunc.fixturenames:
        metafunc.parametrize("dialect", DIALECTS)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if BINARIES is None and not IN_CI:
        terminalreporter.write_line(NOTICE)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="wpg-"))
    server = Postgres(folder)
    server.start()
    yield server
    server.end()


@pytest.fixture
def url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database."""
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path}/ledger.db"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = f"t{uuid.uuid4().hex}"
    server.execute(f"CREATE SCHEMA {name}")  # thirty times faster than a database of its own
    yield server.url("postgres") + f"&options=-csearch_path%3D{name}"


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """An empty database on the server."""
    name = f"t{uuid.uuid4().hex}"
    postgres.execute(f"CREATE DATABASE {name}")
    yield postgres.url(name)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def open_ledger(url: str, clock: VirtualClock) -> Iterator[Callable[..., Ledger]]:
    """Opens the same ledger again and again; all are closed at the end."""
    opened: list[Ledger] = []

    def open_one(patience: float = 10.0) -> Ledger:
        opened.append(Ledger.open(url, clock=clock, patience=patience))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def ledger(open_ledger: Callable[..., Ledger]) -> Ledger:
    """An empty ledger whose writer is ours."""
    made = open_ledger()
    made.writer.take_over("test", 1)
    return made


class Runs:
    """Makes runs and steps."""

    def head(self, created_at: int = 1_000, **changes: object) -> RunHead:
        values: dict[str, object] = {
            "id": new_id(created_at),
            "repository": "shop",
            "workflow": "deploy",
            "commit": "c0ffee",
            "created_at": created_at,
        }
        return RunHead(**(values | changes))  # type: ignore[arg-type]

    def step(self, name: str, status: Status = Status.PENDING, **changes: object) -> Step:
        return Step(StepKey(name), status, **changes)  # type: ignore[arg-type]

    def attempt(self, number: int = 1, status: Status = Status.RUNNING, **changes: object) -> Attempt:
        return Attempt(number, status, **changes)  # type: ignore[arg-type]

    def insert(self, ledger: Ledger, head: RunHead | None = None, steps: tuple[Step, ...] = ()) -> RunHead:
        made = head or self.head()
        ledger.writer.write(lambda tx: tx.insert_run(made, b'{"plan": 1}', "sha256:1", "kind: Workflow\n", steps))
        return made


@pytest.fixture
def runs() -> Runs:
    return Runs()


@pytest.fixture
def python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a script in a process of its own, with arguments."""

    def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=60, check=False
        )

    return run
