"""The kubernetes runner: the contract of `executors.base` over Jobs of one namespace of a cluster.

In: Launch and Stop. Out: Started, Delayed, PartsSeen, Quiet and Ended. Each attempt is a task of one event loop in a
thread of its own; the methods of the contract pass on what they are told and return. The cluster is first asked when
there is something for it to do, so a server without steps on this runner needs none.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any

from windlass.executors.attempt_folder import memory
from windlass.executors.attempt_folder.folders import Folders
from windlass.executors.attempt_folder.sweeper import Sweeper
from windlass.executors.kubernetes.attempt import Attempt
from windlass.executors.kubernetes.emptying import Remains
from windlass.executors.kubernetes.letting_go import LettingGo
from windlass.executors.kubernetes.life import live
from windlass.executors.kubernetes.naming import object_name
from windlass.executors.kubernetes.open_files import allow_many
from windlass.executors.kubernetes.pull_secret import pull_name
from windlass.executors.kubernetes.world import World
from windlass.executors.now import now_millis
from windlass.kube.errors import KubeError
from windlass.kube.resources import JOBS, SECRETS
from windlass.kube.thread import LoopThread
from windlass.runs.model import Delayed, Ended, PartsSeen, Quiet, Started

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from pathlib import Path

    from windlass.executors.attempt_folder.end import Over
    from windlass.executors.base import Sink
    from windlass.executors.kubernetes.terms import Terms
    from windlass.runs.model import AttemptKey, Launch, Observation, PartRecord, Stop

LINGER = 5.0  # seconds between the word about an end and that of its Pod
WIPING = 10.0  # seconds for the last values to go
LAST = 60.0  # seconds beyond their grace that the end of all attempts is waited for


class KubernetesExecutor:
    """Runs attempts as Jobs. `data` is a folder of the controller's own; `may_start` as in `executors/gate.py`."""

    name = "kubernetes"

    def __init__(self, data: Path, sink: Sink, terms: Terms, *, may_start: Callable[[], bool]) -> None:
        self._folders = Folders(data)
        memory.sweep(self._folders.attempts)
        self._sink = sink
        self._terms = terms
        self._may_start = may_start
        self._lock = threading.RLock()
        self._empty = threading.Condition(self._lock)
        self._open: dict[AttemptKey, Attempt] = {}
        self._ended: set[AttemptKey] = set()
        self._telling = 0  # ends that are on their way to the sink
        # Jobs of which nobody has said yet that they are not needed any more; has it values that must not show?
        self._unkept: dict[str, bool] = {}
        self._at_once: set[str] = set()  # of them, those that nobody may find afterwards
        self._kept: dict[AttemptKey, str] = {}  # Pods that wait for what was left in them to be collected
        self._done: set[str] = set()  # those of them that need not wait any more
        self._delays: dict[AttemptKey, tuple[str, str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wiping: set[asyncio.Task[None]] = set()
        self._sweeper = Sweeper()
        self._thread: LoopThread | None = None
        self._world: World | None = None
        self._letting_go: LettingGo | None = None
        self.closed = False

    # The contract

    def start(self, launches: Sequence[Launch]) -> None:
        with self._lock:
            self._add([(launch.key, launch, None) for launch in launches])

    def adopt(self, attempts: Mapping[AttemptKey, Mapping[str, Any] | None]) -> None:
        with self._lock:
            self._add([(key, None, handle) for key, handle in attempts.items()])

    def stop(self, stop: Stop) -> None:
        with self._lock:
            attempt = self._open.get(stop.key)
            if attempt is not None and not self.closed:
                self._soon(attempt.ask_to_stop, stop.grace)

    def log_path(self, key: AttemptKey) -> Path | None:
        path = self._folders.log(key)
        return path if key in self._open or key in self._ended or path.exists() else None

    def forget(self, key: AttemptKey) -> None:
        with self._lock:
            if key in self._open:
                return
            self._ended.discard(key)
            name = object_name(key)
            if name in self._unkept and not self.closed:
                self._soon(self._let_go, key.run, name, self._unkept.pop(name))
        folder = self._folders.attempt(key)
        memory.drop(folder)
        self._sweeper.add(folder)

    def collected(self, key: AttemptKey) -> None:
        with self._lock:
            pod = self._kept.pop(key, None)
            if pod is not None and not self.closed:
                self._done.add(pod)
                self._spawn(self._end_soon(pod))

    def close(self, *, kill: bool) -> None:
        with self._lock:
            if self.closed:
                return
            if kill:
                grace = max((a.launch.kill_after if a.launch else 10_000 for a in self._open.values()), default=0)
                for attempt in self._open.values():
                    self._soon(attempt.ask_to_stop, attempt.launch.kill_after if attempt.launch else 10_000)
                self._empty.wait_for(lambda: not self._open and not self._telling, grace / 1000 + LAST)
            self.closed = True
            thread, self._thread = self._thread, None
        if thread is not None:
            with contextlib.suppress(TimeoutError):
                thread.call(self._leave(kill=kill), LAST)
            thread.close()
        self._sweeper.wait()

    def working_directory(self, key: AttemptKey) -> Path:
        """On this machine: for what is to be put into the Pod, and what was brought back from it."""
        return self._folders.attempt(key) / "work"

    def memory(self, key: AttemptKey) -> Path | None:
        return memory.made(self._folders.attempt(key))

    # With the lock

    def _add(self, new: list[tuple[AttemptKey, Launch | None, Mapping[str, Any] | None]]) -> None:
        for key, launch, handle in new:
            if self.closed or key in self._open or key in self._ended:
                continue
            folder, log = self._folders.attempt(key), self._folders.log(key)
            self._open[key] = attempt = Attempt(key, folder, log, launch, handle)
            self._soon(self._begin, attempt)

    def _soon(self, call: Callable[..., None], *arguments: Any) -> None:
        if self._thread is None:
            self._thread = LoopThread("windlass-kubernetes")
        self._thread.loop.call_soon_threadsafe(call, *arguments)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        if self._thread is None:
            self._thread = LoopThread("windlass-kubernetes")
        self._thread.spawn(work)

    # In the loop

    def _begin(self, attempt: Attempt) -> None:
        if self._world is None:
            allow_many()
            self._world = World(self._terms, self._may_start)
            self._letting_go = LettingGo(self._world, self._open_runs)
        task = asyncio.get_running_loop().create_task(live(attempt, self, self._world))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _leave(self, *, kill: bool) -> None:
        """The attempts live on; `kill`: nobody is going to ask for the Jobs any more."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._world is None or self._letting_go is None:
            return
        await asyncio.gather(
            *(self._end(pod) for pod in (self._done | set(self._kept.values()) if kill else self._done))
        )
        await self._letting_go.close()
        if self._wiping:
            await asyncio.wait(self._wiping, timeout=WIPING)
        if kill:
            await asyncio.gather(*(self._limit(name, secret=secret) for name, secret in self._unkept.items()))
        await self._world.close()

    def _let_go(self, run: str, name: str, secret: bool) -> None:
        """Its end is recorded: the Job goes after a while, its values now."""
        if self._letting_go is not None:
            self._letting_go.add(run)
        if secret:
            task = asyncio.get_running_loop().create_task(self._without_values(name))
            self._wiping.add(task)
            task.add_done_callback(self._wiping.discard)

    def _open_runs(self) -> set[str]:
        with self._lock:
            return {key.run for key in self._open}

    async def _limit(self, name: str, *, secret: bool) -> None:
        """Nobody is there later on: the cluster removes the Job, and all that belongs to it, after a while."""
        if self._world is None:
            return
        with contextlib.suppress(KubeError):
            body = {"spec": {"ttlSecondsAfterFinished": self._terms.keep}}
            await self._world.client.patch(JOBS, name, body, await self._world.namespace())
        if secret:
            await self._without_values(name)

    async def _without_values(self, name: str) -> None:
        """The Secrets of an attempt; and its Job, if its Pod shows a value or would run on."""
        for one in (name, pull_name(name)):
            with contextlib.suppress(KubeError):
                if self._world is not None:
                    await self._world.client.delete(SECRETS, one, await self._world.namespace())
        if name in self._at_once and self._world is not None:
            self._at_once.discard(name)
            with contextlib.suppress(KubeError):
                await self._world.client.delete(JOBS, name, await self._world.namespace())

    async def _end_soon(self, pod: str) -> None:
        """A moment after its end was told: should the ledger not have heard it, it is collected again."""
        await asyncio.sleep(LINGER)
        await self._end(pod)

    async def _end(self, pod: str) -> None:
        self._done.discard(pod)
        if self._world is None:
            return
        with contextlib.suppress(KubeError):
            await Remains(self._world.client, await self._world.namespace(), pod).let_go()

    # What the attempts tell; in the loop

    def started(self, attempt: Attempt, at: int, handle: dict[str, Any]) -> None:
        self._emit(Started(attempt.key, at, handle))

    def delayed(self, attempt: Attempt, cause: str, message: str) -> None:
        if self._delays.get(attempt.key, ("", "")) == (cause, message):
            return
        self._delays[attempt.key] = (cause, message)
        self._emit(Delayed(attempt.key, now_millis(), cause or None, message or None))

    def quiet(self, attempt: Attempt) -> None:
        self._emit(Quiet(attempt.key, now_millis()))

    def parts(self, attempt: Attempt, parts: tuple[PartRecord, ...]) -> None:
        self._emit(PartsSeen(attempt.key, parts))

    def ended(self, attempt: Attempt, over: Over) -> None:
        """The sink is never called with the lock: it has locks of its own."""
        with self._lock:
            self._delays.pop(attempt.key, None)
            if self._open.pop(attempt.key, None) is None:
                return
            self._ended.add(attempt.key)
            if attempt.job_uid is not None:
                self._unkept[attempt.name] = attempt.masked or attempt.goes_at_once
                if attempt.goes_at_once:
                    self._at_once.add(attempt.name)
            if attempt.pod_name is not None and attempt.keeps is not False:
                self._kept[attempt.key] = attempt.pod_name
            self._telling += 1
        self._emit(
            Ended(attempt.key, over.at, over.exit_code, over.outputs, over.cause, over.message, parts=over.parts)
        )
        with self._lock:
            self._telling -= 1
            self._empty.notify_all()

    def _emit(self, observation: Observation) -> None:
        """`close` waits for the loop: what is under way here is told before it returns."""
        if not self.closed:
            self._sink(observation)
