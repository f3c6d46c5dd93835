"""`kill -9` of the server while steps run: they live on and are adopted, or judged lost by evidence."""

from __future__ import annotations

import random
import signal
import time
from typing import TYPE_CHECKING

import pytest
from tests.slow.processes import end, marked
from tests.slow.promises import WITNESS, check
from tests.slow.waiting import until

if TYPE_CHECKING:
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo
    from tests.slow.server import Server


def add_long(repo: Repo, home: Home, **keys: str) -> None:
    """A step that counts to 30, and waits at 5 until it is told to go on."""
    pause = f"if [ $i = 5 ]; then until [ -e {home.folder / 'go-on'} ]; do sleep 0.05; done; fi"
    script = f"{WITNESS}; for i in $(seq 30); do echo line $i; {pause}; done; echo n=30 >> $WINDLASS_OUTPUT"
    more = "".join(f"    {name}: {value}\n" for name, value in keys.items())
    repo.add(
        "long",
        f"env: {{WITNESS: {home.folder / 'witness'}}}\n"
        f"steps:\n  count:\n    outputs: {{n: {{type: integer}}}}\n    run: '{script}'\n{more}"
        f"  after: {{needs: [count], run: '{WITNESS}'}}\n",
    )


def go_on(home: Home) -> None:
    (home.folder / "go-on").touch()


def started(server: Server, run: str, step: str = "count") -> bool:
    attempts = server.run(run)["steps"][step]["attempts"]
    return bool(attempts and attempts[0]["startedAt"])


def test_a_step_that_runs_is_adopted(home: Home, repo: Repo, serve: MakeServer) -> None:
    add_long(repo, home)
    server = serve(repo.path)
    run = server.begin("shop", "long")
    until(lambda: server.step_log(run, "count").text.count("\n") >= 3)
    server.kill()
    server.start()
    assert server.run(run)["status"] == "running"  # adopted, not begun again
    go_on(home)
    result = server.ended(run)
    assert (result["status"], len(result["steps"]["count"]["attempts"])) == ("succeeded", 1)
    assert result["steps"]["count"]["outputs"] == {"n": 30}
    log = server.step_log(run, "count")
    assert log.text.splitlines() == [f"line {i}" for i in range(1, 31)]
    assert log.headers["Windlass-Complete"] == "true"
    check(server, home.folder / "witness", repo, ("count", "after"))


def test_a_step_that_ended_while_nobody_looked_is_believed(home: Home, repo: Repo, serve: MakeServer) -> None:
    add_long(repo, home)
    server = serve(repo.path)
    run = server.begin("shop", "long")
    until(lambda: started(server, run))
    server.kill()
    go_on(home)
    until(lambda: not any(line.startswith(("bash", "sleep")) for line in marked(f"{home.folder}/").values()))
    server.start()
    result = server.ended(run)
    assert (result["status"], len(result["steps"]["count"]["attempts"])) == ("succeeded", 1)
    assert result["steps"]["count"]["outputs"] == {"n": 30}
    check(server, home.folder / "witness", repo, ("count", "after"))


@pytest.mark.parametrize(("idempotent", "attempts"), [("false", 1), ("true", 2)])
def test_what_cannot_be_proven_is_lost(
    home: Home, repo: Repo, serve: MakeServer, idempotent: str, attempts: int
) -> None:
    add_long(repo, home, idempotent=idempotent, retry="{attempts: 3, delay: 1ms}")
    server = serve(repo.path)
    run = server.begin("shop", "long")
    until(lambda: started(server, run))
    server.kill()
    end(marked(f"{home.folder}/"))  # as by the OOM killer: nobody is left to record an exit
    until(lambda: not marked(f"{home.folder}/"))
    go_on(home)
    server.start()
    result = server.ended(run)
    found = result["steps"]["count"]["attempts"]
    assert len(found) == attempts, found
    assert (found[0]["status"], found[0]["cause"], found[0]["exitCode"]) == ("errored", "lost", None)
    expected = ("succeeded", None) if attempts == 2 else ("errored", "lost")
    assert (result["status"], result["cause"]) == expected
    assert (home.folder / "witness").read_text().count("count") == attempts


