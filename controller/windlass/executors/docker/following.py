"""From a container that may run to the end of its attempt.

In: an attempt with its record. Out: an Over; on the way its start is told and its log copied. Whether the container
was started a moment ago or by an earlier controller makes no difference: its log is read from the beginning, and what
is on disk already is passed over. An engine that goes away is waited for.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import tarfile
import time
from typing import TYPE_CHECKING, Any

from windlass.executors.attempt_folder.end import Over
from windlass.executors.attempt_folder.folders import HOME, OWED
from windlass.executors.attempt_folder.log_file import LogFile, open_log
from windlass.executors.containers.folder import ROOT
from windlass.executors.containers.log_copy import Copy, millis_of
from windlass.executors.containers.marks import Marks, PartsSaid
from windlass.executors.containers.packing import MASKS, one_file, unpack
from windlass.executors.docker.api import EngineAway, Refused
from windlass.executors.docker.container import is_ours
from windlass.executors.docker.frames import payloads, timed
from windlass.executors.docker.handing_on import hand_on
from windlass.executors.docker.records import write_record
from windlass.executors.docker.services import last_lines
from windlass.executors.docker.silence import listen
from windlass.executors.docker.stopping import can_be_signalled
from windlass.executors.now import now_millis
from windlass.masking import Mask, masked_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from windlass.executors.docker.api import Engine
    from windlass.executors.docker.attempt import Attempt, Told
    from windlass.executors.docker.records import Record

LOOK = 0.05  # seconds between two looks at a container whose log has ended before it
AWAY = 0.5  # seconds between two tries to reach the engine
MASK_BYTES = 16 * 1024 * 1024
OOM_LOOKS = 5
_KILLED = 137
_SIGNALLED = 128  # and the number of the signal
_NOT_EXECUTED = (126, 127)
_BY_ENGINE = (137, 143, 255)  # what containers end with when their engine is killed and comes back


class Follower:
    def __init__(
        self, attempt: Attempt, engine: Engine, told: Told, record: Record, masks: Sequence[str] | None
    ) -> None:
        """`masks` None: they are asked of the container."""
        self._attempt = attempt
        self._engine = engine
        self._told = told
        self._record = record
        self._masks = masks
        self._outage: float | None = None  # since when the engine is away
        self._said = PartsSaid()  # of an attempt with parts
        self._copied: Copy | None = None  # the log, as it was read last
        self._broken = False  # it was away while the container ran

    def follow(self, patience: float) -> Over:
        """`patience`: seconds that the engine may be away. Raises ClosedError, OSError and NotStartable."""
        log = LogFile(open_log(str(self._attempt.log_path)))
        if self._record.tail is not None:  # killed while what services wrote was added: it is added again
            os.truncate(log.fd, self._record.tail)
        try:
            while True:
                try:
                    over = self._look(log)
                    self._outage = None
                    if over is not None:
                        return over
                    self._attempt.finished.wait(LOOK)
                except EngineAway as error:
                    self._attempt.check()
                    self._broken = self._broken or self._attempt.running
                    self._outage = self._outage or time.monotonic()
                    if time.monotonic() - self._outage > patience:
                        return _without("runner-lost", f"{error}, for {patience:g} s now; what became of it is unknown")
                    self._attempt.finished.wait(AWAY)
                self._attempt.check()
        finally:
            log.close()

    def _look(self, log: LogFile) -> Over | None:
        """None: it runs on. Raises EngineAway."""
        found = self._inspect()
        if isinstance(found, Over):
            return found
        if self._masks is None:
            self._masks = self._hidden() if self._record.masked else ()
        if found["State"]["Running"]:
            can_be_signalled(self._attempt, self._engine)
            listen(self._attempt, self._record.quiet, self._told)
        self._copy(log, live=found["State"]["Running"])
        if found["State"]["Running"]:
            found = self._inspect()
            if isinstance(found, Over):
                return found
            if found["State"]["Running"]:
                return None
            self._copy(log, live=False)  # a live stream may end a little early
        return self._end(found, log)

    def _inspect(self) -> dict[str, Any] | Over:
        """As the engine has it, once it was started; its start is told."""
        try:
            found: dict[str, Any] = self._engine.json("GET", f"/containers/{self._attempt.name}/json")
        except Refused as refused:
            if refused.status == 404:
                return _without("lost", "its container is gone, and nothing proves how it ended")
            raise EngineAway(f"the engine refused: {refused}") from refused
        if not is_ours(found, self._attempt.key):
            return _without("name-taken", f"the container {self._attempt.name} is not of this attempt")
        if found["State"]["Status"] == "created":
            if self._attempt.launch is None:
                return _without("lost", "its container was never started")
            return _without("runner-unavailable", "the engine went away before it started the container")
        if not self._attempt.told_started:
            self._attempt.told_started = True
            handle = {"container": found["Id"], "name": self._attempt.name, "pid": found["State"]["Pid"]}
            self._told.started(self._attempt, millis_of(found["State"]["StartedAt"]), handle)
        return found

    def _hidden(self) -> Sequence[str]:
        """What must not show, from where only the container's own user can read it."""
        data = self._read(f"{ROOT}/{MASKS}", MASK_BYTES)
        return tuple(json.loads(data)) if data else ()

    def _copy(self, log: LogFile, *, live: bool) -> None:
        query = {"stdout": "1", "stderr": "1", "follow": "1" if live else "0"}
        path = f"/containers/{self._attempt.name}/logs"
        copy = self._copied = Copy(log, self._masks or (), self._record.head)
        cutter = self._attempt.following
        if self._record.mark is not None:
            query["timestamps"] = "1"
        try:
            with self._engine.exchange("GET", path, timeout=None, query=query, cutter=cutter) as answer:
                if self._record.mark is not None:
                    self._copy_parts(timed(answer), copy, self._record.mark)
                    return
                for data in payloads(answer):
                    self._attempt.written_at = time.monotonic()
                    copy.feed(data)
                self._attempt.check()
                copy.flush()
        except Refused as refused:
            raise EngineAway(f"the engine refused to show the log: {refused}") from refused

    def _copy_parts(self, stream: Iterator[tuple[int, bytes]], copy: Copy, mark: str) -> None:
        marks, self._said = Marks(mark), PartsSaid()
        for at, data in stream:
            self._attempt.written_at = time.monotonic()
            for found in marks.split(data):
                if isinstance(found, bytes):
                    copy.feed(found)
                    continue
                copy.flush()
                self._said.take(found, at, copy.size)
                if found[0] == "env":
                    hand_on(self._engine, self._attempt.name, found[1])
                elif found[0] == "begin" and copy.caught_up:
                    self._told.parts(self._attempt, self._said.records)
        self._attempt.check()
        copy.feed(marks.rest())
        copy.flush()

    def _end(self, found: dict[str, Any], log: LogFile) -> Over:
        state = found["State"]
        code, stopped = int(state["ExitCode"]), self._attempt.stop_asked
        if self._broken and code in _BY_ENGINE and not stopped and not state.get("OOMKilled"):
            return _without("runner-lost", "the engine went away while it ran, and its container ended with it")
        cause, message = None, log.complaint
        if code in _NOT_EXECUTED and (why := _said_by_init(self._attempt.log_path)):
            return _without("start-failed", f"its program cannot be started: {why}")
        parts, failure = self._said.records, self._said.failure()
        exit_code: int | None = code
        if failure is not None and not stopped:
            exit_code, cause, message = failure
        if code != 0 and not stopped and (ended_by := self._ended_by_others(state)) is not None:
            cause, message = ended_by
        self._add_services(log)
        trouble = self._bring_back()
        if trouble is not None and cause is None and code == 0:
            cause, message = "artifact-failed", trouble
        return Over(now_millis(), exit_code, self._outputs(), cause, masked_text(message, self._masks), parts)

    def _ended_by_others(self, state: Mapping[str, Any]) -> tuple[str, str] | None:
        """Cause and message: the kernel, by its state or by the engine's events, which may come a little later; or
        somebody who asked the engine, which says so before it does it."""
        out_of_memory = "oom-killed", "the kernel ended it because memory ran out"
        if state.get("OOMKilled"):
            return out_of_memory
        if int(state["ExitCode"]) <= _SIGNALLED:
            return None
        for _ in range(OOM_LOOKS if int(state["ExitCode"]) == _KILLED else 1):
            seen = self._events("oom", "kill")
            if any(event["Action"] == "oom" for event in seen):
                return out_of_memory
            if seen:
                signal = seen[-1]["Actor"]["Attributes"].get("signal", "?")
                return "container-killed", f"somebody had the engine send signal {signal} to its container"
            self._attempt.finished.wait(LOOK)
        return None

    def _events(self, *kinds: str) -> list[dict[str, Any]]:
        filters = json.dumps({"type": ["container"], "event": kinds, "container": [self._attempt.name]})
        query = {"since": "0", "until": f"{time.time():.3f}", "filters": filters}
        with self._engine.exchange("GET", "/events", query=query) as answer:
            return [json.loads(line) for line in answer.read().splitlines()]

    def _add_services(self, log: LogFile) -> None:
        """What they wrote, at the end of the log. Raises EngineAway and OSError."""
        if not self._record.services:
            return
        if self._record.tail is None:
            self._record.tail = log.size
            write_record(self._attempt.folder, self._record)
        else:
            os.truncate(log.fd, self._record.tail)
        mask = Mask(self._masks) if self._masks else None
        for line in last_lines(self._attempt, self._engine, self._record.services):
            log.write(mask.whole(line) if mask is not None else line)

    def _outputs(self) -> bytes:
        """At most one byte more than the limit; without what must not show."""
        limit = self._record.limit
        if self._is_empty(f"{ROOT}/output"):
            return b""
        data = self._read(f"{ROOT}/output", limit + 1)
        mask = self._copied.mask if self._copied is not None else Mask(self._masks or ())
        if not mask.values:
            return data
        return mask.whole(data) if len(data) <= limit else b" " * (limit + 1)

    def _is_empty(self, path: str) -> bool:
        """Asked first, for it costs a fiftieth of an archive. Raises EngineAway."""
        where = f"/containers/{self._attempt.name}/archive"
        try:
            with self._engine.exchange("HEAD", where, query={"path": path}) as answer:
                told = answer.headers.get("X-Docker-Container-Path-Stat", "")
            return not json.loads(base64.b64decode(told))["size"]
        except (Refused, ValueError, KeyError, TypeError):
            return False

    def _read(self, path: str, limit: int) -> bytes:
        """A file of the container; empty when there is none. Raises EngineAway."""
        where = f"/containers/{self._attempt.name}/archive"
        try:
            with self._engine.exchange("GET", where, query={"path": path}) as answer:
                return one_file(answer, limit)
        except (Refused, tarfile.TarError):
            return b""

    def _bring_back(self) -> str | None:
        """What is collected from (`workspace/`), as the program left it; else why it cannot be had."""
        folder = self._attempt.folder
        if not (folder / OWED).exists():
            return None
        for name in ("work", HOME):
            if name == HOME and not (folder / name).exists():
                continue
            shutil.rmtree(folder / name, ignore_errors=True)
            (folder / name).mkdir(mode=0o700, exist_ok=True)
            where = f"/containers/{self._attempt.name}/archive"
            try:
                with self._engine.exchange("GET", where, timeout=600.0, query={"path": f"{ROOT}/{name}"}) as answer:
                    unpack(answer, folder)
            except (Refused, tarfile.TarError) as error:
                return f"its working directory cannot be copied from the container: {error}"
        return None


def follow(
    attempt: Attempt, engine: Engine, told: Told, record: Record, masks: Sequence[str] | None, patience: float
) -> Over:
    """Raises ClosedError, OSError and NotStartable."""
    return Follower(attempt, engine, told, record, masks).follow(patience)


def _said_by_init(log: Path) -> str | None:
    """Why the first process of the container could not execute the program; None: it could."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        last = file.read().rstrip(b"\n").rpartition(b"\n")[2].decode("utf-8", "replace")
    marked, _, why = last.partition("] ")
    return why if marked.startswith("[FATAL tini (") else None


def _without(cause: str, message: str) -> Over:
    return Over(now_millis(), None, cause=cause, message=message)
