"""`windlass explain why` and `explain triggers`, by real runs of a server and of this machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.slow.waiting import until

if TYPE_CHECKING:
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo

SHIP = """
    concurrency: {group: prod}
    steps:
      build: {run: 'true'}
      ask: {needs: [build], approval: {by: ["group:ops"]}}
      ship: {needs: [ask], run: 'true'}
      retried: {retry: {attempts: 3, delay: 1h}, run: exit 3}
    finally:
      tell: {run: 'true'}
"""


def explained(home: Home, run: str, *words: str) -> dict[str, Any]:
    done = home.windlass("explain", "why", run, "--output", "json", *words)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_run_that_waits_for_people_time_and_another_run(home: Home, repo: Repo, serve: MakeServer) -> None:
    repo.add("ship", SHIP)
    server = serve(repo.path)
    first = server.begin("shop", "ship")
    until(lambda: all(server.run(first)["steps"][name]["status"] == "waiting" for name in ("ask", "retried")))
    second = server.begin("shop", "ship")
    until(lambda: server.run(second)["status"] == "waiting")
    asked = ("--server", server.url)
    found = {reason["step"]: reason for reason in explained(home, first, *asked)["reasons"]}
    assert {step: reason["kind"] for step, reason in found.items()} == {
        "ask": "approval",
        "retried": "retry",
        "ship": "needs",
        "tell": "needs",
    }
    assert found["ship"]["message"] == "waits for ask"
    assert found["retried"]["at"] == server.run(first)["steps"]["retried"]["nextAt"]
    text = home.windlass("explain", "why", first, *asked).stdout
    assert text.startswith(f"{first}  shop/ship  running\n  ask      waits for approval by group:ops (0 of 1)\n")
    assert f"try: windlass approve {first} ask\n" in text
    lock = explained(home, second, *asked)["reasons"][0]
    assert (lock["step"], lock["kind"]) == (None, "lock")
    assert [holder["run"] for holder in lock["holders"]] == [first]
    assert f"held by {first} (ship) since" in home.windlass("explain", "why", second, *asked).stdout
    for run in (second, first):
        server.post(f"/runs/{run}/cancel", code=202)
        ended = server.ended(run)
        assert ended["status"] == "cancelled"
        (reason,) = explained(home, run, *asked)["reasons"]
        assert reason["message"] == "it was cancelled: cancelled-by-user: cancelled by local"


def test_a_run_of_this_machine(home: Home, repo: Repo) -> None:
    repo.add("broken", "steps: {a: {run: 'true'}, b: {needs: [a], run: exit 3}}\n")
    run = home.run_json(repo.path, "broken", code=1)["id"]
    done = home.windlass("explain", "why", run)
    assert done.stdout == (
        f"{run}  shop/broken  failed\n"
        "  the run  it failed: exit-code: exit code 3\n"
        "  b        exit-code: exit code 3\n"
        f"           try: windlass logs {run} b\n"
    )


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["why"], 2, "needs RUN"),
        (["why", "../../etc"], 1, "no run"),
        (["why", "01JD0000000000000000000000"], 3, "no server"),
        (["triggers"], 2, "needs WORKFLOW"),
        (["triggers", "nothing"], 2, "no workflow nothing"),
        (["triggers", "timed", "--count", "0"], 2, "at least 1"),
        (["triggers", "timed", "step"], 2, "one NAME"),
    ],
)
def test_wrong_use(home: Home, repo: Repo, words: list[str], code: int, told: str) -> None:
    repo.add("timed", TIMED)
    done = home.windlass("explain", *words, cwd=repo.path)
    assert (done.returncode, told in done.stderr) == (code, True), done.stderr
    assert done.stdout == ""


TIMED = """
    triggers:
      schedule:
        - {cron: "0 3 1 1 *", timezone: Europe/Berlin}
        - {every: 1h, enabled: false}
      webhook: [{name: push, verify: {scheme: none}}]
    steps: [{run: 'true'}]
"""


def test_triggers_of_the_work_tree(home: Home, repo: Repo) -> None:
    repo.add("timed", TIMED)
    done = home.windlass("explain", "triggers", "timed", "--count", "1", cwd=repo.path)
    lines = done.stdout.splitlines()
    assert lines[:2] == ["shop/timed", "  schedule[0]  cron: 0 3 1 1 *  timezone: Europe/Berlin"]
    assert lines[2].startswith("    next  20")
    assert lines[2].endswith("-01-01T02:00:00.000Z")
    assert lines[3:] == ["  schedule[1]  (disabled)  every: 1h", '  webhook.push  verify: {"scheme": "none"}']
    found = json.loads(home.windlass("explain", "triggers", "timed", "--output", "json", cwd=repo.path).stdout)
    assert [trigger["enabled"] for trigger in found["triggers"]] == [True, False, True]
    assert {fire["trigger"] for fire in found["next"]} == {"schedule[0]"}


def test_triggers_of_a_server_with_their_firings(home: Home, repo: Repo, serve: MakeServer) -> None:
    repo.add("timed", TIMED)
    server = serve(repo.path)
    answer = server.http.post("/hooks/shop/push", json={})
    assert answer.status_code == 202, answer.text
    run = answer.json()["runs"][0]["id"]
    server.ended(run)
    done = home.windlass("explain", "triggers", "shop/timed", "--server", server.url)
    last = done.stdout.splitlines()[-1]
    assert last.endswith(f"  webhook.push  run {run}"), done.stdout + done.stderr
    assert "  last firings\n" in done.stdout
    assert home.windlass("explain", "triggers", "timed", "--server", server.url).returncode == 2
    assert home.windlass("explain", "triggers", "shop/none", "--server", server.url).returncode == 1