def test_a_step_that_was_killed_alone_is_failed_by_its_signal(home: Home, repo: Repo, serve: MakeServer) -> None:
    add_long(repo, home)
    server = serve(repo.path)
    run = server.begin("shop", "long")
    until(lambda: started(server, run))
    server.kill()
    script = until(lambda: [pid for pid, line in marked(f"{home.folder}/").items() if line.startswith("bash ")])
    end(script)
    server.start()
    result = server.ended(run)
    (attempt,) = result["steps"]["count"]["attempts"]
    assert (attempt["status"], attempt["cause"], attempt["exitCode"]) == ("failed", "exit-code", 128 + signal.SIGKILL)
    assert result["steps"]["after"]["status"] == "skipped"


def test_an_adopted_step_can_be_cancelled(home: Home, repo: Repo, serve: MakeServer) -> None:
    repo.add("sleeper", "steps: {it: {run: sleep 300}}\nfinally: {tidy: {run: 'true'}}\n")
    server = serve(repo.path)
    run = server.begin("shop", "sleeper")
    until(lambda: server.run(run)["steps"]["it"]["attempts"])
    server.kill()
    server.start()
    server.post(f"/runs/{run}/cancel", code=202)
    result = server.ended(run)
    assert (result["status"], result["steps"]["tidy"]["status"]) == ("cancelled", "succeeded")
    until(lambda: not any("sleep 300" in line for line in marked(f"{home.folder}/").values()))


def test_a_cancel_is_not_forgotten(home: Home, repo: Repo, serve: MakeServer) -> None:
    """Acknowledged, then killed: the run ends cancelled, and `finally` runs (R6)."""
    deaf = "trap '' TERM; while true; do sleep 0.05; done"
    repo.add("deaf", f'steps: {{it: {{killAfter: 2s, run: "{deaf}"}}}}\nfinally: {{tidy: {{run: "true"}}}}\n')
    server = serve(repo.path)
    run = server.begin("shop", "deaf")
    until(lambda: server.run(run)["steps"]["it"]["attempts"])
    server.post(f"/runs/{run}/cancel", code=202)
    until(lambda: server.run(run)["status"] != "running")
    server.kill()
    server.start()
    result = server.ended(run)
    assert (result["status"], result["cause"]) == ("cancelled", "cancelled-by-user")
    assert result["steps"]["tidy"]["status"] == "succeeded"


def test_a_timeout_fires_over_a_restart(home: Home, repo: Repo, serve: MakeServer) -> None:
    repo.add("slow", "steps: {it: {timeout: 2s, run: sleep 300}}\n")
    server = serve(repo.path)
    run = server.begin("shop", "slow")
    until(lambda: started(server, run, "it"))
    server.kill()
    server.start()
    result = server.ended(run)
    assert (result["status"], result["cause"]) == ("failed", "timeout")


def test_an_orderly_stop_leaves_steps_to_be_adopted(home: Home, repo: Repo, serve: MakeServer) -> None:
    add_long(repo, home)
    server = serve(repo.path)
    run = server.begin("shop", "long")
    until(lambda: started(server, run))
    server.stop()
    assert any(line.startswith("bash ") for line in marked(f"{home.folder}/").values())
    go_on(home)
    server.start()
    result = server.ended(run)
    assert (result["status"], len(result["steps"]["count"]["attempts"])) == ("succeeded", 1)


def wait_until(moment: float) -> None:
    until(lambda: time.monotonic() >= moment, pause=0.001)


def test_killed_at_random_moments(home: Home, repo: Repo, serve: MakeServer) -> None:
    """Many short runs, five kills: nothing starts twice, everything ends, nothing succeeded without having run."""
    witness = home.folder / "witness"
    repo.add(
        "many",
        f"env: {{WITNESS: {witness}}}\n"
        f"steps:\n  - {{name: a, run: '{WITNESS}; sleep 0.1'}}\n"
        f"  - {{name: b, run: '{WITNESS}'}}\n  - {{name: c, run: '{WITNESS}'}}\n",
    )
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    server = serve(repo.path)
    for _ in range(5):
        for _ in range(4):
            server.begin("shop", "many")
        wait_until(time.monotonic() + chance.uniform(0, 0.3))
        server.kill()
        server.start()
    runs = check(server, witness, repo, ("a", "b", "c"))
    assert len(runs) == 20, f"seed {seed}"
    assert {(run["status"], run["cause"]) for run in runs} <= {("succeeded", None), ("errored", "lost")}, f"seed {seed}"
    lost = [run["id"] for run in runs if run["cause"] == "lost"]
    assert len(lost) <= 5, f"seed {seed}: {lost}"
