"""Secrets of windlass.yaml by the real commands, sops among them: the step has the value, and nobody else."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.canary import keeps, secret
from tests.slow.folders import contents
from tests.slow.repo import workflow
from tests.slow.waiting import until
from tests.sops import Key, Sops, age_keygen, new_key

if TYPE_CHECKING:
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo

PAGE = Path(__file__).resolve().parents[2] / "docs/secrets.md"
VALUE = secret("secrets", "&3 {ö}")
OTHER = secret("secrets.other")
KEY = secret("secrets.hook")
SETTINGS = """
apiVersion: windlass.dev/v1
kind: Repository
secrets:
  PASSWORD: ref+sops://secrets/all.yaml#/db/password
  HOOK: ref+sops://secrets/all.yaml#/hook
  GONE: ref+sops://secrets/all.yaml#/gone
  FOREIGN: ref+sops://secrets/foreign.yaml#/a
environments:
  production: {secrets: {PASSWORD: ref+sops://secrets/all.yaml#/other}}
"""
BODY = """
    outputs: {said: "${{ steps.use.outputs.said }}"}
    steps:
      use:
        env: {PASSWORD: "${{ secrets.PASSWORD }}", AUTH: "Bearer ${{ secrets.PASSWORD }}"}
        files: {conf: {content: "password=${{ secrets.PASSWORD }}"}}
        outputs: {said: {}, length: {type: integer}}
        run: |
          echo "length=${#PASSWORD}" >> "$WINDLASS_OUTPUT"
          echo "said=it is $PASSWORD" >> "$WINDLASS_OUTPUT"
          echo "raw $AUTH"; cat conf; echo
          printf '%s' "user:$PASSWORD" | base64 -w0; echo
          for i in $(seq 0 $((${#PASSWORD} - 1))); do printf '%s' "${PASSWORD:$i:1}"; sleep 0.01; done; echo
          env | grep -c SOPS_AGE || true
      below: {uses: ./workflows/inner.yaml, with: {key: "${{ secrets.PASSWORD }}"}}
"""
INNER = """
    environment: production
    inputs: {key: {type: secret}}
    steps:
      show:
        env: {KEY: "${{ inputs.key }}", OWN: "${{ secrets.PASSWORD }}"}
        run: 'echo "inner ${#KEY} ${#OWN} $KEY $OWN"'
"""
HOOK = """
    triggers: {webhook: [{name: push, verify: {scheme: token, secret: HOOK}}]}
    steps: {s: {run: "true"}}
"""


def failing(name: str) -> str:
    return workflow(name.lower(), f'steps: {{s: {{env: {{X: "${{{{ secrets.{name} }}}}"}}, run: "echo $X"}}}}')


@pytest.fixture
def key() -> Key:
    return new_key()


@pytest.fixture
def shop(home: Home, repo: Repo, key: Key) -> Repo:
    (home.folder / "sops").mkdir()
    sops = Sops(home.folder / "sops", key)
    plain = json.dumps({"db": {"password": VALUE}, "other": OTHER, "hook": KEY}, ensure_ascii=False)
    ours = sops.encrypted("all.yaml", plain).decode()
    theirs = Sops(home.folder / "sops", new_key()).encrypted("foreign.yaml", f"a: {OTHER}\n").decode()
    for left in (home.folder / "sops").iterdir():
        left.unlink()
    repo.commit(
        {
            "windlass.yaml": SETTINGS,
            "secrets/all.yaml": ours,
            "secrets/foreign.yaml": theirs,
            "workflows/tell.yaml": workflow("tell", BODY),
            "workflows/inner.yaml": workflow("inner", INNER),
            "workflows/hooked.yaml": workflow("hooked", HOOK),
            "workflows/gone.yaml": failing("GONE"),
            "workflows/foreign.yaml": failing("FOREIGN"),
        }
    )
    return repo


def nowhere(folder: Path) -> None:
    """No file below holds a value, whatever writes it."""
    forms = (VALUE, json.dumps(VALUE)[1:-1], base64.b64encode(VALUE.encode()).decode()[:-4], VALUE[:9], OTHER)
    for path, data in contents(folder):
        assert not any(form.encode() in data for form in forms), path


def shown(log: str) -> None:
    assert "raw Bearer ***" in log
    assert "password=***" in log
    assert re.search(r"^(use │ )?0$", log, re.MULTILINE), "the key is not in the environment of a step"
    assert VALUE not in log


def test_on_a_laptop(home: Home, shop: Repo, key: Key) -> None:
    env = {"SOPS_AGE_KEY": key.secret}
    done = home.windlass("run", "tell", cwd=shop.path, env=env)
    assert done.returncode == 0, done.stdout
    shown(done.stdout)
    assert f"inner {len(VALUE)} {len(OTHER)} *** ***" in done.stdout, "its own PASSWORD is that of its environment"
    run = json.loads(home.windlass("run", "tell", "--output", "json", cwd=shop.path, env=env).stdout)
    assert run["outputs"] == {"said": "it is ***"}
    assert run["steps"]["use"]["outputs"]["length"] == len(VALUE)
    nowhere(home.folder)
    kept = Path(f"/dev/shm/windlass-{os.geteuid()}")
    owners = []
    for one in kept.iterdir() if kept.is_dir() else ():
        with suppress(FileNotFoundError):  # of another test, whose process has just ended
            owners.append(Path(os.readlink(one / "of")))
    assert not [owner for owner in owners if owner.is_relative_to(home.folder)], "nothing stays in memory"


def test_what_cannot_be_had(home: Home, shop: Repo, key: Key) -> None:
    env = {"SOPS_AGE_KEY": key.secret}
    for name, cause, words in (
        ("gone", "secret-not-found", "secrets.GONE: secrets/all.yaml has no entry /gone"),
        ("foreign", "secret-denied", f"given is {key.recipient}"),
    ):
        run = json.loads(home.windlass("run", name, "--output", "json", cwd=shop.path, env=env).stdout)
        assert (run["status"], run["steps"]["s"]["cause"]) == ("errored", cause)
        assert words in run["steps"]["s"]["message"]
    run = json.loads(home.windlass("run", "tell", "--output", "json", cwd=shop.path).stdout)
    assert run["steps"]["use"]["cause"] == "secret-denied"
    assert "no age key was given" in run["message"]


def test_check_says_of_each_whether_it_can_be_had(home: Home, shop: Repo, key: Key) -> None:
    done = home.windlass("secrets", "check", "--output", "json", cwd=shop.path, env={"SOPS_AGE_KEY": key.secret})
    assert done.returncode == 1
    found = {(row["name"], row["environment"]): row["status"] for row in json.loads(done.stdout)}
    assert found == {
        ("PASSWORD", None): "found",
        ("HOOK", None): "found",
        ("GONE", None): "secret-not-found",
        ("FOREIGN", None): "secret-denied",
        ("PASSWORD", "production"): "found",
    }
    assert VALUE not in done.stdout
    assert OTHER not in done.stdout
    assert home.windlass("secrets", "check", cwd=shop.path).stdout.count("secret-denied") == 5


def test_a_server_gives_only_what_its_file_says(home: Home, shop: Repo, key: Key) -> None:
    """The keys of whoever starts it are nobody's there; one that is missing keeps it from starting."""
    file = home.folder / "server.yaml"
    head = "repositories:\n  - name: shop\n    git: https://127.0.0.1:1/shop.git\n    secrets:\n"
    for written, words in (
        ("      age: [{env: NO_SUCH}]\n", "secrets.age[0]: the environment variable NO_SUCH is not set"),
        ("      age: [{env: PATH}]\n", "this is no age key"),
        ("      age: [{}]\n", f"{file}:5:13: "),
        ("      agee: []\n", f"{file}:5:7: "),
    ):
        file.write_text(head + written)
        done = home.windlass("up", "--config", str(file), "--listen", "127.0.0.1:0", env={"SOPS_AGE_KEY": key.secret})
        assert done.returncode == 2, done.stderr
        assert words in done.stderr


def test_on_a_server_of_one_s_own(home: Home, shop: Repo, serve: MakeServer, key: Key) -> None:
    folder = home.folder / "home/config/sops/age"
    folder.mkdir(parents=True)
    keeps(folder / "keys.txt").write_text(f"# created\n{key.secret}\n")
    server = serve(shop.path)
    run = server.begin("shop", "tell")
    result = server.ended(run)
    assert result["status"] == "succeeded", result
    assert result["outputs"] == {"said": "it is ***"}
    shown(server.step_log(run, "use").text)
    assert f"inner {len(VALUE)} {len(OTHER)} *** ***" in server.step_log(run, "below%2Fshow").text
    plan = server.http.get(f"/api/v1/runs/{run}/plan")
    assert plan.json()["secrets"] == {"PASSWORD": "ref+sops://secrets/all.yaml#/db/password"}
    until(lambda: not [at for at, _, names in os.walk(server.data) if "conf" in names])  # it goes soon after the end
    nowhere(server.data)
    assert VALUE not in server.log + plan.text
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            assert VALUE.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
    hook = server.http.post("/hooks/shop/push", headers={"Authorization": f"Bearer {KEY}"}, json={})
    assert hook.status_code == 202, hook.text
    assert server.http.post("/hooks/shop/push", headers={"Authorization": "Bearer other"}, json={}).status_code == 401


def test_the_commands_of_the_page(home: Home, tmp_path: Path) -> None:
    """From age-keygen to a passing run, and on to another key, as docs/secrets.md types it."""
    first, _, rest = PAGE.read_text().partition("## On a server")
    page = first + rest.partition("## A new key")[2].partition("\n## ")[0]
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    tools = f"{age_keygen().parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**home.env, "PATH": tools, "XDG_CONFIG_HOME": f"{home.folder}/home/.config"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "DB_PASSWORD" in done.stdout
    assert done.stdout.count("connecting with ***, 13 characters") == 2
    file = (tmp_path / "shop/secrets/production.yaml").read_text()
    keys = [
        line for line in (home.folder / "home/.config/sops/age/keys.txt").read_text().splitlines() if "public" in line
    ]
    assert [line.rpartition(" ")[2] in file for line in keys] == [False, True], "the old key opens it no more"
