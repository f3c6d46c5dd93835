"""Short ways to say times and schedules in these tests."""

from __future__ import annotations

from typing import Any

from windlass.clock import Millis, from_rfc3339, to_rfc3339
from windlass.triggers.schedule import Schedule, from_written, next_tick

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
YEAR = 365 * DAY
NOON = from_rfc3339("2026-06-01T12:00:00Z")


def scheduled(owner: str = "", **written: Any) -> Schedule:
    """A schedule from its YAML keys; `except_` is `except`."""
    if "except_" in written:
        written["except"] = written.pop("except_")
    return from_written(written, "schedule[0]", owner)


def ticks(schedule: Schedule, after: str, count: int) -> list[str]:
    found: list[str] = []
    at: Millis | None = from_rfc3339(after)
    while len(found) < count and (at := next_tick(schedule, at)) is not None:  # type: ignore[arg-type]
        found.append(to_rfc3339(at)[:16])
    return found
