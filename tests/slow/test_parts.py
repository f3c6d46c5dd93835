"""Parts by the real server and command: through `kill -9`, a cancel, an action, and silence that ends a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.slow.processes import marked
from tests.slow.waiting import until

if TYPE_CHECKING:
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo

PARTED = """
steps:
  test:
    outputs: {{seen: {{type: string}}}}
    env: {{GO: {go}}}
    run:
      - name: install
        run: |
          echo installing
          echo "TOOL=one" >> "$WINDLASS_ENV"
          until test -e "$GO.1"; do sleep 0.02; done
      - name: unit
        run: |
          echo "with $TOOL"
          echo "seen=$TOOL" >> "$WINDLASS_OUTPUT"
          until test -e "$GO.2"; do sleep 0.02; done
      - {{name: tidy, if: "${{{{ always() }}}}", run: echo tidied}}
"""


def parts_of(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Of the newest attempt; none while there is no attempt."""
    attempts = result["steps"]["test"]["attempts"]
    return [(part["name"], part["status"]) for part in attempts[-1]["parts"]] if attempts else []


def test_parts_go_on_while_the_server_is_gone(home: Home, repo: Repo, serve: MakeServer) -> None:
    go = home.folder / "go"
    repo.add("parts", PARTED.format(go=go))
    server = serve(repo.path)
    run = server.begin("shop", "parts")
    until(lambda: parts_of(server.run(run)) == [("install", "running"), ("unit", "pending"), ("tidy", "pending")])
    until(lambda: server.step_log(run, "test").text == "installing\n")
    server.kill()
    go.with_suffix(".1").touch()
    log = next((server.data / "logs").rglob("*.log"))
    until(lambda: b"with one\n" in log.read_bytes())  # the next part has begun without a server
    server.start()
    until(lambda: parts_of(server.run(run))[1] == ("unit", "running"))
    go.with_suffix(".2").touch()
    result = server.ended(run)
    assert (result["status"], result["steps"]["test"]["outputs"]) == ("succeeded", {"seen": "one"})
    (attempt,) = result["steps"]["test"]["attempts"]
    assert [part["offset"] for part in attempt["parts"]] == [0, 11, 20]
    assert server.step_log(run, "test").text == "installing\nwith one\ntidied\n"


def test_a_cancel_ends_the_part_that_runs_and_begins_no_other(home: Home, repo: Repo, serve: MakeServer) -> None:
    repo.add("parts", PARTED.format(go=home.folder / "go"))
    server = serve(repo.path)
    run = server.begin("shop", "parts")
    until(lambda: server.step_log(run, "test").text == "installing\n")
    server.post(f"/runs/{run}/cancel", code=202)
    result = server.ended(run)
    assert (result["status"], result["steps"]["test"]["cause"]) == ("cancelled", "cancelled-by-user")
    assert parts_of(result) == [("install", "cancelled"), ("unit", "skipped"), ("tidy", "skipped")]
    assert server.step_log(run, "test").text == "installing\n"
    until(lambda: not any("script" in line for line in marked(f"{home.folder}/").values()))


def test_an_action_may_have_parts(home: Home, repo: Repo) -> None:
    repo.commit(
        {
            "actions/build/action.yaml": """
apiVersion: windlass.dev/v1
kind: Action
metadata: {name: build}
inputs: {word: {type: string}}
outputs: {said: {type: string}}
shell: sh
run:
  - {name: prepare, run: 'echo "SAID=<$INPUT_WORD>" >> "$WINDLASS_ENV"'}
  - {name: broken, if: "${{ failure() }}", run: exit 9}
  - {name: say, run: 'echo "said=$SAID" >> "$WINDLASS_OUTPUT"'}
"""
        }
    )
    repo.add("use", "steps: {test: {uses: ./actions/build, with: {word: hello}}}\n")
    result = home.run_json(repo.path, "use")
    assert result["steps"]["test"]["outputs"] == {"said": "<hello>"}
    assert parts_of(result) == [("prepare", "succeeded"), ("broken", "skipped"), ("say", "succeeded")]


def test_the_text_for_people_has_headings(home: Home, repo: Repo) -> None:
    repo.add("talk", "steps: {test: {run: [{name: one, run: echo 1}, {name: silent, run: ':'}, {run: printf 3}]}}\n")
    done = home.windlass("run", "talk", cwd=repo.path)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("test ")]
    assert lines == ["test ▸ one", "test │ 1", "test ▸ silent", "test ▸ part-3", "test │ 3"]


def test_a_step_that_falls_silent_is_ended_also_after_a_restart(home: Home, repo: Repo, serve: MakeServer) -> None:
    repo.add(
        "hang",
        "steps:\n  talk: {quietTimeout: 30s, run: 'for i in 1 2 3 4 5; do echo $i; sleep 0.1; done'}\n"
        "  hang: {quietTimeout: 5s, run: 'echo begun; sleep 1000'}\n"
        "finally: {last: {run: 'echo over'}}\n",
    )
    server = serve(repo.path)
    run = server.begin("shop", "hang")
    until(lambda: server.step_log(run, "hang").text == "begun\n")
    server.kill()
    server.start()
    result = server.ended(run)
    assert (result["status"], result["cause"]) == ("failed", "quiet-timeout")
    steps = result["steps"]
    assert [steps[name]["status"] for name in ("talk", "hang", "last")] == ["succeeded", "failed", "succeeded"]
    assert steps["hang"]["message"] == "wrote nothing for longer than its quietTimeout of 5s"
    assert len(steps["hang"]["attempts"]) == 1
