"""A schedule as a value, and its ticks: the rhythm, cut by `start` and `end`, with holes for the `except` days.

In: a schedule and a moment. Out: the next tick after it, or the last one before it. Nothing here knows what was missed.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from windlass.clock import to_rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.clock import Millis
    from windlass.triggers.base import Rhythm

MissedPolicy = Literal["skip", "latest", "all"]
Overlap = Literal["allow", "queue", "skip", "replace"]
FIRST_STEP = 1000  # milliseconds: no two ticks are nearer
WIDEN = 8  # the factor by which a search backwards looks further


@dataclass(frozen=True, slots=True)
class Missed:
    """What becomes of ticks that nobody saw: `limit` (1 to 100) and `within` (ms, None: any age) belong to `all`."""

    policy: MissedPolicy = "latest"
    limit: int = 1
    within: Millis | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule of a workflow, resolved: local times of its zone have become moments.

    `closed` are the `except` days as moments, each [first, end), in order and apart. `start` and `end` are inclusive.
    `owner` (repository and workflow) spreads the jitter of schedules that tick together; it means nothing else.
    `inputs` and `env` are as written.
    """

    trigger: str  # `schedule[0]`
    rhythm: Rhythm
    zone: str = "UTC"
    missed: Missed = field(default_factory=Missed)
    overlap: Overlap = "queue"
    jitter: Millis = 0
    start: Millis | None = None
    end: Millis | None = None
    closed: tuple[tuple[Millis, Millis], ...] = ()
    enabled: bool = True
    inputs: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, Any] = field(default_factory=dict)
    owner: str = ""

    def jitter_for(self, at: Millis) -> Millis:
        """How long after its nominal time a tick starts: the same at every call, on every controller."""
        return jitter_of(f"{self.owner}/{self.trigger}@{key_of(at)}", self.jitter)


def key_of(at: Millis) -> str:
    """The idempotency key of a tick: its nominal instant."""
    return to_rfc3339(at)


def jitter_of(key: str, jitter_ms: Millis) -> Millis:
    """0 up to but not including `jitter_ms`, spread evenly over keys and always the same for one key."""
    if jitter_ms <= 0:
        return 0
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % jitter_ms


def next_tick(schedule: Schedule, after: Millis) -> Millis | None:
    """The first tick strictly after `after`; None when there is none any more, or the schedule is switched off."""
    if not schedule.enabled:
        return None
    if schedule.start is not None:
        after = max(after, schedule.start - 1)
    while True:
        tick = schedule.rhythm.next_after(after)
        if tick is None or (schedule.end is not None and tick > schedule.end):
            return None
        reopens = _closed_until(schedule, tick)
        if reopens is None:
            return tick
        after = reopens - 1


def previous_tick(schedule: Schedule, before: Millis, floor: Millis) -> Millis | None:
    """The last tick in (floor, before), None without one: some forty steps, however long the span (R14).

    Looks back over ever wider spans until one holds a tick, then halves it; `next_tick` never decreases, which is all
    that this needs.
    """
    empty_from = before - 1  # no tick in (empty_from, before)
    reach = FIRST_STEP
    while True:
        low = max(before - reach, floor)
        tick = next_tick(schedule, low)
        if tick is not None and tick < before:
            return _last_before(schedule, tick, before, empty_from)
        if low == floor:
            return None
        empty_from = low
        reach *= WIDEN


def _last_before(schedule: Schedule, tick: Millis, before: Millis, empty_from: Millis) -> Millis:
    while tick < empty_from:
        middle = (tick + empty_from) // 2
        later = next_tick(schedule, middle)
        if later is not None and later < before:
            tick = later
        else:
            empty_from = middle
    return tick


def _closed_until(schedule: Schedule, tick: Millis) -> Millis | None:
    """The end of the closed days that hold `tick`; None when it is not in any."""
    index = bisect_right(schedule.closed, tick, key=lambda days: days[0]) - 1
    if index < 0 or tick >= schedule.closed[index][1]:
        return None
    return schedule.closed[index][1]
