"""The docker runner: the contract of `executors.base` over the containers of one engine.

In: Launch and Stop. Out: Started, PartsSeen, Quiet and Ended. Each attempt that may run has a thread, which mostly
waits for the engine; further ones wait in line. The engine is first asked when there is something for it to do, so a
server without steps on this runner needs none.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from windlass.executors.attempt_folder.folders import Folders
from windlass.executors.attempt_folder.sweeper import Sweeper
from windlass.executors.docker.api import Engine
from windlass.executors.docker.attempt import Attempt
from windlass.executors.docker.life import live, remove
from windlass.executors.docker.owner import owner_of, sweep
from windlass.executors.docker.records import CONTAINER
from windlass.executors.docker.stopping import ask_to_stop
from windlass.executors.now import now_millis
from windlass.runs.model import Ended, PartsSeen, Quiet, Started

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from windlass.executors.attempt_folder.end import Over
    from windlass.executors.base import Sink
    from windlass.runs.model import AttemptKey, Launch, Observation, PartRecord, Stop

PARALLEL = 64
PATIENCE = 60.0  # seconds that an engine may be away while containers run
GOING = 10.0  # seconds that threads may take to end, once their connections are cut


class DockerExecutor:
    """Runs attempts as containers. `data` is a folder of the controller's own; `patience` see above.

    `environment` says where the engine is (DOCKER_HOST); `parallel` attempts run at once; `image` is that of launches
    without one; `lasting` False: nobody adopts its containers when this program is killed.
    """

    name = "docker"

    def __init__(
        self,
        data: Path,
        sink: Sink,
        *,
        parallel: int = PARALLEL,
        environment: Mapping[str, str] | None = None,
        image: str | None = None,
        patience: float = PATIENCE,
        lasting: bool = True,
    ) -> None:
        self._folders = Folders(data)
        self._sink = sink
        self._parallel = parallel
        self._patience = patience
        self._image = image
        self._owner = owner_of(data, lasting=lasting)
        self._swept = False
        self._engine = Engine(os.environ if environment is None else environment)
        self._lock = threading.RLock()
        self._empty = threading.Condition(self._lock)
        self._open: dict[AttemptKey, Attempt] = {}
        self._ended: set[AttemptKey] = set()
        self._line: deque[Attempt] = deque()
        self._threads: set[threading.Thread] = set()
        self._sweeper = Sweeper()
        self.closed = False

    # The contract

    def start(self, launches: Sequence[Launch]) -> None:
        with self._lock:
            for launch in launches:
                if self._is_new(launch.key):
                    self._add(launch.key, launch if launch.image else replace(launch, image=self._image))
            self._pump()

    def stop(self, stop: Stop) -> None:
        with self._lock:
            attempt = self._open.get(stop.key)
            if attempt is None or self.closed:
                return
            ask_to_stop(attempt, self._engine, stop.grace)
            if attempt in self._line:  # its end is not to wait for a place
                self._line.remove(attempt)
                self._begin(attempt)

    def adopt(self, attempts: Mapping[AttemptKey, Mapping[str, Any] | None]) -> None:
        with self._lock:
            for key, handle in attempts.items():
                if self._is_new(key):
                    self._add(key, None, told_started=handle is not None)
            self._pump()

    def log_path(self, key: AttemptKey) -> Path | None:
        path = self._folders.log(key)
        return path if key in self._open or key in self._ended or path.exists() else None

    def forget(self, key: AttemptKey) -> None:
        with self._lock:
            if key in self._open:
                return
            self._ended.discard(key)
        folder = self._folders.attempt(key)
        if (folder / CONTAINER).exists():  # it could not be removed when it ended
            left = Attempt(key, folder, self._folders.log(key), None)
            threading.Thread(target=remove, args=(left, self._engine), name="windlass-docker", daemon=True).start()
        self._sweeper.add(folder)

    def close(self, *, kill: bool) -> None:
        with self._lock:
            if self.closed:
                return
            if kill:
                for attempt in list(self._open.values()):
                    ask_to_stop(attempt, self._engine, attempt.kill_after)
                self._empty.wait_for(lambda: not self._open)
            self.closed = True
            for attempt in self._open.values():
                attempt.let_go()
            threads = list(self._threads)
        for thread in threads:
            thread.join(GOING)
        self._sweeper.wait()

    def collected(self, key: AttemptKey) -> None:
        """Nothing waits for it."""

    def working_directory(self, key: AttemptKey) -> Path:
        """On this machine: filled before the start and copied into the container, and back if something is owed."""
        return self._folders.attempt(key) / "work"

    def memory(self, _key: AttemptKey) -> Path | None:
        return None  # what is filled here is copied

    # Open attempts; with the lock

    def _is_new(self, key: AttemptKey) -> bool:
        return not self.closed and key not in self._open and key not in self._ended

    def _add(self, key: AttemptKey, launch: Launch | None, *, told_started: bool = False) -> None:
        folder, log = self._folders.attempt(key), self._folders.log(key)
        self._open[key] = attempt = Attempt(key, folder, log, launch, told_started=told_started)
        self._line.append(attempt)

    def _pump(self) -> None:
        if self._line and not self._swept and not self.closed:
            self._swept = True
            threading.Thread(target=self._sweep, name="windlass-docker-sweep", daemon=True).start()
        while self._line and len(self._threads) < self._parallel and not self.closed:
            self._begin(self._line.popleft())

    def _sweep(self) -> None:
        sweep(self._engine, self._owner, lambda key: self.closed or key in self._open)

    def _begin(self, attempt: Attempt) -> None:
        thread = threading.Thread(target=self._live, args=(attempt,), name="windlass-docker", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _live(self, attempt: Attempt) -> None:
        live(attempt, self._engine, self, self._patience, self._owner)
        with self._lock:
            self._threads.discard(threading.current_thread())
            self._pump()

    # What the attempts tell; in their threads

    def started(self, attempt: Attempt, at: int, handle: dict[str, Any]) -> None:
        self._emit(Started(attempt.key, at, handle))

    def quiet(self, attempt: Attempt) -> None:
        self._emit(Quiet(attempt.key, now_millis()))

    def parts(self, attempt: Attempt, parts: tuple[PartRecord, ...]) -> None:
        self._emit(PartsSeen(attempt.key, parts))

    def ended(self, attempt: Attempt, over: Over) -> None:
        with self._lock:
            if self._open.pop(attempt.key, None) is None:
                return
            self._ended.add(attempt.key)
            self._emit(
                Ended(attempt.key, over.at, over.exit_code, over.outputs, over.cause, over.message, parts=over.parts)
            )
            self._empty.notify_all()

    def _emit(self, observation: Observation) -> None:
        with self._lock:
            if not self.closed:
                self._sink(observation)
