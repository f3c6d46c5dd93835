"""Attacks on secrets, each with what it gets (catalogue S01 to S17): by the real commands, on a real server.

A grep over everything that the server keeps, answers and shows to other processes finds no value at the end.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.canary import keeps, secret
from tests.slow.folders import contents, files
from tests.slow.processes import end
from tests.slow.repo import workflow
from tests.slow.waiting import until
from tests.sops import Key, Sops, new_key

if TYPE_CHECKING:
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo
    from tests.slow.server import Server

VALUE = secret("attacks", "-Tr&3")
OTHERS = secret("attacks.others")
SETTINGS = """
apiVersion: windlass.dev/v1
kind: Repository
secrets:
  IT: ref+sops://secrets/all.yaml#/it
  NESTED: ref+sops://secrets/all.yaml#/nested
  SHORT: ref+sops://secrets/all.yaml#/short
  LARGE: ref+sops://secrets/all.yaml#/large
  TRAVERSAL: ref+sops://../other/secrets/all.yaml#/it
  ENCODED: ref+sops://secrets/%2e%2e/%2e%2e/etc/passwd#/it
  ABSOLUTE: ref+sops:///etc/passwd
  GIT: ref+sops://.git/config#/it
  LINK: ref+sops://secrets/link.yaml#/it
  FOREIGN: ref+sops://secrets/foreign.yaml#/it
  CHANGED: ref+sops://secrets/changed.yaml#/it
  TRUNCATED: ref+sops://secrets/truncated.yaml#/it
  PLAIN: ref+sops://secrets/plain.yaml#/it
  BOMB: ref+sops://secrets/bomb.yaml#/it
  KMS: ref+sops://secrets/kms.yaml#/it
  VAULT: ref+vault://secret/data/x?address=http://169.254.169.254#/it
  STORE: ref+windlass://NO_SUCH
