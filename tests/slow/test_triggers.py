"""Custom events, pushes, tags and chains by the real command: each starts what it should, once, also over a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.slow.repo import workflow
from tests.slow.waiting import until

if TYPE_CHECKING:
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo
    from tests.slow.server import Server

ON_EVENT = workflow(
    "clean",
    """
    inputs: {disk: {type: string}, percent: {type: integer, maximum: 100}}
    outputs: {said: "${{ steps.it.outputs.said }}"}
    triggers:
      event:
        - name: disk-full
          if: ${{ event.body.percent > 90 }}
          inputs: {disk: "${{ event.body.disk }}", percent: "${{ event.body.percent }}"}
    steps:
      it:
        env: {DISK: "${{ inputs.disk }}"}
        outputs: {said: {type: string}}
        run: echo "said=$DISK" >> "$WINDLASS_OUTPUT"
    """,
)
ON_GIT = workflow(
    "ci",
    """
    triggers:
      git:
        - push: {branches: ["ma*", "!master"], paths: ["shop/**", "!shop/docs/**"]}
        - tag: {pattern: "v*"}
    steps: {it: {run: "true"}}
    """,
)
ON_END = workflow(
    "report",
    """
    inputs: {disk: {type: string}}
    triggers:
      workflow:
        - {name: clean, inputs: {disk: "${{ event.run.outputs.said }}"}}
    steps: {it: {run: "true"}}
    """,
)


def firings(server: Server, name: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = server.get(f"/workflows/shop/{name}/firings")["items"]
    return items


def test_an_event_starts_a_run_and_its_end_another(home: Home, repo: Repo, serve: MakeServer) -> None:
    repo.commit({"workflows/clean.yaml": ON_EVENT, "workflows/report.yaml": ON_END})
    server = serve(repo.path)

    def trigger(*words: str, code: int = 0) -> tuple[str, str]:
        done = home.windlass("trigger", *words, "--server", server.url)
        assert done.returncode == code, done.stderr
        return done.stdout, done.stderr

    told, _ = trigger("disk-full", "--payload", '{"disk": "sdb", "percent": 97}')
    run, name = told.split()
    assert name == "shop/clean"
    assert server.ended(run)["outputs"] == {"said": "sdb"}
    (follower,) = until(lambda: server.runs(workflow="report"))
    assert follower["inputs"] == {"disk": "sdb"}
    assert server.ended(follower["id"])["status"] == "succeeded"

    (home.folder / "event.json").write_text('{"disk": "sda", "percent": 12}')
    out, err = trigger("disk-full", "--payload", f"@{home.folder}/event.json")
    assert (out, "its `if` is false" in err) == ("", True)
    out, err = trigger("nothing")
    assert (out, "no workflow waits for the event nothing" in err) == ("", True)
    assert "is not JSON" in trigger("disk-full", "--payload", "{disk", code=2)[1]
    assert "cannot be read" in trigger("disk-full", "--payload", "@nowhere.json", code=2)[1]
    assert "percent" in trigger("disk-full", "--payload", '{"disk": "sda", "percent": 101}', code=2)[1]
    assert "no name" in trigger("-", code=1)[1]
    assert home.windlass("trigger", "disk-full", "--server", "http://127.0.0.1:1").returncode == 3

    assert [(f["run"] is None, f["reason"] is None) for f in firings(server, "clean")] == [
        (True, False),
        (True, False),
        (False, True),
    ]
    assert len(server.runs()) == 2


def test_pushes_and_tags_fire_once_also_those_that_nobody_saw(repo: Repo, serve: MakeServer) -> None:
    repo.commit({"workflows/ci.yaml": ON_GIT, "shop/a": "1"})
    repo.git("tag", "v0")
    server = serve(repo.path)
    server.reconcile("shop")
    assert firings(server, "ci") == []

    repo.commit({"shop/docs/x.md": "1"})
    server.reconcile("shop")
    assert firings(server, "ci") == []
    repo.commit({"shop/a": "2"})
    newest = repo.commit({"elsewhere": "1"})
    server.reconcile("shop")
    (push,) = firings(server, "ci")
    run = server.ended(push["run"])
    assert (run["commit"], run["trigger"]["kind"]) == (newest, "git")
    repo.git("tag", "v1")
    repo.git("tag", "nightly")
    server.reconcile("shop")
    assert [f["trigger"] for f in firings(server, "ci")] == ["git[1]", "git[0]"]

    server.kill()
    repo.commit({"shop/a": "3"})
    repo.git("tag", "--annotate", "--message", "x", "v2")
    server.start()
    until(lambda: len(firings(server, "ci")) == 4)
    server.stop()
    server.start()
    server.reconcile("shop")
    found = firings(server, "ci")
    assert sorted(f["trigger"] for f in found) == ["git[0]", "git[0]", "git[1]", "git[1]"]
    assert len(server.runs(workflow="ci")) == 4
