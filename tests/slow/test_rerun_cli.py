"""`windlass rerun`: on this machine and on a server, what it prints and how it exits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo

DEPLOY = """
    inputs: {door: {type: string}}
    outputs: {image: "${{ steps.build.outputs.image }}"}
    steps:
      build:
        outputs: {image: {type: string}}
        run: |
          echo building
          echo "image=$(date +%N)" >> "$WINDLASS_OUTPUT"
      each: {forEach: 2, run: "echo item"}
      test:
        env: {DOOR: "${{ inputs.door }}", IMAGE: "${{ steps.build.outputs.image }}"}
        run: test -e "$DOOR" && echo testing
      ship: {needs: [test], run: echo shipping}
    finally:
      tell: {run: echo telling}
"""


def test_a_local_run_goes_on_from_what_failed(home: Home, repo: Repo) -> None:
    repo.add("deploy", DEPLOY)
    door = home.folder / "door"
    old = home.run_json(repo.path, "deploy", "--input", f"door={door}", code=1)
    door.touch()
    done = home.windlass("rerun", old["id"], "--failed", "--output", "json", cwd=repo.path)
    assert done.returncode == 0, done.stderr
    new = json.loads(done.stdout)
    assert done.stderr.splitlines()[0] == new["id"]
    assert {"test │ testing", "ship │ shipping", "tell │ telling"} <= set(done.stderr.splitlines())
    assert "building" not in done.stderr
    assert (new["rerunOf"], new["status"], new["inputs"]) == (old["id"], "succeeded", old["inputs"])
    assert new["steps"]["build"] == old["steps"]["build"]
    assert new["steps"]["each"] == old["steps"]["each"]
    assert new["outputs"] == old["steps"]["build"]["outputs"]
    logs = home.windlass("logs", new["id"], "build")
    assert logs.stdout == "building\n", logs.stderr


LOOP = """
    inputs: {door: {type: string}}
    outputs: {seen: "${{ steps.each.items.map(i, i.outputs.seen) }}"}
    steps:
      each:
        forEach: [a, b, c, d]
        failFast: false
        env: {DOOR: "${{ inputs.door }}", LETTER: "${{ item }}"}
        outputs: {seen: {type: string}}
        run: |
          echo "looking at $LETTER"
          [ "$LETTER" != c ] || test -e "$DOOR"
          echo "seen=$LETTER$(date +%N)" >> "$WINDLASS_OUTPUT"
      ship: {needs: [each], run: echo shipping}
"""


def test_a_loop_goes_on_with_the_items_that_failed(home: Home, repo: Repo) -> None:
    repo.add("deploy", LOOP)
    door = home.folder / "door"
    old = home.run_json(repo.path, "deploy", "--input", f"door={door}", code=1)
    assert [item["status"] for item in old["steps"]["each"]["items"]] == ["succeeded"] * 2 + ["failed", "succeeded"]
    door.touch()
    done = home.windlass("rerun", old["id"], "--failed", "--output", "json", cwd=repo.path)
    assert done.returncode == 0, done.stderr
    new = json.loads(done.stdout)
    before, after = old["steps"]["each"]["items"], new["steps"]["each"]["items"]
    assert [item["key"] for item in after] == ["0", "1", "2", "3"]
    assert [after[i] for i in (0, 1, 3)] == [before[i] for i in (0, 1, 3)]
    assert "looking at a" not in done.stderr
    assert "each[2] │ looking at c" in done.stderr
    assert new["outputs"] == {"seen": [item["outputs"]["seen"] for item in after]}
    logs = home.windlass("logs", new["id"])
    assert sorted(logs.stdout.splitlines())[:2] == ["each[0] │ looking at a", "each[1] │ looking at b"], logs.stderr


def test_a_local_run_takes_the_latest_definition_when_asked(home: Home, repo: Repo) -> None:
    repo.add("deploy", DEPLOY)
    old = home.run_json(repo.path, "deploy", "--input", "door=/", code=0)
    commit = repo.add("deploy", DEPLOY.replace("echo shipping", "echo shipped"))
    same = home.windlass("rerun", old["id"], "--from", "ship")
    assert (same.returncode, "ship │ shipping" in same.stdout) == (0, True), same.stderr
    assert same.stdout.splitlines()[0] != old["id"]
    latest = home.windlass("rerun", old["id"], "--failed", "--latest", "--output", "json", cwd=repo.path)
    assert latest.returncode == 0, latest.stderr
    run = json.loads(latest.stdout)
    assert run["commit"] == commit
    assert "ship │ shipped" in latest.stderr
    assert "test │ testing" not in latest.stderr
    elsewhere = home.windlass("rerun", old["id"], "--latest")
    assert elsewhere.returncode == 2


def test_wrong_use_of_a_local_rerun(home: Home, repo: Repo) -> None:
    repo.add("deploy", DEPLOY)
    old = home.run_json(repo.path, "deploy", "--input", "door=/", code=0)
    unknown = home.windlass("rerun", old["id"], "--from", "shop")
    assert unknown.returncode == 2
    assert "--from: there is no step shop; the steps are build, each, test, ship, tell" in unknown.stderr
    assert "input" not in unknown.stderr
    assert home.windlass("rerun", old["id"], "--detach").returncode == 2
    assert home.windlass("rerun", old["id"], "--failed", "--from", "ship").returncode == 2
    nothing = home.windlass("rerun", old["id"], "--failed")
    assert (nothing.returncode, "nothing to run again" in nothing.stderr) == (1, True)


def test_a_servers_run_goes_on_there(home: Home, repo: Repo, serve: MakeServer) -> None:
    repo.add("deploy", DEPLOY)
    door = home.folder / "door"
    server = serve(repo.path)
    old = server.begin("shop", "deploy", inputs={"door": str(door)})
    assert server.ended(old)["status"] == "failed"
    door.touch()
    done = home.windlass("rerun", old, "--failed", "--server", server.url)
    assert done.returncode == 0, done.stderr
    new = done.stdout.splitlines()[0]
    assert "test │ testing" in done.stdout
    assert "building" not in done.stdout
    assert server.run(new)["rerunOf"] == old
    logs = home.windlass("logs", new, "build", "--server", server.url)
    assert logs.stdout == "building\n"
    detached = home.windlass("rerun", old, "--detach", "--server", server.url)
    assert server.ended(detached.stdout.strip())["status"] == "succeeded"
    assert home.windlass("rerun", old, "--from", "none", "--server", server.url).returncode == 2
