"""A runner that is not there: whatever is given to it ends at once, with the reason.

In: what a plan names and this server does not have (a nested workflow's, or one that was taken out of the server file
while attempts ran there). Out: an Ended for each. Nothing is started, and nothing that ran elsewhere is touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.runs.model import Ended

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from windlass.clock import Clock
    from windlass.executors.base import Sink
    from windlass.runs.model import AttemptKey, Launch, Stop


class Nowhere:
    name = "nowhere"

    def __init__(self, why: str, sink: Sink, clock: Clock, cause: str = "runner-unknown") -> None:
        self._why = why
        self._sink = sink
        self._clock = clock
        self._cause = cause

    def start(self, launches: Sequence[Launch]) -> None:
        for launch in launches:
            self._end(launch.key, self._cause, self._why)

    def stop(self, stop: Stop) -> None:
        """It has ended."""

    def adopt(self, attempts: Mapping[AttemptKey, Mapping[str, Any] | None]) -> None:
        for key in attempts:
            self._end(key, "lost", f"{self._why}; what became of it there is unknown")

    def log_path(self, key: AttemptKey) -> Path | None:
        return None

    def forget(self, key: AttemptKey) -> None:
        """It left nothing."""

    def close(self, *, kill: bool) -> None:
        """Nothing is open."""

    def _end(self, key: AttemptKey, cause: str, why: str) -> None:
        self._sink(Ended(key, self._clock.now(), None, cause=cause, message=why))
