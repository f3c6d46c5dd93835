"""Approvals by the real command: on a terminal, refused without one, and on a server that is killed meanwhile."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from tests.slow.repo import Repo
from tests.slow.terminal import Terminal
from tests.slow.waiting import until

if TYPE_CHECKING:
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SHIP = """
    inputs: {to: {type: string, default: production}}
    steps:
      build: {run: echo built}
      ask:
        needs: [build]
        if: ${{ inputs.to == 'production' }}
        approval:
          by: ["group:ops"]
          message: Ship to ${{ inputs.to }}?
          inputs: {percent: {type: integer, maximum: 100, default: 10}}
      ship:
        env: {PERCENT: "${{ steps.ask.outputs.percent }}", COMMENT: "${{ steps.ask.outputs.comment }}"}
        run: echo "shipping $PERCENT, $COMMENT"
    finally:
      tell: {env: {STATUS: "${{ run.status }}"}, run: echo "$STATUS"}
"""


def test_the_terminal_asks(home: Home, repo: Repo) -> None:
    repo.add("ship", SHIP)
    terminal = Terminal(home, "run", "ship", cwd=repo.path)
    terminal.until("ask asks: Ship to production?\npercent (integer) [10]: ")
    terminal.type("200")
    terminal.until("must be at most 100, is 200")
    terminal.type("25")
    terminal.until("Approve? (y/n) ")
    terminal.type("y")
    terminal.until("Comment, or Enter: ")
    terminal.type("go")
    out = terminal.end()
    assert terminal.process.returncode == 0, out
    assert "ship │ shipping 25, go" in out


def test_no_on_the_terminal(home: Home, repo: Repo) -> None:
    repo.add("ship", SHIP)
    terminal = Terminal(home, "run", "ship", "--output", "json", cwd=repo.path)
    for prompt, line in (("[10]: ", ""), ("(y/n) ", "n"), ("Enter: ", "not today")):
        terminal.until(prompt)
        terminal.type(line)
    run = json.loads(terminal.end())
    assert terminal.process.returncode == 1
    assert (run["status"], run["cause"]) == ("failed", "rejected")
    assert run["message"].endswith(": not today")
    assert run["steps"]["ship"]["status"] == "skipped"
    assert run["steps"]["tell"]["status"] == "succeeded"


def test_an_interrupt_ends_the_question(home: Home, repo: Repo) -> None:
    repo.add("ship", SHIP)
    terminal = Terminal(home, "run", "ship", "--output", "json", cwd=repo.path)
    terminal.until("[10]: ")
    terminal.process.send_signal(signal.SIGINT)
    run = json.loads(terminal.end())
    assert terminal.process.returncode == 130
    assert run["steps"]["ask"]["status"] == "cancelled"


def test_without_a_terminal_it_is_refused_before_anything_starts(home: Home, repo: Repo) -> None:
    repo.add("ship", SHIP)
    done = home.windlass("run", "ship", cwd=repo.path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "step ask asks for an approval on the terminal" in done.stderr
    assert not (home.folder / "home/state/windlass/local").exists()
    skipped = home.run_json(repo.path, "ship", "--input", "to=staging")
    assert skipped["steps"]["ask"]["status"] == "skipped"


def test_a_server_that_is_killed_while_it_waits(home: Home, repo: Repo, serve: MakeServer) -> None:
    repo.add("ship", SHIP)
    server = serve(repo.path)
    run = server.begin("shop", "ship")
    until(lambda: server.run(run)["status"] == "waiting")
    server.kill()
    server.start()
    assert [found["id"] for found in server.runs(status="waiting")] == [run]

    def approve(*words: str) -> tuple[int, str, str]:
        done = home.windlass("approve", run, *words, "--server", server.url)
        return done.returncode, done.stdout, done.stderr

    code, _, told = approve("ask", "--input", "percent=200")
    assert (code, "must be at most 100" in told) == (2, True), told
    code, _, told = approve("ask", "--input", "percent=many")
    assert (code, "must be an integer" in told) == (2, True), told
    assert approve("build")[0] == 1
    assert approve("nothing")[0] == 1
    assert approve("ask", "--input", "percent=25", "--comment", "go") == (0, f"{run} ask succeeded\n", "")
    ended = server.ended(run)
    assert ended["status"] == "succeeded"
    assert ended["steps"]["ask"]["approval"]["votes"][0]["by"] == "local"
    assert server.step_log(run, "ship").text == "shipping 25, go\n"
    code, _, told = approve("ask")
    assert (code, "has ended" in told) == (1, True), told


def test_reject_by_command(home: Home, repo: Repo, serve: MakeServer) -> None:
    repo.add("ship", SHIP)
    server = serve(repo.path)
    run = server.begin("shop", "ship")
    until(lambda: server.run(run)["status"] == "waiting")
    done = home.windlass("approve", run, "ask", "--reject", "--comment", "no", "--server", server.url)
    assert done.stdout == f"{run} ask failed: rejected by local: no\n"
    assert server.ended(run)["cause"] == "rejected"


def test_the_example_goes_live(home: Home) -> None:
    shutil.copytree(EXAMPLES, home.folder / "shop")
    terminal = Terminal(home, "run", "go-live", "--input", "environment=production", cwd=home.folder / "shop")
    for prompt, line in (("[10]: ", "30"), ("(y/n) ", "y"), ("Enter: ", "")):
        terminal.until(prompt)
        terminal.type(line)
    out = terminal.end()
    assert "gradually │ 30 percent of the traffic go to the new version, says " in out
    assert terminal.process.returncode == 0


PRODUCTION = """apiVersion: windlass.dev/v1
kind: Repository
environments:
  production: {protection: {branches: [main], approval: {by: ["group:ops"]}}}
