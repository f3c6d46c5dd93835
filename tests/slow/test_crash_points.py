"""Kill the server at every named effect boundary, start it again, and hold it to its promises.

Each scenario is run once to count the boundaries that it reaches; each case then dies at one of them (`os._exit`, as by
`kill -9`). A case that does not die there fails: the list of cases cannot become stale.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from tests.canary import keeps
from tests.slow.crash_scenarios import KEY, SCENARIOS
from tests.slow.waiting import until

from windlass.crashpoints import POINTS

if TYPE_CHECKING:
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo
    from tests.slow.server import Server

RUN = ("run.before-record", "run.recorded")
ENGINE = ("engine.observed", "engine.before-commit", "engine.recorded", "engine.carried-out")
EXECUTOR = ("executor.before-spawn", "executor.spawned")
WHERE = {
    "api": [
        *RUN,
        *(f"{point}{nth}" for point in (*ENGINE, *EXECUTOR) for nth in ("", ":2")),
        *(f"{p}:4" for p in ENGINE),
    ],
    "hook": ["hook.before-record", "run.before-record", "hook.recorded", "engine.recorded"],
    "schedule": [f"{point}{nth}" for point in ("schedule.before-fire", "schedule.fired") for nth in ("", ":2")],
    "commit": [f"source.{what}{nth}" for what in ("fetched", "loaded", "activated") for nth in ("", ":2")],
    "event": ["event.before-record", "event.recorded", "chain.before-record", "chain.recorded", "engine.recorded"],
    "group": [
        *(f"group.left{nth}" for nth in ("", ":2", ":3")),
        *(f"{point}:{nth}" for point in ("engine.recorded", "engine.carried-out") for nth in (3, 6)),
    ],
    "artifacts": [
        *(f"executor.{what}{nth}" for what in ("before-collect", "collected") for nth in ("", ":2")),
        "cache.stored",
    ],
    "library": [f"{point}{nth}" for point in ("library.fetched", "source.loaded") for nth in ("", ":2")],
    "push": [f"tags.before-record{nth}" for nth in ("", ":2")],
}
CASES = [(scenario, point) for scenario, points in WHERE.items() for point in points]

# Recorded before its effect, and killed in between: whether user code ran cannot be known, so the attempt is `lost`,
# and the run ends instead of running anything twice (R3). Everywhere else nothing at all is lost.
MAY_BE_LOST = {"engine.recorded", "executor.before-spawn"}


def prepared(scenario: str, home: Home, repo: Repo, serve: MakeServer) -> tuple[Any, Server]:
    one = SCENARIOS[scenario](repo, home.folder)
    one.prepare()
    keeps(home.folder / "hook.key").write_text(KEY + "\n")
    (home.folder / "server.yaml").write_text(f"secrets: {{HOOK: {{file: {home.folder}/hook.key}}}}\n")
    return one, serve(repo.path, words=("--config", str(home.folder / "server.yaml")), started=False)


@pytest.mark.parametrize(("scenario", "point"), CASES)
def test_killed_there_and_started_again(scenario: str, point: str, home: Home, repo: Repo, serve: MakeServer) -> None:
    one, server = prepared(scenario, home, repo, serve)
    if server.try_start({"WINDLASS_CRASH_AT": point}):
        one.act(server)
    assert server.wait() == 137, f"it did not die at {point}:\n{server.log}"
    server.start()
    one.settle(server)
    if one.status != ("succeeded", None):
        assert point.partition(":")[0] in MAY_BE_LOST, (one.status, server.log)
        assert one.status == ("errored", "lost")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_cases_cover_what_is_reached(scenario: str, home: Home, repo: Repo, serve: MakeServer) -> None:
    one, server = prepared(scenario, home, repo, serve)
    count = home.folder / "count"
    server.start({"WINDLASS_CRASH_COUNT": str(count)})
    one.act(server)
    one.settle(server)
    assert one.status == ("succeeded", None)
    reached = Counter(count.read_text().split())
    for point in WHERE[scenario]:
        name, _, nth = point.partition(":")
        assert reached[name] >= int(nth or 1), (point, reached)
    killed_at = {point.partition(":")[0] for _, point in CASES}
    assert set(reached) <= killed_at, "a boundary is reached at which nobody is killed"


def test_every_boundary_has_a_case() -> None:
    others = {point for point in POINTS if point.startswith("docker.")}  # test_docker.py has the engine for them
    assert {point.partition(":")[0] for _, point in CASES} == set(POINTS) - others


def test_killed_again_and_again(home: Home, repo: Repo, serve: MakeServer) -> None:
    """Each life dies at the next decision that it records: progress is made by crashes alone."""
    one, server = prepared("api", home, repo, serve)
    server.start({"WINDLASS_CRASH_AT": "engine.carried-out:2"})
    one.act(server)
    assert server.wait() == 137
    for _ in range(20):
        alive = server.try_start({"WINDLASS_CRASH_AT": "engine.carried-out"})
        if alive and _quiet(server):
            break
        assert server.wait() == 137
    one.settle(server)
    assert one.status == ("succeeded", None)


def _quiet(server: Server) -> bool:
    """Whether it has nothing left to decide; False when it died instead."""
    try:
        return until(lambda: not any(run["endedAt"] is None for run in server.runs()))
    except Exception:  # the connection broke
        return False
