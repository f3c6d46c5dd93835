"""`windlass up` as a process: started, waited for, asked over HTTP, stopped or killed, started again."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
from tests import canary
from tests.slow.home import Home
from tests.slow.waiting import until

TERMINAL = ("succeeded", "failed", "errored", "cancelled")


class Asking(httpx2.Client):
    """No answer of a server holds a secret value: each one is looked at, unless it is read piece by piece."""

    def send(self, request: httpx2.Request, *, stream: bool = False, **more: Any) -> httpx2.Response:
        answer = super().send(request, stream=stream, **more)
        if not stream:
            canary.seen(answer.content, f"the answer to {request.method} {request.url.path}")
        return answer


class Server:
    """Serves `sources` from the data folder `data` of a home; the port is another one after each start.

    `steps_live_on`: the test ends while steps of a stopped server still run, which is no fault of the server.
    """

    verb = "up"

    def __init__(
        self,
        home: Home,
        *sources: Path,
        words: tuple[str, ...] = (),
        data: str = "data",
        steps_live_on: bool = False,
    ) -> None:
        self.home = home
        self.steps_live_on = steps_live_on
        self.data = home.folder / data
        self._log = home.folder / f"{data}.log"
        self._words = (*map(str, sources), "--listen", "127.0.0.1:0", "--data", str(self.data), *words)
        self._process: subprocess.Popen[str] | None = None
        self._http: httpx2.Client | None = None

    # ---- its life

    def start(self, env: Mapping[str, str] | None = None) -> Server:
        """Until it says `ready`."""
        assert self.try_start(env), f"it ended with {self.wait()}:\n{self.log}"
        return self

    def try_start(self, env: Mapping[str, str] | None = None) -> bool:
        """Until it says `ready` (True) or ends (False)."""
        with self._log.open("ab") as log:
            self._process = self.home.start(self.verb, *self._words, env=env, stderr=log)
        line = self._first_line(time.monotonic() + 60)
        if not line:
            return False
        assert line.startswith("ready http://127.0.0.1:"), line
        self._http = Asking(base_url=line.removeprefix("ready ").strip(), timeout=90)
        return True

    def _first_line(self, deadline: float) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        left = deadline - time.monotonic()
        assert select.select([self._process.stdout], [], [], left)[0], f"not ready in time:\n{self.log}"
        return self._process.stdout.readline()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def url(self) -> str:
        return str(self.http.base_url).rstrip("/")

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def wait(self, seconds: float = 60) -> int:
        """Its exit code; `ready` was its only line."""
        assert self._process is not None
        code = self._process.wait(seconds)
        if self._process.stdout is not None and not self._process.stdout.closed:
            assert self._process.stdout.read() == ""
            self._process.stdout.close()
        if self._http is not None:
            self._http.close()
            self._http = None
        return code

    def stop(self) -> None:
        """As an administrator does; it must leave cleanly."""
        os.kill(self.pid, signal.SIGTERM)
        code = self.wait()
        assert code == 0, self.log
        assert "Traceback" not in self.log, self.log

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        assert self.wait() == -signal.SIGKILL

    def close(self) -> None:
        """At the end of a test: whatever state it is in, it is gone afterwards."""
        if self._process is None:
            return
        if self._process.poll() is None and self._http is not None:
            self.stop()
        self._process.kill()
        self.wait()

    # ---- asking

    @property
    def http(self) -> httpx2.Client:
        assert self._http is not None, self.log
        return self._http

    def get(self, path: str, **params: Any) -> Any:
        answer = self.http.get(f"/api/v1{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, *, code: int) -> Any:
        answer = self.http.post(f"/api/v1{path}", json={} if body is None else body)
        assert answer.status_code == code, answer.text
        return answer.json()

    def begin(self, repository: str, name: str, **body: Any) -> str:
        """Start a run; its id."""
        run: str = self.post(f"/workflows/{repository}/{name}/runs", body, code=201)["id"]
        return run

    def run(self, run: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/runs/{run}")
        return found

    def ended(self, run: str, seconds: float = 60) -> dict[str, Any]:
        """The run once it has ended."""
        return until(lambda: found if (found := self.run(run))["status"] in TERMINAL else None, seconds) or {}

    def runs(self, **params: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.get("/runs", limit=500, **params)["items"]
        return items

    def step_log(self, run: str, step: str, **params: Any) -> httpx2.Response:
        answer = self.http.get(f"/api/v1/runs/{run}/steps/{step}/logs", params=params)
        assert answer.status_code == 200, answer.text
        return answer

    def live(self, repository: str) -> dict[str, dict[str, Any]]:
        """Its workflows by name."""
        return {item["name"]: item for item in self.get("/workflows", repository=repository)["items"]}

    def reconcile(self, repository: str, **body: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.post(f"/repositories/{repository}/reconcile", {"wait": True, **body}, code=202)
        return found
