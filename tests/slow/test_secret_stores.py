"""Secrets of Vault and of files for its keys by the real commands: on a laptop, on a server, for whom it gives them."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.canary import keeps, secret, typed
from tests.openbao import ROOT, OpenBao, running
from tests.slow.folders import contents
from tests.slow.repo import Repo, workflow
from tests.sops import new_key, sops_binary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home

VALUE = secret("stores")
SHOWN = f"{len(VALUE)} characters: ***"
SETTINGS = """
apiVersion: windlass.dev/v1
kind: Repository
secrets:
  DB: ref+vault://secret/shop#/password
  FILE: ref+sops://secrets/all.yaml#/password
"""
USE = """
    steps:
      use:
        env: {DB: "${{ secrets.DB }}"}
        run: 'echo "${#DB} characters: $DB"'
"""
SERVER = """
secrets:
  stores:
    - name: team
      backend: vault
      address: %(url)s
      credentials: {token: {file: %(token)s}, ca: {file: %(ca)s}}
      allow: [{repositories: [shop], paths: ["secret/{repository}"]}]
    - name: files
      backend: sops
      recipients: ["%(url)s/v1/transit/keys/shop"]
      credentials: {vaultToken: {file: %(token)s}, vaultCa: {file: %(ca)s}}
      allow: [{repositories: [shop], paths: ["secrets"]}]
"""


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    for server in running(tmp_path_factory.mktemp("openbao")):
        server.write("secret/data/shop", {"data": {"password": VALUE}})
        server.write("sys/mounts/transit", {"type": "transit"})
        server.write("transit/keys/shop")
        (server.folder / "ca.pem").write_text(server.ca)
        yield server


@pytest.fixture
def shop(repo: Repo, bao: OpenBao) -> Repo:
    plain = json.dumps({"password": VALUE}).encode()
    command = [sops_binary(), "--disable-version-check", "encrypt", "--input-type", "json", "--output-type", "yaml"]
    command += ["--filename-override", "all.yaml", "--hc-vault-transit", f"{bao.url}/v1/transit/keys/shop"]
    vault = {"VAULT_TOKEN": ROOT, "VAULT_CACERT": str(bao.folder / "ca.pem"), "HOME": str(repo.path)}
    file = subprocess.run(command, input=plain, env=vault, capture_output=True, check=True).stdout.decode()
    files = {"windlass.yaml": SETTINGS, "workflows/use.yaml": workflow("use", USE), "secrets/all.yaml": file}
    repo.commit({**files, "workflows/file.yaml": workflow("file", USE.replace("secrets.DB", "secrets.FILE"))})
    return repo


def nowhere(folder: Path) -> None:
    held = [path for path, data in contents(folder) if VALUE.encode() in data]
    assert held == []


def test_on_a_laptop(home: Home, shop: Repo, bao: OpenBao) -> None:
    (home.folder / "home/.vault-token").write_text(ROOT)
    env = {
        "VAULT_ADDR": bao.url,
        "VAULT_CACERT": str(bao.folder / "ca.pem"),
        "PATH": f"{sops_binary().parent}:/usr/bin:/bin",
    }
    checked = home.windlass("secrets", "check", "--output", "json", cwd=shop.path, env=env)
    assert [row["status"] for row in json.loads(checked.stdout)] == ["found", "found"], checked.stdout
    for name in ("use", "file"):
        done = home.windlass("run", name, cwd=shop.path, env=env)
        assert (done.returncode, SHOWN in done.stdout) == (0, True), done.stdout
    nowhere(home.folder)
    done = home.windlass("run", "use", cwd=shop.path)
    assert "VAULT_ADDR says where" in done.stdout


def test_a_servers_stores(home: Home, shop: Repo, bao: OpenBao, serve: MakeServer) -> None:
    policy = 'path "secret/data/*" { capabilities = ["read"] }\npath "transit/decrypt/*" { capabilities = ["update"] }'
    keeps(home.folder / "vault-token").write_text(bao.token(policy))
    file = home.folder / "server.yaml"
    file.write_text(SERVER % {"url": bao.url, "token": home.folder / "vault-token", "ca": bao.folder / "ca.pem"})
    other = Repo(home.folder / "other")
    other.commit(
        {
            path: (shop.path / path).read_text()
            for path in ("windlass.yaml", "workflows/use.yaml", "workflows/file.yaml")
        }
    )
    other.commit({"secrets/all.yaml": (shop.path / "secrets/all.yaml").read_text()})
    server = serve(shop.path, other.path, words=("--config", str(file)), started=False)
    server.start({"PATH": f"{sops_binary().parent}:/usr/bin:/bin"})
    for name in ("use", "file"):
        run = server.begin("shop", name)
        assert server.ended(run)["status"] == "succeeded", server.run(run)
        assert SHOWN in server.step_log(run, "use").text
        refused = server.ended(server.begin("other", name))
        assert (refused["status"], refused["cause"]) == ("errored", "secret-denied"), refused
        assert VALUE not in json.dumps(refused)
    nowhere(home.folder)


def test_encrypt_makes_what_check_and_sops_open(home: Home, repo: Repo) -> None:
    key = new_key()
    env = {"SOPS_AGE_KEY": key.secret}
    repo.commit(
        {
            ".sops.yaml": f"creation_rules: [{{path_regex: ^secrets/, age: {key.recipient}}}]\n",
            "windlass.yaml": SETTINGS,
        }
    )
    plain = repo.path / "secrets/all.yaml"
    plain.parent.mkdir()
    keeps(plain).write_text(f"# why\npassword: {VALUE}\n")
    plain.chmod(0o600)
    printed = home.windlass("secrets", "encrypt", "secrets/all.yaml", cwd=repo.path)
    assert (printed.returncode, "ENC[AES256_GCM" in printed.stdout) == (0, True), printed.stderr
    assert "its comments are left out" in printed.stderr
    assert VALUE in plain.read_text()
    done = home.windlass("secrets", "encrypt", "--in-place", "secrets/all.yaml", cwd=repo.path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert (VALUE in plain.read_text(), plain.stat().st_mode & 0o777) == (False, 0o600)
    opened = subprocess.run([sops_binary(), "decrypt", plain], env={**home.env, **env}, capture_output=True, check=True)
    assert opened.stdout.decode() == f"password: {VALUE}\n"
    checked = home.windlass("secrets", "check", "--output", "json", cwd=repo.path, env=env)
    assert {row["name"]: row["status"] for row in json.loads(checked.stdout)}["FILE"] == "found"
    again = home.windlass("secrets", "encrypt", "--in-place", "secrets/all.yaml", cwd=repo.path)
    assert (again.returncode, "encrypted already" in again.stderr) == (2, True)
    for words, message in (
        (("elsewhere.yaml",), "cannot be read"),
        ((), "needs a file"),
        (("-",), "standard input needs --as NAME"),
        (("windlass.yaml",), "has no creation rule for windlass.yaml"),
        (("--age", typed(key.secret), "windlass.yaml"), "is no age recipient"),
    ):
        wrong = home.windlass("secrets", "encrypt", *words, cwd=repo.path)
        assert (wrong.returncode, message in wrong.stderr, key.secret in wrong.stderr) == (2, True, False), wrong.stderr
    nowhere(home.folder)
