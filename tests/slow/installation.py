"""An installation of several processes: controllers, of which one leads, and replicas of the web, on one ledger."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import psycopg
from tests.canary import secret
from tests.postgres import Postgres
from tests.slow.home import Home
from tests.slow.repo import Repo
from tests.slow.server import Server

TOKEN = secret("installation")
# A lease of eight seconds means what one of fifteen means, sooner; a leader may stand still for five all the same.
SPANS = {"WINDLASS_LEASE_DURATION": "8s", "WINDLASS_RENEW_DEADLINE": "6s", "WINDLASS_RETRY_PERIOD": "300ms"}
LONGER_THAN_A_LEASE = 9
# Of a leader that is to stay, whatever becomes of those that it needs.
LONG = {"WINDLASS_LEASE_DURATION": "3m", "WINDLASS_RENEW_DEADLINE": "2m", "WINDLASS_RETRY_PERIOD": "300ms"}


class Controller:
    """One `windlass controller`; it says `standby`, and `ready` once it leads."""

    def __init__(self, home: Home, name: str, *sources: Path, env: Mapping[str, str]) -> None:
        self.home = home
        self.data = home.folder / name
        self._log = home.folder / f"{name}.log"
        self._words = (*map(str, sources), "--listen", "127.0.0.1:0", "--data", str(self.data))
        self._env = {"WINDLASS_INTERNAL_TOKEN": TOKEN, **SPANS, **env}
        self._process: subprocess.Popen[str] | None = None
        self._said = ""
        self.url = ""

    def start(self) -> Controller:
        """Until it waits; it may lead at once."""
        self.close()
        self._said = ""
        with self._log.open("ab") as log:
            self._process = self.home.start("controller", *self._words, env=self._env, stderr=log)
        assert self.says("standby"), self.log
        self.url = self._said.split()[1]
        return self

    def leads(self, seconds: float = 60) -> Controller:
        """Until it leads and has looked at everything once."""
        assert self.says("ready", seconds), self.log
        return self

    def says(self, word: str, seconds: float = 60) -> bool:
        """Whether a line with that word comes in time. Read by hand: `select` sees nothing of a buffered line."""
        until = time.monotonic() + seconds
        while word not in self._said:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._output], [], [], left)[0]:
                return False
            read = os.read(self._output, 4096)
            if not read:
                return False
            self._said += read.decode()
        return True

    @property
    def _output(self) -> int:
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self, seconds: float = 60) -> int:
        assert self._process is not None
        return self._process.wait(seconds)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.wait()

    def stop(self) -> None:
        self.signal(signal.SIGTERM)
        assert self.wait() == 0, self.log
        assert "Traceback" not in self.log, self.log

    def ask(self, path: str, **more: object) -> httpx2.Response:
        """On its own port."""
        return httpx2.get(self.url + path, timeout=60, **more)  # type: ignore[arg-type]

    def close(self) -> None:
        if self._process is None:
            return
        if self.alive:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            try:
                self.wait()
            finally:
                self._process.kill()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None


class Web(Server):
    """A `windlass web`."""

    verb = "web"

    def __init__(self, home: Home, *, env: Mapping[str, str], data: str = "web", words: tuple[str, ...] = ()) -> None:
        super().__init__(home, words=words, data=data)
        self._given = {"WINDLASS_INTERNAL_TOKEN": TOKEN, **env}

    def try_start(self, env: Mapping[str, str] | None = None) -> bool:
        return super().try_start({**self._given, **(env or {})})


class Installation:
    """Controllers `a`, `b`… and one web, on a database of their own. `workflows`: their bodies by name."""

    def __init__(self, home: Home, postgres: Postgres, workflows: Mapping[str, str], env: Mapping[str, str]) -> None:
        database = f"t{uuid.uuid4().hex[:12]}"
        postgres.execute(f"CREATE DATABASE {database}")
        self.url = postgres.url(database)
        self.home = home
        self.env = {"WINDLASS_DATABASE": self.url, **env}
        self.repo = Repo(home.folder / "shop")
        for name, body in workflows.items():
            self.repo.add(name, body)
        self.starts = home.folder / "starts"
        self.starts.touch()
        self.controllers: list[Controller] = []
        self.web = Web(home, env=self.env)

    def controller(self, name: str, **env: str) -> Controller:
        made = Controller(self.home, name, self.repo.path, env=self.env | env)
        self.controllers.append(made)
        return made.start()

    def begin(self, name: str, **inputs: str) -> str:
        return self.web.begin(self.repo.name, name, inputs=inputs)

    def started(self) -> Counter[str]:
        """How often each attempt began, by what it did."""
        return Counter(self.starts.read_text().split())

    def check_once(self, runs: list[dict[str, Any]]) -> None:
        """No attempt began twice, and none that the ledger does not know."""
        started = self.started()
        assert set(started.values()) <= {1}, started.most_common(5)
        known = {
            f"{run['id']}/{name}/{attempt['number']}"
            for run in runs
            for name, step in run["steps"].items()
            for attempt in step["attempts"]
        }
        assert set(started) <= known

    def epoch(self) -> tuple[int, str]:
        with psycopg.connect(self.url) as connection:
            found = connection.execute("SELECT epoch, holder FROM fences WHERE scope = 'controller'").fetchone()
        assert found is not None
        return found[0], found[1]

    def close(self) -> None:
        self.web.close()
        for controller in reversed(self.controllers):
            controller.close()
