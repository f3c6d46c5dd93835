"""`windlass run`: what it prints, for people and for programs, and how it exits."""

from __future__ import annotations

import json
import os
import pty
import re
import select
from typing import TYPE_CHECKING

from tests.slow.waiting import until

from windlass.clock import from_rfc3339

if TYPE_CHECKING:
    import subprocess

    from tests.slow.home import Home
    from tests.slow.repo import Repo

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

DEPLOY = """
    inputs: {who: {type: string, default: world}}
    outputs: {said: "${{ steps.greet.outputs.said }}"}
    steps:
      greet:
        env: {WHO: "${{ inputs.who }}"}
        outputs: {said: {type: string}}
        run: |
          echo "hello $WHO"
          echo "to stderr" >&2
          echo "said=hello $WHO" >> "$WINDLASS_OUTPUT"
      flaky:
        retry: {attempts: 2, delay: 1ms}
        run: "[ $WINDLASS_ATTEMPT = 2 ]"
      never: {if: false, run: exit 1}
"""


def test_the_object_is_exactly_that_of_the_interface(home: Home, repo: Repo) -> None:
    commit = repo.add("deploy", DEPLOY)
    done = home.windlass("run", "deploy", "--output", "json", cwd=repo.path)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1
    result = json.loads(done.stdout)
    run = {name: value for name, value in result.items() if name != "steps"}
    times = {name: run.pop(name) for name in ("createdAt", "startedAt", "endedAt")}
    assert run == {
        "id": run["id"],
        "repository": "shop",
        "workflow": "deploy",
        "commit": commit,
        "status": "succeeded",
        "cause": None,
        "message": None,
        "title": None,
        "labels": {},
        "trigger": {"kind": "manual", "name": run["trigger"]["name"], "scheduledAt": None},
        "actor": {"kind": "user", "name": "ada"},
        "rerunOf": None,
        "inputs": {"who": "world"},
        "outputs": {"said": "hello world"},
    }
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", run["id"])
    assert all(TIME.fullmatch(time) for time in times.values())
    assert times["createdAt"] <= times["startedAt"] <= times["endedAt"]
    greet, flaky, never = (result["steps"][name] for name in ("greet", "flaky", "never"))
    assert set(greet) >= {"status", "cause", "message", "outputs", "attempts", "items"}
    assert (greet["status"], greet["cause"], greet["message"]) == ("succeeded", None, None)
    assert (greet["outputs"], greet["items"]) == ({"said": "hello world"}, None)
    assert "steps" not in greet  # only of nested workflows
    (attempt,) = greet["attempts"]
    assert (attempt["number"], attempt["status"], attempt["cause"], attempt["exitCode"]) == (1, "succeeded", None, 0)
    assert from_rfc3339(attempt["startedAt"]) <= from_rfc3339(attempt["endedAt"])
    assert [a["exitCode"] for a in flaky["attempts"]] == [1, 0]
    assert (never["status"], never["cause"], never["outputs"], never["attempts"]) == ("skipped", "if-false", {}, [])


def test_with_json_logs_go_to_stderr(home: Home, repo: Repo) -> None:
    repo.add("deploy", DEPLOY)
    done = home.windlass("run", "deploy", "--output", "json", cwd=repo.path)
    assert "greet │ hello world\n" in done.stderr
    assert "greet │ to stderr\n" in done.stderr
    assert "│" not in done.stdout


