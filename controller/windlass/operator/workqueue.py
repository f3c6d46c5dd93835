"""A queue of names to look at: each at most once at a time, as often as somebody asks, later when it failed.

In: keys, from any thread. Out: one key after another to workers. It is level-triggered: a key says which object to look
at and nothing of what happened, so that ten changes are one look, and a look that is missed is made up for by any later
one. A key that fails comes again with back-off of its own; one that always fails holds up nobody.
"""

from __future__ import annotations

import heapq
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST = 0.5  # seconds until the first repetition
LONGEST = 300.0  # seconds


class Key(NamedTuple):
    """An object: its kind (or a chore), namespace and name."""

    kind: str
    namespace: str
    name: str


class WorkQueue:
    """`now` is a monotonic clock in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic, jitter: Callable[[], float] = lambda: 0.0) -> None:
        self._now = now
        self._jitter = jitter
        self._lock = threading.Condition()
        self._waiting: dict[Key, float] = {}
        self._heap: list[tuple[float, Key]] = []
        self._busy: dict[Key, float | None] = {}
        self._failures: dict[Key, int] = {}
        self._closed = False

    def add(self, key: Key, after: float = 0.0) -> None:
        """Look at it, at the latest then; the earliest of several wishes counts."""
        at = self._now() + after
        with self._lock:
            if key in self._busy:
                known = self._busy[key]
                self._busy[key] = at if known is None else min(known, at)
            else:
                self._plan(key, at)

    def take(self) -> Key | None:
        """The next key, once it is due; None when the queue is closed. `done` has to follow."""
        with self._lock:
            while not self._closed:
                due = self._due()
                if due is not None:
                    self._busy[due] = None
                    return due
                self._lock.wait(self._pause())
            return None

    def done(self, key: Key, *, again: float | None = None, failed: bool = False, least: float = 0.0) -> float | None:
        """It was looked at. `again`: one more look after so many seconds; `failed`: one more after its back-off, which
        is at least `least`. Returns the back-off."""
        with self._lock:
            asked = self._busy.pop(key, None)
            pause = self._backoff(key, least) if failed else None
            if not failed:
                self._failures.pop(key, None)
            later = again if pause is None else pause
            if pause is not None and asked is not None:
                asked = max(asked, self._now() + min(pause, 5.0))  # news shorten a long pause, they do not undo it
            wishes = [at for at in (asked, None if later is None else self._now() + later) if at is not None]
            if wishes:
                self._plan(key, min(wishes))
            return pause

    def forget(self, key: Key) -> None:
        """Nothing is known of it any more; a look that was planned is dropped."""
        with self._lock:
            self._waiting.pop(key, None)
            self._failures.pop(key, None)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._lock.notify_all()

    def __len__(self) -> int:
        """How many wait and are due."""
        with self._lock:
            now = self._now()
            return sum(1 for at in self._waiting.values() if at <= now)

    def _plan(self, key: Key, at: float) -> None:
        known = self._waiting.get(key)
        if known is None or at < known:
            self._waiting[key] = at
            heapq.heappush(self._heap, (at, key))
            self._lock.notify()

    def _due(self) -> Key | None:
        while self._heap and self._heap[0][0] <= self._now():
            at, key = heapq.heappop(self._heap)
            if self._waiting.get(key) == at:
                del self._waiting[key]
                return key
        return None

    def _pause(self) -> float | None:
        while self._heap and self._waiting.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return max(0.0, self._heap[0][0] - self._now()) if self._heap else None

    def _backoff(self, key: Key, least: float) -> float:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        pause = min(LONGEST, FIRST * 2.0 ** min(failures - 1, 20))
        return max(least, pause * (1 - self._jitter() / 2))
