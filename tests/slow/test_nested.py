"""Workflows that use workflows, by the real command: values, logs, reruns, a server that is killed meanwhile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.slow.repo import workflow
from tests.slow.waiting import until

if TYPE_CHECKING:
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo

OUTER = """
    outputs: {urls: "${{ steps.rollout.items.map(i, i.outputs.url) }}"}
    steps:
      rollout:
        forEach: [eu/1, us]
        uses: ./workflows/inner.yaml
        with: {region: "${{ item }}"}
      after: {needs: [rollout], run: echo after}
"""
INNER = """
    inputs: {region: {}}
    outputs: {url: "${{ steps.go.outputs.url }}"}
    steps:
      go:
        env: {R: "${{ inputs.region }}"}
        outputs: {url: {}}
        run: |
          echo "to $R"
          until [ -e GO ]; do sleep 0.05; done
          echo "url=https://$R" >> "$WINDLASS_OUTPUT"
    finally:
      tidy: {run: touch TIDIED}
"""


def add(repo: Repo, home: Home) -> None:
    inner = INNER.replace("GO", str(home.folder / "go")).replace("TIDIED", str(home.folder / "tidied"))
    repo.commit({"workflows/outer.yaml": workflow("outer", OUTER), "workflows/inner.yaml": workflow("inner", inner)})


def test_a_killed_server_goes_on_with_what_is_nested(home: Home, repo: Repo, serve: MakeServer) -> None:
    add(repo, home)
    server = serve(repo.path)
    run = server.begin("shop", "outer")
    inner = quote("rollout[0]/go", safe="")
    until(lambda: "to eu/1" in server.step_log(run, inner).text)
    until(lambda: "to us" in server.step_log(run, quote("rollout[1]/go", safe="")).text)
    repo.add("inner", "steps: {other: {run: 'true'}}")  # what runs is frozen, also what it uses
    server.kill()
    (home.folder / "go").touch()
    server.start()
    result = server.ended(run)
    assert result["outputs"] == {"urls": ["https://eu/1", "https://us"]}
    items = result["steps"]["rollout"]["items"]
    assert [list(item["steps"]) for item in items] == [["go", "tidy"]] * 2
    assert all(len(item["steps"]["go"]["attempts"]) == 1 for item in items)
    assert server.step_log(run, inner).text == "to eu/1\n"
    assert (home.folder / "tidied").exists()


def test_a_cancel_while_the_server_is_away_reaches_down(home: Home, repo: Repo, serve: MakeServer) -> None:
    add(repo, home)
    server = serve(repo.path)
    run = server.begin("shop", "outer")
    for number, region in enumerate(("eu/1", "us")):
        begun = quote(f"rollout[{number}]/go", safe="")
        until(lambda begun=begun, region=region: f"to {region}" in server.step_log(run, begun).text)
    server.post(f"/runs/{run}/cancel", code=202)
    server.kill()
    server.start()
    result = server.ended(run)
    assert (result["status"], result["steps"]["after"]["status"]) == ("cancelled", "cancelled")
    for item in result["steps"]["rollout"]["items"]:
        tidy = item["steps"]["tidy"]
        assert item["status"] == "cancelled"
        # Killed between the record of its start and the start itself, it is lost rather than started twice (R3).
        assert (tidy["status"], tidy["cause"]) in (("succeeded", None), ("errored", "lost"))


def test_on_a_laptop_with_logs_and_a_rerun(home: Home, repo: Repo) -> None:
    add(repo, home)
    (home.folder / "go").touch()
    refusing = INNER.replace("until [ -e GO ]; do sleep 0.05; done", '[ "$R" = us ]')
    repo.add("inner", refusing.replace("touch TIDIED", "echo tidy"))
    done = home.windlass("run", "outer", cwd=repo.path)
    assert done.returncode == 1
    assert "rollout[0]/go │ to eu/1" in done.stdout
    failed = home.run_json(repo.path, "outer", code=1)
    assert (failed["cause"], failed["steps"]["after"]["cause"]) == ("exit-code", "needs-failed")
    assert "rollout[0]/go │ to eu/1" in home.windlass("logs", failed["id"]).stdout
    again = home.windlass("rerun", failed["id"], "--failed", "--output", "json", cwd=repo.path)
    assert json.loads(again.stdout)["steps"]["rollout"]["items"][0]["steps"]["go"]["status"] == "failed"


def test_a_rerun_goes_on_inside(home: Home, repo: Repo, serve: MakeServer) -> None:
    inner = """
    outputs: {id: "${{ steps.first.outputs.id }}"}
    steps:
      first: {outputs: {id: {}}, run: 'echo "id=$WINDLASS_RUN_ID" >> "$WINDLASS_OUTPUT"; echo once'}
      second: {needs: [first], run: test -e GO}
    finally:
      tidy: {run: echo tidy}
    """
    outer = 'outputs: {id: "${{ steps.below.outputs.id }}"}\nsteps: {below: {uses: ./workflows/inner.yaml}}\n'
    inner = inner.replace("GO", str(home.folder / "go"))
    repo.commit({"workflows/outer.yaml": workflow("outer", outer), "workflows/inner.yaml": workflow("inner", inner)})
    server = serve(repo.path)
    failed = server.ended(server.begin("shop", "outer"))
    assert failed["status"] == "failed"
    (home.folder / "go").touch()
    again = server.ended(server.post(f"/runs/{failed['id']}/rerun", {"mode": "failed"}, code=202)["id"])
    assert (again["status"], again["outputs"]) == ("succeeded", {"id": failed["id"]}), (
        "the first step ran in the old run"
    )
    assert server.step_log(again["id"], "below%2Ffirst").text == "once\n"
    assert server.step_log(again["id"], "below%2Ftidy").text == "tidy\n"


def test_logs_of_what_is_inside_by_the_names_that_lines_have(home: Home, repo: Repo, serve: MakeServer) -> None:
    """What has not begun has an empty log; what will never be is unknown."""
    outer = """
    steps:
      gate: {run: "until [ -e GO ]; do sleep 0.05; done"}
      each: {needs: [gate], matrix: {m: [a/b]}, uses: ./workflows/inner.yaml}
      one: {needs: [gate], uses: ./workflows/inner.yaml}
    """
    inner = "steps: {said: {run: echo said}, many: {forEach: [x], run: echo item}}\n"
    gate = home.folder / "go"
    outer = outer.replace("GO", str(gate))
    repo.commit({"workflows/outer.yaml": workflow("outer", outer), "workflows/inner.yaml": workflow("inner", inner)})
    server = serve(repo.path)
    run = server.begin("shop", "outer")

    def code(step: str, **params: str) -> tuple[int, str | None]:
        answer = server.http.get(f"/api/v1/runs/{run}/steps/{quote(step, safe='')}/logs", params=params)
        return answer.status_code, answer.headers.get("Windlass-Complete")

    known = ["one/said", "each[m=a%2Fb]/said", "each[m=a%2Fb]/many"]
    assert [code(step) for step in known] == [(200, "false")] * 3
    assert code("one/many", item="0") == (200, "false")
    unknown = ["one/other", "each/said", "gate/said", "gate[0]", "one[0]/said", "other/said", "one/said/said"]
    assert [code(step)[0] for step in unknown] == [404] * len(unknown)
    follower = home.start("logs", "-f", run, "one/said", "--server", server.url)
    gate.touch()
    assert server.ended(run)["status"] == "succeeded"
    assert follower.communicate(timeout=60) == ("said\n", "")

    def printed(step: str) -> tuple[int, str]:
        done = home.windlass("logs", run, step, "--server", server.url)
        return done.returncode, done.stdout

    assert printed("each[m=a%2Fb]/said") == (0, "said\n")
    assert printed("each[m=a%2Fb]/many[0]") == (0, "item\n")
    assert printed("one/many[0]") == (0, "item\n")
    assert [printed(step) for step in ("one/other", "one/many[1]", "each[]", "[", "each[m=c]/said")] == [(1, "")] * 5
    assert code("each[m=c]/said") == (404, None)
