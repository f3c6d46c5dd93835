"""A real registry of the tests' own, from Debian's package docker-registry, on loopback, with or without a password."""

from __future__ import annotations

import base64
import contextlib
import ctypes
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from tests.canary import secret
from tests.docker_engine import IN_CI
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 60.0
USER, PASSWORD = "ada", secret("registry")


def why_no_registry() -> str | None:
    """Why this machine cannot run one; None: it can."""
    return None if shutil.which("docker-registry") else "docker-registry is missing: install the package"


def _hashed(password: str) -> str:
    """As the registry wants it: by bcrypt, which the C library of this system has."""
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    found: bytes = library.crypt(password.encode(), b"$2b$04$abcdefghijklmnopqrstuu")
    return found.decode()


class Registry:
    def __init__(self, folder: Path, *, private: bool = False) -> None:
        """`private`: it asks for USER and PASSWORD."""
        self.host = f"127.0.0.1:{free_port()}"
        self.basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode() if private else None
        own = folder / "registry"
        own.mkdir()
        auth = ""
        if private:
            (own / "htpasswd").write_text(f"{USER}:{_hashed(PASSWORD)}\n")
            auth = f"auth: {{htpasswd: {{realm: tests, path: {own}/htpasswd}}}}\n"
        (own / "config.yml").write_text(
            f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {own}/data}}}}\n"
            f"http: {{addr: '{self.host}'}}\n{auth}"
        )
        with (own / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["docker-registry", "serve", str(own / "config.yml")], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, (own / "log").read_text()
            assert time.monotonic() < deadline, "the registry does not answer"
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            self._get("/v2/")
        except OSError:
            return False
        return True

    def _get(self, path: str) -> dict[str, str]:
        request = urllib.request.Request(f"http://{self.host}{path}")
        request.add_header("Accept", "application/vnd.docker.distribution.manifest.v2+json")
        if self.basic is not None:
            request.add_header("Authorization", f"Basic {self.basic}")
        with urllib.request.urlopen(request, timeout=5) as answer:
            return {name.lower(): value for name, value in answer.headers.items()}

    def digest(self, name: str, tag: str) -> str:
        return self._get(f"/v2/{name}/manifests/{tag}")["docker-content-digest"]

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)


@contextlib.contextmanager
def private_registry(folder: Path) -> Iterator[Registry]:
    """One with a password, for the time of a test; skips where this machine has none, which CI may not."""
    if (reason := why_no_registry()) is not None:
        assert not IN_CI, reason
        pytest.skip(reason)
    made = Registry(folder, private=True)
    try:
        yield made
    finally:
        made.stop()
