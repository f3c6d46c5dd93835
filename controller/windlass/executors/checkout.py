"""Checkout before a start: fills the working directory of attempts that ask for the repository, then lets them run.

In: an executor of this machine and a function that writes a repository's files. Out: the same executor contract. Files
are written by a few threads beside the run loop; a checkout that fails is an `Ended` with cause `checkout-failed`.
"""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from windlass import log
from windlass.errors import WindlassError
from windlass.runs.model import Ended

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from windlass.clock import Clock
    from windlass.executors.base import Sink
    from windlass.executors.local.executor import LocalExecutor
    from windlass.runs.model import AttemptKey, Checkout, Launch, Stop

    Fill = Callable[[Checkout, Path], None]

WRITERS = 4


class CheckoutExecutor:
    """`fill` makes the folder and writes the files of a Checkout. Raises SourceError or OSError when it cannot."""

    name = "local"

    def __init__(self, inner: LocalExecutor, fill: Fill, sink: Sink, clock: Clock) -> None:
        self._inner = inner
        self._fill = fill
        self._sink = sink
        self._clock = clock
        self._lock = threading.Lock()
        self._preparing: dict[AttemptKey, bool] = {}  # True: told to stop meanwhile
        self._pool: ThreadPoolExecutor | None = None

    def start(self, launches: Sequence[Launch]) -> None:
        plain = [launch for launch in launches if launch.checkout is None]
        if plain:
            self._inner.start(plain)
        for launch in launches:
            if launch.checkout is not None:
                self._prepare_soon(launch)

    def _prepare_soon(self, launch: Launch) -> None:
        with self._lock:
            if launch.key in self._preparing:
                return
            self._preparing[launch.key] = False
            if self._pool is None:
                self._pool = ThreadPoolExecutor(WRITERS, thread_name_prefix="windlass-checkout")
        self._pool.submit(self._prepare, launch)

    def _prepare(self, launch: Launch) -> None:
        folder = self._inner.working_directory(launch.key)
        assert launch.checkout is not None
        problem: str | None = None
        try:
            folder.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
            self._fill(launch.checkout, folder)
        except (WindlassError, OSError) as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - the boundary of one attempt (R29)
            log.event("checkout.crashed", level="error", run=launch.key.run, error=repr(error))
            problem = type(error).__name__
        with self._lock:
            stopped = self._preparing.pop(launch.key)
        if problem is None and not stopped:
            self._inner.start([launch])
            return
        shutil.rmtree(folder, ignore_errors=True)
        cause = None if stopped else "checkout-failed"
        message = "stopped before it started" if stopped else f"checkout failed: {problem}"
        self._sink(Ended(launch.key, self._clock.now(), None, cause=cause, message=message))

    def stop(self, stop: Stop) -> None:
        with self._lock:
            if stop.key in self._preparing:
                self._preparing[stop.key] = True
                return
        self._inner.stop(stop)

    def adopt(self, attempts: Mapping[AttemptKey, Mapping[str, Any] | None]) -> None:
        self._inner.adopt(attempts)

    def log_path(self, key: AttemptKey) -> Path | None:
        return self._inner.log_path(key)

    def forget(self, key: AttemptKey) -> None:
        self._inner.forget(key)

    def close(self, *, kill: bool) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._inner.close(kill=kill)
