"""A real S3 server of the tests' own: moto's, over HTTP, from a virtual environment apart from ours."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx2

LOCK = Path(__file__).resolve().parents[1] / "requirements-s3.lock"
FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "windlass"
PYTHON = FOLDER / f"s3-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}" / "bin" / "python"
IN_CI = os.environ.get("CI", "") not in ("", "false", "0")
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}


class S3:
    """Listens on a port that the system chooses, and knows one bucket for each that was asked for."""

    def __init__(self, folder: Path) -> None:
        assert PYTHON.exists(), "CI needs the S3 server: scripts/test-deps.sh installs it"
        self._log = folder / "s3.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [PYTHON, "-I", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.defpath, "HOME": str(folder), **CREDENTIALS},
            )
        self.url = self._wait(time.monotonic() + 60)

    def _wait(self, deadline: float) -> str:
        while time.monotonic() < deadline:
            for line in self._log.read_text(errors="replace").splitlines():
                if "Running on http://" in line:
                    return "http://" + line.partition("http://")[2].strip()
            assert self._process.poll() is None, self._log.read_text()
            time.sleep(0.02)
        raise AssertionError(f"the S3 server is not there in time:\n{self._log.read_text()}")

    def bucket(self, name: str) -> str:
        """A new bucket; the URL that `objects:` takes."""
        answer = httpx2.put(f"{self.url}/{name}", timeout=60)
        assert answer.status_code == 200, answer.text
        return f"s3://{name}/some/prefix"

    def env(self) -> dict[str, str]:
        """What a program needs in its environment to use this server."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.url}

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(60)


def reason() -> str | None:
    """Why there is no such server here; None: there is one, or CI has to have it."""
    if PYTHON.exists() or IN_CI:
        return None
    return f"no S3 server in {PYTHON.parents[1]}: `make test` installs it ({sys.platform})"
