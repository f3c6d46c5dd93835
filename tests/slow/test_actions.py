"""Actions by the real command: what a step is given reaches its program, and a server runs what was frozen."""

from __future__ import annotations

import json
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
from tests.slow.repo import workflow

if TYPE_CHECKING:
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo
    from tests.slow.server import Server

HEAD = "apiVersion: windlass.dev/v1\nkind: Action\nmetadata: {name: greet}\n"
INPUTS = """\
inputs:
  count: {type: integer, maximum: 9, default: 1}
  name: {type: string}
  parts-of: {type: array, items: {type: string}, required: false}
outputs:
  said: {type: string}
  inputs: {type: object}
"""
PROGRAM = """\
import json, os
given = {name: value for name, value in os.environ.items() if name.startswith("INPUT_")}
with open(os.environ["WINDLASS_INPUTS"]) as file:
    inputs = json.load(file)
with open(os.environ["WINDLASS_OUTPUT"], "a") as output:
    output.write(json.dumps({"said": json.dumps(given, sort_keys=True), "inputs": inputs}) + "\\n")
"""
ACTION = {"actions/greet/action.yaml": HEAD + INPUTS + "entrypoint: main.py\n", "actions/greet/main.py": PROGRAM}
BODY = """\
outputs: {said: "${{ steps.it.outputs.said }}", inputs: "${{ steps.it.outputs.inputs }}"}
inputs: {who: {type: string, default: Ada}, count: {type: integer, default: 2}}
steps:
  it:
    uses: ./actions/greet/
    with: {name: "${{ inputs.who }}", count: "${{ inputs.count }}"}
"""


def saying(text: str) -> dict[str, str | None]:
    outputs = "outputs: {said: {type: string}}\n"
    run = f'run: echo "said={text} $INPUT_NAME" >> "$WINDLASS_OUTPUT"\n'
    return {"actions/greet/action.yaml": f"{HEAD}inputs: {{name: {{default: you}}}}\n{outputs}{run}"}


SAYS = "outputs: {said: '${{ steps.it.outputs.said }}'}\nsteps: {it: {uses: ./actions/greet}}\n"


def said(server: Server) -> str:
    found: str = server.ended(server.begin("shop", "it"))["outputs"]["said"]
    return found


@pytest.mark.parametrize("target", ["it", "workflows/it.yaml"])
def test_inputs_are_variables_and_a_file(home: Home, repo: Repo, target: str) -> None:
    repo.commit({**ACTION, "workflows/it.yaml": workflow("it", BODY), "workflows/broken.yaml": "["})
    result = home.run_json(
        repo.path, target, "--env", "INPUT_NAME=Eve", "--env", "INPUT_PARTS_OF=x", "--env", "OTHER=y"
    )
    assert json.loads(result["outputs"]["said"]) == {"INPUT_COUNT": "2", "INPUT_NAME": "Ada"}
    assert result["outputs"]["inputs"] == {"count": 2, "name": "Ada", "parts-of": None}


def test_a_value_that_is_only_known_then_and_does_not_fit(home: Home, repo: Repo) -> None:
    repo.commit({**ACTION, "workflows/it.yaml": workflow("it", BODY)})
    step = home.run_json(repo.path, "it", "--input", "count=10", code=1)["steps"]["it"]
    assert (step["status"], step["cause"], step["message"]) == (
        "errored",
        "input-invalid",
        "with: count: must be at most 9, is 10",
    )
    assert step["attempts"] == []


def test_the_work_tree_is_what_runs(home: Home, repo: Repo) -> None:
    """Uncommitted changes of an action are there, and its mistakes are told before anything starts."""
    repo.commit({**saying("committed"), "workflows/it.yaml": workflow("it", SAYS)})
    repo.write(saying("written"))
    assert home.run_json(repo.path, "workflows/it.yaml")["outputs"] == {"said": "written you"}
    repo.write({"actions/greet/action.yaml": HEAD + "runs: echo\n"})
    done = home.windlass("run", "workflows/it.yaml", cwd=repo.path)
    assert done.returncode == 2
    assert "./actions/greet has errors: actions/greet/action.yaml:4:1: " in done.stderr


def test_a_server_runs_the_action_of_the_commit(repo: Repo, serve: MakeServer) -> None:
    repo.commit({**saying("one"), "workflows/it.yaml": workflow("it", SAYS)})
    server = serve(repo.path)
    run = server.begin("shop", "it")
    assert server.ended(run)["outputs"] == {"said": "one you"}
    step: dict[str, Any] = server.get(f"/runs/{run}/plan")["steps"]["it"]
    assert step["given"]["target"] == "./actions/greet"
    assert "INPUT_NAME" in step["script"]
    repo.commit(saying("two"))
    server.reconcile("shop")
    assert said(server) == "two you"
    again = server.post(f"/runs/{run}/rerun", {"mode": "all"}, code=202)
    assert server.ended(again["id"])["outputs"] == {"said": "one you"}, "the same plan, with the action as it was"
    latest = server.post(f"/runs/{run}/rerun", {"mode": "all", "definition": "latest"}, code=202)
    assert server.ended(latest["id"])["outputs"] == {"said": "two you"}


def test_an_action_that_is_broken_leaves_the_last_good_version_live(repo: Repo, serve: MakeServer) -> None:
    good = repo.commit({**saying("good"), "workflows/it.yaml": workflow("it", SAYS)})
    server = serve(repo.path)
    repo.commit({"actions/greet/action.yaml": HEAD + "runs: echo\n"})
    problems = {(p["file"], p["rule"]) for p in server.reconcile("shop")["problems"]}
    assert ("workflows/it.yaml", "broken-uses") in problems
    assert (server.live("shop")["it"]["stale"], server.live("shop")["it"]["commit"]) == (True, good)
    assert said(server) == "good you"
    server.kill()
    server.start()  # the ledger knows the action too
    assert said(server) == "good you"
    repo.commit(saying("mended"))
    server.reconcile("shop")
    assert said(server) == "mended you"


def test_a_script_finds_the_files_that_stand_beside_it(home: Home, repo: Repo, serve: MakeServer) -> None:
    """As they were at the run's commit, also when the commit is gone; nothing of them is in the working directory."""
    program = """\
    import os, pathlib
    from lib import words
    here = pathlib.Path(__file__).parent
    said = [words.SAID, (here / "data" / "more.txt").read_text().strip(), str(os.listdir("."))]
    pathlib.Path(os.environ["WINDLASS_OUTPUT"]).write_text("said=" + " ".join(said))
    """
    head = f"{HEAD}outputs: {{said: {{type: string}}}}\nentrypoint: src/main.py\n"
    files: dict[str, str | None] = {
        "actions/greet/action.yaml": head,
        "actions/greet/src/main.py": dedent(program),
        "actions/greet/src/lib/words.py": "SAID = 'one'\n",
        "actions/greet/src/data/more.txt": "more\n",
        "workflows/it.yaml": workflow("it", SAYS),
    }
    repo.commit(files)
    assert home.run_json(repo.path, "it")["outputs"] == {"said": "one more []"}
    server = serve(repo.path)
    run = server.begin("shop", "it")
    assert server.ended(run)["outputs"] == {"said": "one more []"}
    repo.commit({"actions/greet/src/lib/words.py": "SAID = 'two'\n"}, amend=True)
    server.reconcile("shop")
    again = server.post(f"/runs/{run}/rerun", {"mode": "all"}, code=202)
    assert server.ended(again["id"])["outputs"] == {"said": "one more []"}
    assert said(server) == "two more []"
