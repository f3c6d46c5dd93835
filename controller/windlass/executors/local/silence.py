"""Attempts that write nothing: `quietTimeout` is decided elsewhere, from what is told here.

In: attempts with the span that they may be silent, the reader's timers, their logs. Out: one word about each that has
not written a byte for that long. One look at most per second over those that are due, and none while there are none
(promise R34). Ages are counted by a clock that nobody sets; a log's time of change only places its last byte between
two looks, or before the first look of a controller that adopts.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from windlass.clock import Millis
    from windlass.executors.local.reader import Reader
    from windlass.runs.model import AttemptKey

LOOK = 1.0  # seconds between two looks


@dataclass(slots=True)
class _Listened:
    log: Path
    limit: float  # seconds
    looked: float  # monotonic, as `since`
    since: float  # of its last byte, as far as is known
    size: int

    @property
    def due(self) -> float:
        return self.since + self.limit


class Silence:
    """`lock` is the executor's: methods are called with it, `listen` from the reader's thread."""

    def __init__(self, reader: Reader, lock: threading.RLock, tell: Callable[[AttemptKey], None]) -> None:
        self._reader = reader
        self._lock = lock
        self._tell = tell
        self._open: dict[AttemptKey, _Listened] = {}
        self._next: float | None = None  # when the next look is due

    def listen(self, key: AttemptKey, log: Path, limit: Millis, *, adopted: bool) -> None:
        if key in self._open:
            return
        now = time.monotonic()
        size, age = _written(log)
        since = now - age if adopted else now
        self._open[key] = _Listened(log, limit / 1000, now, since, size)
        self._look_at(max(now, self._open[key].due))

    def leave(self, key: AttemptKey) -> None:
        self._open.pop(key, None)

    def _look(self) -> None:
        now = time.monotonic()
        for key, listened in list(self._open.items()):
            if listened.due <= now and _is_silent(listened, now):
                del self._open[key]
                self._tell(key)
        if self._open:
            self._look_at(max(now + LOOK, min(listened.due for listened in self._open.values())))

    def _look_at(self, at: float) -> None:
        if self._next is not None and self._next <= at:
            return
        self._next = at
        self._reader.later(max(0.0, at - time.monotonic()), lambda: self._on_timer(at))

    def _on_timer(self, at: float) -> None:
        with self._lock:
            if self._next == at:  # no earlier one was asked for since
                self._next = None
                self._look()


def _is_silent(listened: _Listened, now: float) -> bool:
    size, age = _written(listened.log)
    if size != listened.size:
        listened.size = size
        listened.since = now - age if age <= now - listened.looked else now  # else the machine's clock was set
    listened.looked = now
    return listened.due <= now


def _written(log: Path) -> tuple[int, float]:
    """The size of a log, and the seconds since it changed."""
    try:
        found = log.stat()
    except OSError:  # not made yet
        return 0, 0.0
    return found.st_size, max(0.0, time.time() - found.st_mtime)
