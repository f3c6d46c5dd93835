"""The local executor: the contract of `executors.base` over a supervisor and its wardens.

In: Launch and Stop. Out: Started and Ended, from one reader thread. A launch goes to the socket and is taken by a ready
warden; what the warden says comes back over the same socket; wardens of an earlier controller are watched by pidfd.
`start` sends from the caller's thread: no thread stands between a decision and its process.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from windlass.crashpoints import reach
from windlass.executors.attempt_folder import memory
from windlass.executors.attempt_folder.end import Over
from windlass.executors.attempt_folder.folders import Folders
from windlass.executors.attempt_folder.sweeper import Sweeper
from windlass.executors.local import journal
from windlass.executors.local.attempts import Attempt, Phase
from windlass.executors.local.environment import base_environment
from windlass.executors.local.evidence import Alive, judge, lost, part_records
from windlass.executors.local.link import Link, LinkDownError
from windlass.executors.local.message import launch_message
from windlass.executors.local.reader import Reader, guarded
from windlass.executors.local.silence import Silence
from windlass.executors.local.stopping import tell_to_stop
from windlass.executors.local.warden import read_outputs
from windlass.executors.now import now_millis
from windlass.executors.process_identity import boot_id
from windlass.runs.model import Ended, PartsSeen, Quiet, Started

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from windlass.executors.base import Sink
    from windlass.executors.local.spawn import SupervisorProcess
    from windlass.runs.model import AttemptKey, Launch, Observation, PartRecord, Stop

PARALLEL = 64
_UNSETTLED = 2.0  # seconds that the evidence of an attempt may stay incomplete
_LOOK = 0.05  # seconds between two looks at it
_SILENT = 1.0  # seconds after which a launch that a dead warden may have taken unseen is sent again
_GRACE = 10_000  # milliseconds; of an attempt whose launch we do not have


class LocalExecutor:
    """Runs attempts as processes of this machine, below `data`; see `executors.base.Executor`.

    `parallel` attempts run at once, further ones wait in line. `supervisor` is one that was spawned earlier; when it is
    `foreground`, the attempts are ended when this process goes away, however it goes; otherwise they live on.
    """

    name = "local"

    def __init__(
        self,
        data: Path,
        sink: Sink,
        supervisor: SupervisorProcess | None = None,
        *,
        parallel: int = PARALLEL,
        environment: Mapping[str, str] | None = None,
        round_: AbstractContextManager[None] | None = None,
    ) -> None:
        """What the sink is told at the same time is told within `round_`."""
        self._folders = Folders(data)
        self._sink = sink
        self._round = round_ or nullcontext()
        self._parallel = parallel
        self._base = base_environment(os.environ if environment is None else environment)
        self._boot = boot_id()
        self._lock = threading.RLock()
        self._empty = threading.Condition(self._lock)
        self._open: dict[AttemptKey, Attempt] = {}
        self._ended: set[AttemptKey] = set()
        self._by_id: dict[int, Attempt] = {}
        self._line: deque[Attempt] = deque()
        self._running = 0  # open attempts that do not wait in line
        self._next_id = 1
        self.closed = False
        self._events: deque[Observation] = deque()
        self._hear: dict[str, Callable[..., None]] = {
            "started": self._on_started,
            "part": self._on_part,
            "ended": self._on_ended,
            "failed": self._on_failed,
            "taken": self._on_taken,
        }
        self._sweeper = Sweeper()
        memory.sweep(self._folders.attempts)
        self._reader = Reader(self._deliver)
        self._silence = Silence(self._reader, self._lock, lambda key: self._emit(Quiet(key, now_millis())))
        self._link = Link(self._reader, supervisor, self._heard, self._on_link_lost)

    # The contract

    def start(self, launches: Sequence[Launch]) -> None:
        with self._lock:
            for launch in launches:
                if self._is_new(launch.key):
                    self._line.append(self._add(launch.key, Phase.WAITING, launch))
            self._pump()

    def stop(self, stop: Stop) -> None:
        with self._lock:
            attempt = self._open.get(stop.key)
            if attempt is not None and not self.closed:
                self._stop(attempt, stop.grace)

    def adopt(self, attempts: Mapping[AttemptKey, Mapping[str, Any] | None]) -> None:
        with self._lock:
            for key, handle in attempts.items():
                if self._is_new(key):
                    attempt = self._add(key, Phase.JUDGED, None)
                    attempt.told_started = handle is not None
                    self._judge_soon(attempt)

    def log_path(self, key: AttemptKey) -> Path | None:
        path = self._folders.log(key)
        return path if key in self._open or key in self._ended or path.exists() else None

    def forget(self, key: AttemptKey) -> None:
        with self._lock:
            if key in self._open:
                return
            self._ended.discard(key)
        folder = self._folders.attempt(key)
        memory.drop(folder)
        self._sweeper.add(folder)

    def close(self, *, kill: bool) -> None:
        """In foreground mode everything is ended even without `kill`: the supervisor sees to it."""
        with self._lock:
            if self.closed:
                return
            self.closed = True
            if kill:
                for attempt in list(self._open.values()):
                    self._stop(attempt, attempt.launch.kill_after if attempt.launch else _GRACE)
                self._empty.wait_for(lambda: not self._open)
        self._reader.stop()
        self._link.close(wait=kill)
        self._sweeper.wait()

    @property
    def supervisor_pid(self) -> int | None:
        """None: it could not be started."""
        return self._link.pid

    def collected(self, key: AttemptKey) -> None:
        """Nothing waits for it."""

    def working_directory(self, key: AttemptKey) -> Path:
        """Where the attempt's program runs: artifacts are saved from here before `forget`."""
        return self._folders.attempt(key) / "work"

    def memory(self, key: AttemptKey) -> Path | None:
        return memory.made(self._folders.attempt(key))

    # Open attempts; with the lock

    def _is_new(self, key: AttemptKey) -> bool:
        return not self.closed and key not in self._open and key not in self._ended

    def _add(self, key: AttemptKey, phase: Phase, launch: Launch | None) -> Attempt:
        attempt = Attempt(key, str(self._folders.attempt(key)), self._next_id, phase, launch)
        self._next_id += 1
        self._open[key] = attempt
        self._by_id[attempt.id] = attempt
        self._running += phase is not Phase.WAITING
        return attempt

    def _pump(self) -> None:
        """Send what may run now. A full socket ends the round; each launch taken from it pumps again."""
        while self._line and self._running < self._parallel:
            attempt = self._line[0]
            assert attempt.launch is not None
            reach("executor.before-spawn")
            try:
                sent = self._link.send(launch_message(attempt, self._folders.log(attempt.key), self._base))
            except (LinkDownError, OSError, ValueError) as error:
                self._line.popleft()
                self._end(attempt, Over(now_millis(), None, cause="start-failed", message=f"cannot start: {error}"))
                continue
            if not sent:
                return
            reach("executor.spawned")
            self._line.popleft()
            attempt.phase = Phase.SENT
            self._running += 1

    def _stop(self, attempt: Attempt, grace: int) -> None:
        attempt.grace = grace if attempt.grace is None else min(attempt.grace, grace)
        if attempt.phase is Phase.WAITING:
            self._line.remove(attempt)
            self._end(attempt, _never_started())
        elif attempt.warden is not None:
            tell_to_stop(attempt.folder, attempt.warden, grace)
        elif attempt.phase is Phase.SENT and self._refuse(attempt):
            self._end(attempt, _never_started())

    def _refuse(self, attempt: Attempt) -> bool:
        """Win the start gate against the warden. False: it was faster, and is told when it says who it is."""
        try:
            return journal.refuse(attempt.folder, now_millis(), "it was stopped first")
        except OSError:  # no room for the journal: the warden will find the same and say so
            return False

    def _end(self, attempt: Attempt, over: Over) -> None:
        if self._open.pop(attempt.key, None) is None:
            return
        del self._by_id[attempt.id]
        self._silence.leave(attempt.key)
        self._ended.add(attempt.key)
        self._running -= attempt.phase is not Phase.WAITING
        self._emit(
            Ended(attempt.key, over.at, over.exit_code, over.outputs, over.cause, over.message, parts=over.parts)
        )
        if not self._open:
            self._empty.notify_all()

    def _emit(self, observation: Observation) -> None:
        self._events.append(observation)
        self._reader.wake()

    # What the wardens say; in the reader's thread

    def _heard(self, message: tuple[Any, ...]) -> None:
        with self._lock:
            kind, number, *rest = message
            if kind == "gone":
                self._on_gone(number)
            elif (attempt := self._by_id.get(number)) is not None:
                self._hear[kind](attempt, *rest)
            self._pump()

    def _on_started(self, attempt: Attempt, at: int, pid: int, start: int, child: int) -> None:
        if attempt.phase is Phase.SENT:
            attempt.phase = Phase.STARTED
        self._tell_started(attempt, at, self._handle(pid, start, child))
        if attempt.launch is not None:
            self._listen(attempt, attempt.launch.quiet_timeout)
        self._know_warden(attempt, pid, start)

    def _on_part(self, attempt: Attempt) -> None:
        self._emit(PartsSeen(attempt.key, _parts(attempt)))

    def _on_ended(
        self,
        attempt: Attempt,
        at: int,
        code: int,
        outputs: bytes | None,
        cause: str | None,
        message: str | None,
        start: tuple[int, int, int, int] | None,
    ) -> None:
        if start is not None:
            self._tell_started(attempt, start[0], self._handle(*start[1:]))
        if outputs is None:
            outputs = read_outputs(attempt.folder, attempt.launch.output_limit if attempt.launch else 0)
        self._end(attempt, Over(at, code, outputs, cause, message, _parts(attempt)))

    def _on_failed(self, attempt: Attempt, at: int, message: str) -> None:
        self._end(attempt, Over(at, None, cause="start-failed", message=message, parts=_parts(attempt)))

    def _on_taken(self, attempt: Attempt) -> None:
        """The gate was won by a warden of an earlier life, or by the first of two that were sent the same launch."""
        if attempt.phase is Phase.SENT:
            self._judge_soon(attempt)

    def _tell_started(self, attempt: Attempt, at: int, handle: dict[str, Any]) -> None:
        if not attempt.told_started:
            attempt.told_started = True
            self._emit(Started(attempt.key, at, handle))

    def _tell_recorded_start(self, attempt: Attempt) -> None:
        """Its warden tells a start with the end that follows at once: the journal may be read in between."""
        with suppress(OSError):
            found = journal.read(attempt.folder)
            if found is not None and found.warden is not None and found.child is not None:
                child, at = found.child
                self._tell_started(attempt, at, self._handle(*found.warden[:2], child))

    def _listen(self, attempt: Attempt, limit: int | None, *, adopted: bool = False) -> None:
        if limit is not None:
            self._silence.listen(attempt.key, self._folders.log(attempt.key), limit, adopted=adopted)

    def _know_warden(self, attempt: Attempt, pid: int, start: int) -> None:
        attempt.warden = (pid, start)
        if attempt.grace is not None:
            tell_to_stop(attempt.folder, attempt.warden, attempt.grace)

    def _handle(self, pid: int, start: int, child: int) -> dict[str, Any]:
        return {"pid": pid, "startTime": start, "bootId": self._boot, "child": child}

    def _deliver(self) -> None:
        """A sink that raises loses what it raised at, and nothing else."""
        while self._events:
            with self._round:
                while self._events:
                    guarded(partial(self._sink, self._events.popleft()))

    # Judging by evidence; in the reader's thread

    def _judge_soon(self, attempt: Attempt) -> None:
        attempt.phase = Phase.JUDGED
        self._reader.call(lambda: self._judge(attempt))

    def _judge(self, attempt: Attempt) -> None:
        """Without the lock while it looks: proof takes reads, and killing what is left of a lost attempt takes time."""
        try:
            verdict = judge(attempt.folder, self._boot)
        except OSError as error:
            verdict = lost(f"its folder cannot be read: {error.strerror}")
        except Exception as error:  # noqa: BLE001 - its program may have written there: nothing is proven (R29)
            verdict = lost(f"its journal cannot be read: {error!r}")
        with self._lock:
            if attempt.key not in self._open:
                if isinstance(verdict, Alive):
                    os.close(verdict.pidfd)
            elif isinstance(verdict, Over):
                self._tell_recorded_start(attempt)
                self._end(attempt, verdict)
            elif isinstance(verdict, Alive):
                self._watch(attempt, verdict)
            else:
                self._wait_for_evidence(attempt)
            self._pump()

    def _watch(self, attempt: Attempt, alive: Alive) -> None:
        def on_end() -> None:
            self._reader.unwatch(alive.pidfd)
            os.close(alive.pidfd)
            self._judge(attempt)

        self._reader.watch(alive.pidfd, on_end)
        if alive.child:
            child, at = alive.child
            self._tell_started(attempt, at, self._handle(alive.pid, alive.start, child))
            self._listen(attempt, alive.quiet, adopted=True)
        if alive.parts:
            self._emit(PartsSeen(attempt.key, alive.parts))
        self._know_warden(attempt, alive.pid, alive.start)

    def _wait_for_evidence(self, attempt: Attempt) -> None:
        attempt.looks += 1
        if attempt.looks * _LOOK > _UNSETTLED:
            self._end(attempt, lost("whoever was to start it went away at that moment"))
        else:
            self._reader.later(_LOOK, lambda: self._judge(attempt))

    def _on_gone(self, warden: int) -> None:
        """A warden was killed: its attempt is judged; one that had not said what it took may have taken any."""
        for attempt in self._open.values():
            if attempt.phase is Phase.STARTED and attempt.warden and attempt.warden[0] == warden:
                self._judge_soon(attempt)
        suspects = [attempt for attempt in self._open.values() if attempt.phase is Phase.SENT]
        if suspects:
            self._reader.later(_SILENT, lambda: self._send_again(suspects))

    def _send_again(self, attempts: list[Attempt]) -> None:
        """Nothing runs twice by this: of two wardens with one launch the start gate lets one pass."""
        with self._lock:
            for attempt in reversed(attempts):
                if attempt.phase is Phase.SENT and attempt.key in self._open:
                    attempt.phase = Phase.WAITING
                    self._running -= 1
                    self._line.appendleft(attempt)
            self._pump()

    def _on_link_lost(self) -> None:
        """The supervisor is gone: its wardens live on, but no longer speak to us."""
        with self._lock:
            for attempt in self._open.values():
                if attempt.phase is Phase.STARTED:
                    self._judge_soon(attempt)
            self._send_again([attempt for attempt in self._open.values() if attempt.phase is Phase.SENT])


def _parts(attempt: Attempt) -> tuple[PartRecord, ...]:
    """What its journal says of its parts; it has been written to before this was told."""
    if attempt.launch is None or not attempt.launch.parts:
        return ()
    try:
        return part_records(journal.read(attempt.folder))
    except OSError:  # how it ended is known all the same
        return ()


def _never_started() -> Over:
    return Over(now_millis(), None, message="stopped before it started")
