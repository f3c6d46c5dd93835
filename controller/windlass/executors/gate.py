"""Nothing is started by a controller that does not lead any more (promise R26).

In: an executor, and whether this process may start something now. Out: the same executor; a launch that comes too late
goes nowhere. It is open in the ledger, so whoever leads now answers for it. The question is asked at the last moment
before a program starts: a process may have stood still for a minute since the run loop decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass import log

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from windlass.executors.base import Grounded
    from windlass.runs.model import AttemptKey, Launch, Stop


class Gate:
    def __init__(self, inner: Grounded, may_start: Callable[[], bool]) -> None:
        self._inner = inner
        self._may_start = may_start
        self.name = inner.name

    def start(self, launches: Sequence[Launch]) -> None:
        if self._may_start():
            self._inner.start(launches)
            return
        for launch in launches:
            log.event("executor.start-withheld", level="warning", run=launch.key.run, step=launch.key.path)

    def stop(self, stop: Stop) -> None:
        self._inner.stop(stop)

    def adopt(self, attempts: Mapping[AttemptKey, Mapping[str, Any] | None]) -> None:
        self._inner.adopt(attempts)

    def log_path(self, key: AttemptKey) -> Path | None:
        return self._inner.log_path(key)

    def forget(self, key: AttemptKey) -> None:
        self._inner.forget(key)

    def close(self, *, kill: bool) -> None:
        self._inner.close(kill=kill)

    def working_directory(self, key: AttemptKey) -> Path:
        return self._inner.working_directory(key)

    def collected(self, key: AttemptKey) -> None:
        self._inner.collected(key)

    def memory(self, key: AttemptKey) -> Path | None:
        return self._inner.memory(key)