"""
DEPLOY = """
    environment: production
    steps:
      build: {run: echo built}
    finally:
      tell: {run: echo told}
"""


def test_a_protected_environment_on_the_terminal(home: Home, repo: Repo) -> None:
    repo.commit({"windlass.yaml": PRODUCTION})
    repo.add("deploy", DEPLOY)
    terminal = Terminal(home, "run", "deploy", cwd=repo.path)
    terminal.until("environment-approval asks: Let deploy run in production?\nApprove? (y/n) ")
    terminal.type("y")
    terminal.until("Enter: ")
    terminal.type("")
    assert "build │ built" in terminal.end()
    assert "environment-approval" in home.windlass("run", "deploy", cwd=repo.path).stderr


def test_a_protected_environment_takes_no_other_branch(home: Home, repo: Repo) -> None:
    repo.commit({"windlass.yaml": PRODUCTION})
    repo.add("deploy", DEPLOY)
    repo.git("switch", "--quiet", "--create", "dev")
    run = home.run_json(repo.path, "deploy", code=1)
    assert (run["status"], run["cause"]) == ("errored", "policy")
    assert run["message"].endswith("and this is from dev")
    assert {step["status"] for step in run["steps"].values()} == {"skipped"}


EACH = """
    steps:
      ask:
        forEach: [eu, us]
        approval: {message: "${{ item }}?", inputs: {percent: {type: integer}}}
    outputs:
      percents: ${{ steps.ask.items.map(i, i.outputs.percent) }}
"""


def test_items_of_a_loop_by_command(home: Home, repo: Repo, serve: MakeServer) -> None:
    repo.add("each", EACH)
    server = serve(repo.path)
    run = server.begin("shop", "each")
    until(lambda: server.run(run)["status"] == "waiting")
    for key, percent in (("1", 15), ("0", 5)):
        words = ("--item", key, "--input", f"percent={percent}", "--server", server.url)
        done = home.windlass("approve", run, "ask", *words)
        assert done.stdout == f"{run} ask[{key}] succeeded\n", done.stderr
    assert server.ended(run)["outputs"] == {"percents": [5, 15]}


def test_who_follows_a_run_hears_what_it_waits_for(home: Home, repo: Repo, serve: MakeServer) -> None:
    repo.add("ship", SHIP)
    server = serve(repo.path)
    following = home.start("run", "shop/ship", "--server", server.url)
    (run,) = until(lambda: server.runs(status="waiting")) or ()
    assert following.stderr is not None
    assert following.stderr.readline() == f"run {run['id']} waits for approval by group:ops (0 of 1)\n"
    home.windlass("approve", run["id"], "ask", "--server", server.url)
    out, _ = following.communicate(timeout=60)
    assert following.returncode == 0, out
    assert "ship │ shipping 10" in out
