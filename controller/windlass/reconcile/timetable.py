"""When each run wants to be looked at again: a heap with lazy deletion.

In: a run and a time, or None to forget it. Out: the runs that are due, and how long a loop may sleep.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from windlass.clock import Millis

LONGEST = 3600.0  # seconds; a step of the wall clock is noticed at the latest then


class Timetable:
    def __init__(self) -> None:
        self._at: dict[str, Millis] = {}
        self._heap: list[tuple[Millis, str]] = []

    def set(self, name: str, at: Millis | None) -> None:
        if at is None:
            self._at.pop(name, None)
        elif self._at.get(name) != at:
            self._at[name] = at
            heapq.heappush(self._heap, (at, name))

    def due(self, now: Millis) -> list[str]:
        """Names whose time has come, each forgotten by being named."""
        result = []
        while self._heap and self._heap[0][0] <= now:
            at, name = heapq.heappop(self._heap)
            if self._at.get(name) == at:
                del self._at[name]
                result.append(name)
        return result

    def pause(self, now: Millis) -> float:
        """Seconds until the next one, at most LONGEST."""
        while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        if not self._heap:
            return LONGEST
        return min(max(self._heap[0][0] - now, 0) / 1000, LONGEST)
