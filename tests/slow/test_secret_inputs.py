"""Secret inputs by the real command: the step has the value, and nothing else ever shows it."""

from __future__ import annotations

import base64
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.canary import keeps, secret, typed
from tests.slow.folders import contents
from tests.slow.repo import workflow
from tests.slow.waiting import until

if TYPE_CHECKING:
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo

VALUE = secret("inputs", "&3 {ö}")
BODY = """
    inputs: {token: {type: secret}, other: {required: false}}
    outputs: {said: "${{ steps.use.outputs.said }}"}
    steps:
      use:
        env: {TOKEN: "Bearer ${{ inputs.token }}", OTHER: "${{ inputs.other }}"}
        outputs: {said: {}, length: {type: integer}}
        run: |
          until [ ! -e WAIT ]; do sleep 0.05; done
          token="${TOKEN#Bearer }"
          echo "length=${#token}" >> "$WINDLASS_OUTPUT"
          echo "said=it is $token" >> "$WINDLASS_OUTPUT"
          echo "raw $token"
          printf '%s' "user:$token" | base64 -w0; echo
          printf 'in pieces: '
          for i in $(seq 0 $((${#token} - 1))); do printf '%s' "${token:$i:1}"; sleep 0.01; done; echo
          cat "$WINDLASS_INPUTS"
      parts:
        run:
          - {name: one, env: {T: "${{ inputs.token }}"}, run: 'echo "KEPT=$T" >> "$WINDLASS_ENV"; echo "one $T"'}
          - {name: two, run: 'echo "two $KEPT"'}
      below:
        uses: ./workflows/inner.yaml
        with: {key: "${{ inputs.token }}"}
"""
INNER = """
    inputs: {key: {type: secret, minLength: 5}}
    steps:
      show: {env: {KEY: "${{ inputs.key }}"}, run: 'echo "inner ${#KEY} $KEY"'}
"""


def add(home: Home, repo: Repo) -> None:
    body = BODY.replace("WAIT", str(home.folder / "wait"))
    repo.commit({"workflows/tell.yaml": workflow("tell", body), "workflows/inner.yaml": workflow("inner", INNER)})


def nowhere(folder: Path) -> None:
    """No file below holds the value, whatever writes it."""
    forms = (VALUE, json.dumps(VALUE)[1:-1], base64.b64encode(VALUE.encode()).decode()[:-4], VALUE[:9])
    for path, data in contents(folder):
        assert not any(form.encode() in data for form in forms), path


def test_on_a_laptop(home: Home, repo: Repo) -> None:
    add(home, repo)
    keeps(home.folder / "token").write_text(VALUE + "\n")
    words = ("--input", f"token=@{home.folder / 'token'}")
    done = home.windlass("run", "tell", *words, cwd=repo.path)
    assert done.returncode == 0, done.stderr
    (home.folder / "token").unlink()
    assert "raw ***" in done.stdout
    assert re.search(r"in pieces: \*\*\*$", done.stdout, re.MULTILINE)
    assert f"inner {len(VALUE)} ***" in done.stdout
    assert "one ***" in done.stdout
    assert "two ***" in done.stdout
    assert '{"other":null}' in done.stdout
    run = json.loads(
        home.windlass("run", "tell", "--input", typed(f"token={VALUE}"), "--output", "json", cwd=repo.path).stdout
    )
    assert run["inputs"]["token"] == "***"
    assert run["outputs"] == {"said": "it is ***"}
    assert run["steps"]["use"]["outputs"]["length"] == len(VALUE)
    nowhere(home.folder)
    again = home.windlass("rerun", run["id"], cwd=repo.path)
    assert again.returncode == 1 or again.returncode == 2
    assert "were given secrets" in again.stderr or "was given secrets (token)" in again.stderr


def test_on_a_server_that_is_killed_meanwhile(home: Home, repo: Repo, serve: MakeServer) -> None:
    add(home, repo)
    (home.folder / "wait").touch()
    server = serve(repo.path)
    run = server.begin("shop", "tell", inputs={"token": VALUE, "other": "\ufdd0inputs.token\ufdd1"})
    until(lambda: server.run(run)["steps"]["use"]["attempts"])
    until(lambda: server.run(run)["steps"]["use"]["attempts"][0]["startedAt"])
    until(lambda: server.run(run)["steps"]["parts"]["status"] == "succeeded")  # it keeps the value in $WINDLASS_ENV
    nowhere(server.data)
    server.kill()
    (home.folder / "wait").unlink()
    server.start()
    result = server.ended(run)
    assert result["status"] == "succeeded", result
    assert result["outputs"] == {"said": "it is ***"}
    assert "raw ***" in server.step_log(run, "use").text
    assert f"inner {len(VALUE)} ***" in server.step_log(run, "below%2Fshow").text, (
        "what began after the restart has it too"
    )
    assert "***" in server.get(f"/runs/{run}")["inputs"]["token"]
    assert oct((server.data / "keys/seal.key").stat().st_mode)[-3:] == "600"
    nowhere(server.data)
    assert VALUE not in server.log
    for pid in filter(str.isdigit, os.listdir("/proc")):  # no process was given it in its arguments
        try:
            assert VALUE.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue


def test_what_cannot_be_hidden_is_refused(home: Home, repo: Repo, serve: MakeServer) -> None:
    add(home, repo)
    server = serve(repo.path)
    answer = server.http.post("/api/v1/workflows/shop/tell/runs", json={"inputs": {"token": "abc"}})
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/inputs/token"]
    assert "abc" not in answer.text
