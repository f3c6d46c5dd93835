"""The executor's one thread: it waits for descriptors, timers and calls, and nothing else.

In: descriptors with what to do when they become readable, delays, calls from other threads. Out: those functions, run
one after another in this thread; after each round `after_round` once. One that raises is logged and the others run on:
this thread never ends by itself (promise R29). Idle, it sleeps without a timer (promise R34).
"""

from __future__ import annotations

import heapq
import itertools
import os
import selectors
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from windlass import log

if TYPE_CHECKING:
    from collections.abc import Callable

    Job = Callable[[], None]


class Reader:
    def __init__(self, after_round: Callable[[], None]) -> None:
        self._after_round = after_round
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ, self._drain)
        self._calls: deque[Job] = deque()
        self._timers: list[tuple[float, int, Job]] = []
        self._count = itertools.count()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="windlass-local", daemon=True)
        self._thread.start()

    def call(self, job: Job) -> None:
        """Run `job` soon; from any thread."""
        self._calls.append(job)
        self.wake()

    def wake(self) -> None:
        """Have `after_round` run soon; from any thread."""
        if threading.get_ident() == self._thread.ident:
            return
        with suppress(BlockingIOError):  # a full pipe wakes it as well
            os.write(self._wake_write, b".")

    def watch(self, fd: int, job: Job) -> None:
        """Run `job` whenever `fd` is readable; only from this thread."""
        self._selector.register(fd, selectors.EVENT_READ, job)

    def unwatch(self, fd: int) -> None:
        self._selector.unregister(fd)

    def later(self, seconds: float, job: Job) -> None:
        """Only from this thread."""
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._count), job))

    def stop(self) -> None:
        """Finish the round that is under way, then end; returns when it has."""
        self._stopping = True
        self.call(lambda: None)
        if threading.current_thread() is not self._thread:
            self._thread.join()
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _until_timer(self) -> float | None:
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._wake_read, 4096)

    def _run(self) -> None:
        while not self._stopping:
            timeout = 0.0 if self._calls else self._until_timer()
            for key, _ in self._selector.select(timeout):
                guarded(key.data)
            while self._timers and self._timers[0][0] <= time.monotonic():
                guarded(heapq.heappop(self._timers)[2])
            while self._calls:
                guarded(self._calls.popleft())
            guarded(self._after_round)


def guarded(job: Job) -> None:
    """Do it; if it raises, that is in the log of the program, and nobody else's loss."""
    try:
        job()
    except Exception as error:  # noqa: BLE001 - the boundary of one item (R29)
        log.event("local.job-failed", level="error", error=log.told(error))
