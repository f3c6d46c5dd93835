"""Runners by name: several in one controller, those that are not there, and what their terms refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.executors.conftest import Seen

from windlass.clock import SystemClock
from windlass.errors import UsageError
from windlass.executors.local.spawn import spawn_supervisor
from windlass.executors.named import Given, Runners, all_runners
from windlass.runs.beside import LaunchService
from windlass.runs.model import AttemptKey, Launch
from windlass.settings import RunnerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Place:
    def __init__(self, data: Path, run: str) -> None:
        self.seen = Seen()
        self.data, self.run = data, run
        self.supervisor = supervisor = spawn_supervisor()
        self.known = all_runners({"small": RunnerSettings("small", "local", parallel=1)})
        self.runners = Runners(self.known, lambda: Given(data, self.seen, SystemClock(), supervisor=supervisor))

    def end(self, runner: str, step: str, **fields: Any) -> tuple[int | None, str | None, str | None]:
        values: dict[str, Any] = {"argv": ("sh", "{script}"), "env": {}, "script": "exit 3"}
        launch = Launch(key=AttemptKey(self.run, step, "", 1), runner=runner, **(values | fields))
        self.runners[runner].start([launch])
        ended = self.seen.ended(launch.key)
        return ended.exit_code, ended.cause, ended.message


@pytest.fixture
def place(tmp_path: Path, run_id: str) -> Iterator[Place]:
    made = Place(tmp_path, run_id)
    yield made
    made.runners.close(kill=True)
    made.supervisor.socket.close()


def test_each_name_is_an_executor_of_its_own(place: Place) -> None:
    assert place.end("small", "a")[0] == 3
    assert place.end("local", "b")[0] == 3
    assert place.runners["small"] is not place.runners["local"]
    assert place.runners["small"] is place.runners["small"]


def test_a_name_that_is_not_there_ends_what_it_is_given(place: Place) -> None:
    code, cause, message = place.end("smal", "a")
    assert (code, cause, message) == (None, "runner-unknown", "there is no runner smal (did you mean small?)")


def test_what_ran_on_a_runner_that_is_gone_is_lost(place: Place) -> None:
    key = AttemptKey(place.run, "a", "", 1)
    place.runners["gone"].adopt({key: {"container": "x"}})
    ended = place.seen.ended(key)
    assert ended.cause == "lost"
    assert (ended.message or "").endswith("what became of it there is unknown")


def test_terms(place: Place) -> None:
    services = (LaunchService("db", "postgres:17"),)
    code, cause, message = place.end("small", "a", services=services)
    assert (code, cause) == (None, "policy")
    assert (message or "").startswith("services: services need containers")
    code, cause, message = place.end("small", "b", docker=True)
    assert (code, cause) == (None, "policy")
    assert message == "docker: true is not allowed on the runner small (runners.small.allowDocker is not true)"


def test_a_kind_that_is_not_there() -> None:
    with pytest.raises(UsageError, match=r"runners\.x: there is no runner of kind cloud"):
        all_runners({"x": RunnerSettings("x", "cloud")})


def test_whose_engine_it_is_may_use_it() -> None:
    mine = all_runners({"builds": RunnerSettings("builds", "docker")}, own_engine=True)
    assert {name: runner.allow_docker for name, runner in mine.items() if runner.kind == "docker"} == {
        "docker": True,
        "builds": False,
    }