def test_text_is_lines_and_a_tree_on_stdout(home: Home, repo: Repo) -> None:
    repo.add("deploy", DEPLOY)
    done = home.windlass("run", "deploy", "--input", "who=you", cwd=repo.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    assert lines[:2] == ["greet │ hello you", "greet │ to stderr"]
    head = next(index for index, line in enumerate(lines) if "succeeded deploy" in line)
    tree = lines[head:]
    assert re.match(r"├─ ✓ succeeded greet", tree[1])
    assert re.match(r"├─ ✓ succeeded flaky .*2 attempts", tree[2])
    assert re.match(r"└─ - skipped never .*if-false", tree[3])
    assert tree[4].strip() == "said = hello you"


def test_lines_are_shown_while_the_step_runs(home: Home, repo: Repo) -> None:
    gate = home.folder / "gate"
    script = f"echo first; until [ -e {gate} ]; do sleep 0.02; done; echo second"
    repo.add("wait", f"steps: {{it: {{timeout: 5m, run: '{script}'}}}}\n")
    with home.start("run", "wait", cwd=repo.path) as running:
        assert _line(running) == "it │ first\n"
        assert running.poll() is None
        gate.touch()
        assert _line(running) == "it │ second\n"
        assert running.wait(60) == 0
        assert running.stdout is not None
        assert "succeeded wait" in running.stdout.read()


def _line(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    assert select.select([running.stdout], [], [], 60)[0], "no line in time"
    return running.stdout.readline()


def test_colour_is_for_terminals(home: Home, repo: Repo) -> None:
    repo.add("deploy", "steps: {it: {run: \"printf '\\\\033[31mred\\\\033[0m \\\\a\\\\n'\"}}\n")
    piped = home.windlass("run", "deploy", cwd=repo.path).stdout
    assert piped.startswith("it │ red \\x07\n")
    shown = _on_a_terminal(home, repo, {"TERM": "xterm"})
    assert "it │ \x1b[31mred\x1b[0m \\x07" in shown
    assert "\x1b[32m✓ succeeded" in shown
    assert "\x1b[32m" not in _on_a_terminal(home, repo, {"TERM": "xterm", "NO_COLOR": "1"})


def _on_a_terminal(home: Home, repo: Repo, env: dict[str, str]) -> str:
    ours, theirs = pty.openpty()
    with home.start("run", "deploy", cwd=repo.path, env=env, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        shown = b""
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:  # EIO: the other end is closed
                break
            if not data:
                break
            shown += data
        assert running.wait(60) == 0
    os.close(ours)
    return shown.decode()


def test_what_is_no_utf8_and_what_is_long(home: Home, repo: Repo) -> None:
    script = "import sys; w = sys.stdout.buffer.write; w(b'\\xff|\\n'); w(b'x' * 40000 + b'\\n'); w(b'no newline')"
    repo.add("odd", f'steps: {{it: {{shell: python, run: "{script.replace(chr(92), chr(92) * 2)}"}}}}\n')
    lines = home.windlass("run", "odd", cwd=repo.path).stdout.splitlines()
    assert lines[0] == "it │ \ufffd|"
    assert [len(line) for line in lines[1:4]] == [5 + 16384, 5 + 16384, 5 + 40000 - 2 * 16384]
    assert lines[4] == "it │ no newline"


def test_exit_codes_tell_success_from_failure_from_error(home: Home, repo: Repo) -> None:
    repo.add("failed", "steps: [{run: exit 3}]\n")
    result = home.run_json(repo.path, "failed", code=1)
    assert (result["status"], result["cause"], result["steps"]["step-1"]["attempts"][0]["exitCode"]) == (
        "failed",
        "exit-code",
        3,
    )
    repo.add("errored", "steps: [{command: [no-such-program]}]\n")
    assert home.run_json(repo.path, "errored", code=1)["status"] == "errored"
    repo.add("fine", "steps: [{run: exit 0}]\n")
    assert home.run_json(repo.path, "fine", code=0)["status"] == "succeeded"


def test_dry_run_shows_the_plan_and_starts_nothing(home: Home, repo: Repo) -> None:
    witness = home.folder / "witness"
    repo.add("it", f"steps: [{{name: a, run: 'touch {witness}', timeout: 3s}}, {{name: b, run: 'true'}}]\n")
    text = home.windlass("run", "it", "--dry-run", cwd=repo.path)
    assert text.returncode == 0
    assert re.search(r"^  ├─ a  run  timeout 3s$", text.stdout, re.MULTILINE)
    assert re.search(r"^  └─ b  run  after a$", text.stdout, re.MULTILINE)
    plan = home.run_json(repo.path, "it", "--dry-run")
    assert (plan["repository"], plan["workflow"], plan["commit"]) == ("shop", "it", repo.git("rev-parse", "HEAD"))
    assert (plan["steps"]["a"]["timeout"], plan["steps"]["b"]["needs"]) == (3000, ["a"])
    assert not witness.exists()
    home.run_json(repo.path, "it")
    assert witness.exists()


def test_a_broken_file_is_shown_and_nothing_runs(home: Home, repo: Repo) -> None:
    witness = home.folder / "witness"
    repo.add("broken", f"steps: {{a: {{run: 'touch {witness}'}}, b: {{timout: 3s, run: x}}}}\n")
    repo.add("fine", "steps: [{run: 'true'}]\n")
    for target in ("broken", "workflows/broken.yaml"):
        done = home.windlass("run", target, cwd=repo.path)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("workflows/broken.yaml:4:"), done.stderr
        assert "[unknown-key]" in done.stderr
        assert "hint: did you mean timeout?" in done.stderr
    assert not witness.exists()
    home.run_json(repo.path, "fine")  # a broken file harms only itself


def test_targets(home: Home, repo: Repo) -> None:
    repo.add("deploy", "steps: [{run: 'true'}]\n")
    for target in (
        "deploy",
        "workflows/deploy.yaml",
        "./workflows/deploy.yaml",
        str(repo.path / "workflows/deploy.yaml"),
    ):
        assert home.run_json(repo.path, target)["workflow"] == "deploy"
    assert home.run_json(repo.path / "workflows", "deploy.yaml")["repository"] == "shop"
    assert home.run_json(home.folder, "shop/workflows/deploy.yaml")["repository"] == "shop"


def test_an_unknown_name_gets_a_suggestion(home: Home, repo: Repo) -> None:
    repo.add("deploy", "steps: [{run: 'true'}]\n")
    done = home.windlass("run", "deplyo", cwd=repo.path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "deplyo" in done.stderr
    assert "did you mean deploy?" in done.stderr
    done = home.windlass("run", "no-such.yaml", cwd=repo.path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no-such.yaml" in done.stderr


def test_uncommitted_changes_are_run(home: Home, repo: Repo) -> None:
    commit = repo.add("it", "steps: [{run: exit 1}]\n")
    repo.write({"workflows/it.yaml": (repo.path / "workflows/it.yaml").read_text().replace("exit 1", "exit 0")})
    assert home.run_json(repo.path, "it")["commit"] == commit
    assert repo.git("status", "--porcelain") == "M workflows/it.yaml"


def test_nothing_is_written_into_the_repository_and_twenty_runs_stay(home: Home, repo: Repo) -> None:
    repo.add("it", "steps: [{run: 'true'}]\n")
    before = sorted(path for path in repo.path.rglob("*") if ".git" not in path.parts)
    runs = [home.run_json(repo.path, "it")["id"] for _ in range(3)]
    kept = home.folder / "home/state/windlass/local"
    for number in range(20):
        (kept / f"00{number:024}").mkdir()
    last = home.run_json(repo.path, "it")["id"]
    assert len(list(kept.iterdir())) == 20
    assert {path.name for path in kept.iterdir()} >= {*runs, last}
    assert sorted(path for path in repo.path.rglob("*") if ".git" not in path.parts) == before


def test_outside_git_a_windlass_yaml_makes_a_repository(home: Home) -> None:
    folder = home.folder / "Plain Folder"
    (folder / "workflows").mkdir(parents=True)
    (folder / "windlass.yaml").write_text("apiVersion: windlass.dev/v1\nkind: Repository\n")
    head = "apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {name: it}\n"
    (folder / "workflows/it.yaml").write_text(head + "steps: [{run: 'true'}]\n")
    result = home.run_json(folder, "it")
    assert (result["commit"], result["repository"]) == (None, "plain-folder")


def test_a_reader_that_goes_away_is_no_trouble(home: Home, repo: Repo) -> None:
    repo.add("it", "steps: [{run: 'seq 200000'}]\n")
    with home.start("run", "it", cwd=repo.path) as running:
        _line(running)
        assert running.stdout is not None
        running.stdout.close()
        until(lambda: running.poll() is not None)
        assert running.stderr is not None
        assert "Traceback" not in running.stderr.read()


def test_flags_of_a_runner_that_no_step_uses_are_refused(home: Home, repo: Repo) -> None:
    """Else a step that was meant for a cluster would run on this machine."""
    repo.add("hello", "steps: {hello: {run: echo hello}}\n")
    for flag in ("--context", "--namespace"):
        done = home.windlass("run", "hello", flag, "production", cwd=repo.path)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{flag} is about the runner kubernetes, which no step uses\n  hint: add --runner" in done.stderr
    assert home.windlass("run", "hello", "--context", "a", "--runner", "kubernetes", "--dry-run", cwd=repo.path).stdout
    there = home.windlass("run", "shop/hello", "--namespace", "a", "--server", "http://127.0.0.1:1", cwd=repo.path)
    assert (there.returncode, there.stderr.startswith("windlass: --namespace: for runs without a server")) == (2, True)
