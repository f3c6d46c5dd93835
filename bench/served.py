"""A real `windlass up` to measure: started on repositories, asked over HTTP on one connection, stopped at the end."""

from __future__ import annotations

import http.client
import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.figure import ENV
from bench.workflows import repository

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PATIENCE = 60.0  # seconds for anything that is waited for
WINDLASS = str(Path(sys.executable).parent / "windlass")


class Served:
    """As a context manager: in when it is ready, out when it has ended."""

    def __init__(
        self, data: Path, repositories: Sequence[Path], poll: str = "1h", env: Mapping[str, str] | None = None
    ) -> None:
        self._words = [WINDLASS, "up", *map(str, repositories), "--listen", "127.0.0.1:0", "--data", str(data)]
        self._words += ["--poll", poll]
        self._env = {**ENV, **(env or {})}
        self._log = data.parent / "up.log"

    def __enter__(self) -> Served:
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(self._words, stdout=subprocess.PIPE, stderr=log, env=self._env)
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline().decode() if readable else ""
        if not line.startswith("ready http://"):
            self.__exit__()
            raise RuntimeError(f"the server did not start: {self._log.read_text(errors='replace')[-2000:]}")
        address = line.removeprefix("ready http://").strip()
        self._connection = http.client.HTTPConnection(address, timeout=PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's object. Raises RuntimeError for an answer that is no success."""
        data = b"" if body is None else json.dumps(body).encode()
        self._connection.request(method, path, data, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]!r}")
        return json.loads(text) if text else None

    def reconnect(self) -> None:
        """After a pause: the server ends connections that nobody uses."""
        self._connection.close()

    def start(self, repository: str, workflow: str) -> str:
        run: str = self.call("POST", f"/api/v1/workflows/{repository}/{workflow}/runs", {})["id"]
        return run

    def ended(self, run: str, pause: float = 0.01, patience: float = PATIENCE) -> dict[str, Any]:
        """The run, once it has succeeded. `pause`: seconds between two looks, which cost the server a little."""
        found: dict[str, Any] = {}

        def look() -> bool:
            found.update(self.call("GET", f"/api/v1/runs/{run}"))
            return found["status"] in ("succeeded", "failed", "errored", "cancelled")

        until(look, pause, patience)
        if found["status"] != "succeeded":
            raise RuntimeError(f"the run {run} is {found['status']}: {found.get('message')}")
        return found

    def processes(self) -> list[int]:
        """The server and everything below it."""
        family = [self.process.pid]
        for parent in family:
            for task in Path(f"/proc/{parent}/task").iterdir():
                family += map(int, (task / "children").read_text().split())
        return family


def serving(base: Path, kubeconfig: Path, namespace: str, workflows: dict[str, str]) -> Served:
    """A server whose steps run in a namespace of a cluster; its repository is called bench."""
    root = repository(base / "bench", {f"workflows/{name}.yaml": text for name, text in workflows.items()})
    config = base / "server.yaml"
    runner = f"{{kind: kubernetes, kubeconfig: {kubeconfig}, namespace: {namespace}}}"
    config.write_text(f"runners: {{kubernetes: {runner}}}\n")
    return Served(base / "data", [root], env={"WINDLASS_CONFIG": str(config)})


def until(what: Callable[[], bool], pause: float = 0.001, patience: float = PATIENCE) -> None:
    """Raises TimeoutError."""
    deadline = time.monotonic() + patience
    while not what():
        if time.monotonic() > deadline:
            raise TimeoutError("waited in vain")
        time.sleep(pause)


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time of these processes so far."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_mib(pids: Sequence[int]) -> float:
    """Memory of these processes, shared pages counted once for each (PSS where the kernel tells)."""
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            name = "Pss:"
        except PermissionError:
            text, name = Path(f"/proc/{pid}/status").read_text(), "VmRSS:"
        total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name))
    return total / 1024
