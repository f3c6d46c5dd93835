"""An executor that holds its attempts in memory until somebody releases them: for tests, simulation and measuring.

In: Launch and Stop; by hand `finish`, `write_log`, or a `script` that answers at once. Out: Started and Ended, sent
from within the call that causes them. A HeldWorld outlives an executor, as processes outlive a controller: give
the same one to the next and it adopts what still runs.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from windlass.clock import SystemClock
from windlass.executors.attempt_folder.folders import attempt_name, encoded
from windlass.runs.model import Ended, PartRecord, PartsSeen, Quiet, Started

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from windlass.clock import Clock
    from windlass.executors.base import Sink
    from windlass.runs.model import AttemptKey, Launch, Stop

_TERMINATED = 128 + 15


@dataclass(slots=True)
class HeldWorld:
    """What exists whether or not an executor looks: running attempts and recorded ends."""

    running: dict[AttemptKey, Launch] = field(default_factory=dict)
    ended: dict[AttemptKey, Ended] = field(default_factory=dict)
    refused: set[AttemptKey] = field(default_factory=set)  # judged lost: may never start
    started: list[AttemptKey] = field(default_factory=list)  # every start there ever was, in order


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ends; see `runs.model.Ended`."""

    exit_code: int | None = 0
    outputs: bytes = b""
    cause: str | None = None
    message: str | None = None


class HeldExecutor:
    """`script` may answer a launch at once with an Outcome, or None to hold it.

    `obedient`: a stopped attempt ends by TERM at once; otherwise it runs on until `finish`. `stops` lists them.
    """

    name = "held"

    def __init__(
        self,
        sink: Sink,
        *,
        logs: Path | None = None,
        script: Callable[[Launch], Outcome | None] | None = None,
        world: HeldWorld | None = None,
        obedient: bool = True,
        clock: Clock | None = None,
    ) -> None:
        self._sink = sink
        self._logs = logs
        self._script = script
        self._clock = clock or SystemClock()
        self._lock = threading.RLock()
        self._closed = False
        self._mine: set[AttemptKey] = set()  # given to us, and their Ended not yet sent
        self._known: set[AttemptKey] = set()
        self.world = world or HeldWorld()
        self.obedient = obedient
        self.stops: list[Stop] = []

    # By hand

    def running(self) -> list[AttemptKey]:
        """In the order they were started."""
        return list(self.world.running)

    def launch(self, key: AttemptKey) -> Launch:
        """What a running attempt was started with. Raises KeyError."""
        return self.world.running[key]

    def finish(
        self,
        key: AttemptKey,
        exit_code: int | None = 0,
        outputs: bytes = b"",
        cause: str | None = None,
        message: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Release a running attempt. Raises KeyError when it does not run. Of parts it was the first that ended so."""
        with self._lock:
            launch = self.world.running.pop(key)
            kept = outputs[: launch.output_limit + 1]
            parts = _played(launch, self._clock.now(), exit_code, cause)
            self.world.ended[key] = Ended(key, self._clock.now(), exit_code, kept, cause, message, detail or {}, parts)
            self._tell_end(key)

    def write_log(self, key: AttemptKey, data: bytes) -> None:
        """Append to the attempt's log, as its program would. Raises ValueError when there is no folder for logs."""
        path = self._log_file(key)
        if path is None:
            raise ValueError("this executor was made without a folder for logs")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(data)

    def fall_silent(self, key: AttemptKey) -> None:
        """As if a running attempt had written nothing for its quiet timeout. Raises KeyError when it does not run."""
        with self._lock:
            if self.world.running[key].quiet_timeout is not None and not self._closed:
                self._sink(Quiet(key, self._clock.now()))

    # The contract

    def start(self, launches: Sequence[Launch]) -> None:
        with self._lock:
            for launch in launches:
                if launch.key not in self._known:
                    self._take(launch.key)
                    self._begin(launch)

    def stop(self, stop: Stop) -> None:
        with self._lock:
            if stop.key not in self._mine:
                return
            self.stops.append(stop)
            if self.obedient or stop.grace == 0:
                self.finish(stop.key, _TERMINATED, message="ended by SIGTERM")

    def adopt(self, attempts: Mapping[AttemptKey, Mapping[str, Any] | None]) -> None:
        with self._lock:
            for key, handle in attempts.items():
                if key not in self._known:
                    self._take(key)
                    self._judge(key, handle)

    def log_path(self, key: AttemptKey) -> Path | None:
        path = self._log_file(key)
        return path if path is not None and (key in self._known or path.exists()) else None

    def forget(self, key: AttemptKey) -> None:
        with self._lock:
            if key not in self._mine:
                self._known.discard(key)
                self.world.ended.pop(key, None)

    def close(self, *, kill: bool) -> None:
        with self._lock:
            if kill:
                for key in [key for key in self.world.running if key in self._mine]:
                    self.finish(key, _TERMINATED, message="ended by SIGTERM")
            self._closed = True

    # Inside; with the lock

    def _take(self, key: AttemptKey) -> None:
        self._known.add(key)
        self._mine.add(key)

    def _begin(self, launch: Launch) -> None:
        key = launch.key
        if key in self.world.running or key in self.world.ended or key in self.world.refused:
            self._judge(key, None)
            return
        self.world.started.append(key)
        self.world.running[key] = launch
        self._tell_start(key)
        if launch.parts and not self._closed:
            self._sink(PartsSeen(key, (PartRecord(_first(launch), 0, self._clock.now()),)))
        outcome = self._script(launch) if self._script else None
        if outcome is not None and key in self.world.running:
            self.finish(key, outcome.exit_code, outcome.outputs, outcome.cause, outcome.message)

    def _judge(self, key: AttemptKey, handle: Mapping[str, Any] | None) -> None:
        if key in self.world.running:
            if handle is None:
                self._tell_start(key)
            return
        if key not in self.world.ended:
            self.world.refused.add(key)
            message = "it was recorded, but never started"
            self.world.ended[key] = Ended(key, self._clock.now(), None, cause="lost", message=message)
        self._tell_end(key)

    def _tell_start(self, key: AttemptKey) -> None:
        handle = {"pid": self.world.started.index(key) + 1 if len(self.world.started) < 1000 else 1, "startTime": 0}
        if not self._closed:
            self._sink(Started(key, self._clock.now(), handle))

    def _tell_end(self, key: AttemptKey) -> None:
        if key in self._mine and not self._closed:
            self._mine.discard(key)
            self._sink(self.world.ended[key])

    def _log_file(self, key: AttemptKey) -> Path | None:
        return self._logs / encoded(key.run) / f"{attempt_name(key)}.log" if self._logs else None


def _first(launch: Launch) -> int:
    """The part that is held: the first one that runs."""
    return next((index for index, part in enumerate(launch.parts) if part.on_success), 0)


def _played(launch: Launch, at: int, code: int | None, cause: str | None) -> tuple[PartRecord, ...]:
    """The parts that have run when the held one ended so: those after it take no time and succeed."""
    held, broken = _first(launch), bool(code or cause)
    later = enumerate(launch.parts[held + 1 :], held + 1)
    ran = [index for index, part in later if (part.on_failure if broken else part.on_success)]
    first = PartRecord(held, 0, at, at, code, cause)
    return (first, *(PartRecord(index, 0, at, at, 0) for index in ran)) if launch.parts else ()
