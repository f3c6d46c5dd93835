"""Schedules: the front of the room. The value and its ticks, what is due, and how it is written.

In: written schedules and moments. Out: ticks and firings. `ticks.py` is the value, `missed.py` settles what was missed,
`written.py` reads the YAML's keys, `cron.py` and `every.py` are the two rhythms.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, TypeVar

from windlass.triggers.missed import due
from windlass.triggers.ticks import Missed, Schedule, jitter_of, key_of, next_tick, previous_tick
from windlass.triggers.written import Fault, ScheduleError, faults_of, from_written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.clock import Millis

__all__ = [
    "Fault",
    "Missed",
    "Schedule",
    "ScheduleError",
    "due",
    "faults_of",
    "from_written",
    "jitter_of",
    "key_of",
    "next_fires",
    "next_tick",
    "previous_tick",
]

Key = TypeVar("Key")


def next_fires(schedules: Mapping[Key, Schedule], count: int, from_: Millis) -> list[tuple[Key, Millis]]:
    """The next `count` ticks of all schedules strictly after `from_`, in order; ties in the order of the mapping."""
    keys = list(schedules)
    heap = []
    for index, key in enumerate(keys):
        at = next_tick(schedules[key], from_)
        if at is not None:
            heap.append((at, index))
    heapq.heapify(heap)
    fires: list[tuple[Key, Millis]] = []
    while heap and len(fires) < count:
        at, index = heap[0]
        fires.append((keys[index], at))
        following = next_tick(schedules[keys[index]], at)
        if following is None:
            heapq.heappop(heap)
        else:
            heapq.heapreplace(heap, (following, index))
    return fires