"""
REFUSALS = {
    "SHORT": "secret-failed",
    "LARGE": "secret-failed",
    "TRAVERSAL": "secret-denied",
    "ENCODED": "secret-denied",
    "ABSOLUTE": "secret-denied",
    "GIT": "secret-denied",
    "LINK": "secret-failed",
    "FOREIGN": "secret-denied",
    "CHANGED": "secret-failed",
    "TRUNCATED": "secret-failed",
    "PLAIN": "secret-failed",
    "BOMB": "secret-failed",
    "KMS": "secret-denied",
    "VAULT": "secret-denied",
    "STORE": "secret-not-found",
}
SPILL = """
    inputs: {said: {type: string, default: ""}}
    runTitle: "for ${{ inputs.said }}"
    steps:
      spill:
        env: {IT: "${{ secrets.IT }}", NESTED: "${{ secrets.NESTED }}", SAID: "${{ inputs.said }}"}
        files: {secret.conf: {content: "it=${{ secrets.IT }}", mode: "0400"}}
        outputs: {out: {}, b64: {}}
        run: |
          stat -Lc %a secret.conf
          for i in $(seq 0 $((${#IT} - 1))); do printf '%s' "${IT:$i:1}"; done; echo
          printf 'x%s' "$IT" | base64 -w0; echo
          printf 'xy%s' "$IT" | base64 -w0; echo
          printf '%q\\n' "it's $IT"
          echo "::add-mask::my-own-token"
          echo "my-own-token"
          echo "out=$IT and my-own-token" >> "$WINDLASS_OUTPUT"
          echo "b64=$(printf '%s' "$IT" | base64)" >> "$WINDLASS_OUTPUT"
          echo "nested $NESTED"
          echo "said $SAID"
          ps -eo args > ps.txt; grep -c "$IT" ps.txt || true
      after:
        env: {OUT: "${{ steps.spill.outputs.out }}"}
        run: 'echo "after $OUT ${IT:-none}"'
      crash:
        env: {IT: "${{ secrets.IT }}"}
        command: ["sh", "-c", "exec /no/such/$IT"]
        continueOnError: true
"""
FILLED = """
    steps:
      wait:
        env: {IT: "${{ secrets.IT }}"}
        files: {secret.conf: {content: "it=${{ secrets.IT }}", mode: "0400"}}
        run: touch begun; sleep 300
"""


def one(name: str) -> str:
    return workflow(name.lower(), f'steps: {{s: {{env: {{X: "${{{{ secrets.{name} }}}}"}}, run: "echo $X"}}}}')


@pytest.fixture
def key() -> Key:
    return new_key()


@pytest.fixture
def shop(home: Home, repo: Repo, key: Key) -> Repo:
    made = home.folder / "sops"
    made.mkdir()
    plain = {"it": VALUE, "nested": "ref+sops://secrets/all.yaml#/it", "short": "abc", "large": "x" * 1_100_000}
    ours = Sops(made, key).encrypted("all.yaml", json.dumps(plain)).decode()
    small = Sops(made, key).encrypted("small.yaml", json.dumps({"it": VALUE, "more": "a"})).decode()
    theirs = Sops(made, new_key()).encrypted("foreign.yaml", f"it: {OTHERS}\n").decode()
    for left in made.iterdir():
        left.unlink()
    files: dict[str, str | None] = {
        "windlass.yaml": SETTINGS,
        "secrets/all.yaml": ours,
        "secrets/foreign.yaml": theirs,
        "secrets/changed.yaml": small.replace("it: ENC", "added: plain\nit: ENC", 1),
        "secrets/truncated.yaml": small[: len(small) // 2],
        "secrets/plain.yaml": "it: not encrypted\n",
        "secrets/bomb.yaml": "a: &a [x, x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(9000)),
        "secrets/kms.yaml": _for_kms(small),
        "workflows/spill.yaml": workflow("spill", SPILL),
        "workflows/filled.yaml": workflow("filled", FILLED),
        **{f"workflows/{name.lower()}.yaml": one(name) for name in REFUSALS},
    }
    repo.write(files)
    (repo.path / "secrets/link.yaml").symlink_to("all.yaml")
    repo.commit({})
    return repo


def _for_kms(text: str) -> str:
    """The same file, saying that it is for a key of AWS with somebody's role."""
    head, _, _ = text.partition("sops:")
    arn = "arn:aws:kms:eu-central-1:111122223333:key/abc"
    sops = {"kms": [{"arn": arn, "role": "arn:aws:iam::111122223333:role/admin", "created_at": "2026-01-01T00:00:00Z",
                     "enc": "AQICAHh", "aws_profile": "admin"}], "lastmodified": "2026-01-01T00:00:00Z",
            "mac": "ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]", "version": "3.9.0"}  # fmt: skip
    return head + "sops: " + json.dumps(sops) + "\n"


def shapes(value: str) -> list[bytes]:
    """How it would be found: as it is, in pieces, in base64 at any alignment."""
    raw = value.encode()
    found = [raw, raw[:10], raw[-10:]]
    return found + [base64.b64encode(b"." * n + raw)[4:20] for n in range(3)]


def clean(data: bytes, where: object) -> None:
    for value in (VALUE, OTHERS):
        for form in shapes(value):
            assert form not in data, f"{form!r} is in {where}"


def left(server: Server) -> list[Path]:
    """Links, to where they are in memory."""
    return [Path(place, name) for place, _, names in os.walk(server.data) for name in names if name == "secret.conf"]


def clean_everywhere(server: Server, runs: list[str]) -> None:
    """Data folder, ledger, logs, objects, answers, the server's own log, arguments of processes."""
    for path, data in contents(server.data):
        clean(data, path)
    clean(server.log.encode(), "the log of the server")
    for run in runs:
        for part in ("", "/plan", "/definition", "/artifacts"):
            answer = server.http.get(f"/api/v1/runs/{run}{part}")
            clean(answer.content, f"{run}{part}")
    for path in (
        "/api/v1/runs",
        "/api/v1/repositories",
        "/api/v1/repositories/shop/secrets",
        "/api/v1/workflows",
        "/metrics",
    ):
        clean(server.http.get(path).content, path)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            clean(Path(f"/proc/{pid}/cmdline").read_bytes(), f"the arguments of {pid}")
        except OSError:
            continue


def with_keys(home: Home, key: Key) -> None:
    folder = home.folder / "home/config/sops/age"
    folder.mkdir(parents=True)
    keeps(folder / "keys.txt").write_text(f"{key.secret}\n")


def test_each_attack_gets_its_refusal_and_nothing_else(home: Home, shop: Repo, serve: MakeServer, key: Key) -> None:
    with_keys(home, key)
    server = serve(shop.path)
    runs = {name: server.begin("shop", name.lower()) for name in REFUSALS}
    ended = {name: server.ended(run) for name, run in runs.items()}
    assert {name: run["steps"]["s"]["cause"] for name, run in ended.items()} == REFUSALS
    assert {run["status"] for run in ended.values()} == {"errored"}
    answer = server.http.get("/api/v1/repositories/shop/secrets").json()["items"]
    found = {row["name"]: row["status"] for row in answer}
    assert found == REFUSALS | {"IT": "found", "NESTED": "found"}
    clean_everywhere(server, list(runs.values()))


def test_what_a_step_spills_is_hidden_wherever_it_goes(home: Home, shop: Repo, serve: MakeServer, key: Key) -> None:
    with_keys(home, key)
    server = serve(shop.path)
    placeholder = "${{ secrets.IT }}"
    run = server.begin("shop", "spill", inputs={"said": placeholder})
    result = server.ended(run)
    assert result["status"] == "succeeded", result
    text = server.step_log(run, "spill").text
    lines = text.splitlines()
    assert lines[0] == "400"
    assert lines[1] == "***"
    assert "::add-mask::***\n***\n" in text
    assert "nested ***" in text, "what a secret says is no reference, and is not followed"
    assert f"said {placeholder}" in text, "what comes from outside names no secret"
    assert text.endswith("0\n"), "no process has it among its arguments"
    outputs = result["steps"]["spill"]["outputs"]
    assert outputs["out"] == "*** and ***"
    assert outputs["b64"].startswith("***")
    assert server.step_log(run, "after").text == "after *** and *** none\n"
    assert result["steps"]["crash"]["status"] in ("failed", "errored")
    until(lambda: not left(server))
    clean_everywhere(server, [run])


def test_what_a_killed_server_left_is_swept(home: Home, shop: Repo, serve: MakeServer, key: Key) -> None:
    with_keys(home, key)
    server = serve(shop.path)
    run = server.begin("shop", "filled")
    until(lambda: [path for path in files(server.data) if path.name == "begun"])
    until(lambda: [one["status"] for one in server.run(run)["steps"]["wait"]["attempts"]] == ["running"])
    (file,) = left(server)
    value = file.resolve()
    assert value.read_text() == f"it={VALUE}"
    server.kill()
    end(marked_children(file.parent))
    server.start()
    assert server.ended(run)["status"] == "errored"
    until(lambda: not left(server) and not value.exists())
    clean_everywhere(server, [run])


def marked_children(folder: Path) -> list[int]:
    """Processes that work in a folder, and the wardens above them."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if Path(os.readlink(f"/proc/{pid}/cwd")) == folder:
                found.append(int(pid))
        except OSError:
            continue
    return found
