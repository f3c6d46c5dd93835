"""The time, as a thing that is passed in.

`Millis` are whole milliseconds since 1970-01-01T00:00Z: the ledger, the core and the API use no other unit.
Nothing in `plan/` or `runs/` reads a clock; the shell passes `now`.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

Millis = int


class Clock(Protocol):
    """`now` is the wall clock; `monotonic` measures spans (seconds) and never goes back."""

    def now(self) -> Millis: ...
    def monotonic(self) -> float: ...


class SystemClock:
    def now(self) -> Millis:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()


class VirtualClock:
    """A clock that stands until it is moved: for tests, simulation and `windlass test`."""

    def __init__(self, now: Millis = 1_700_000_000_000) -> None:
        self._now = now

    def now(self) -> Millis:
        return self._now

    def monotonic(self) -> float:
        return self._now / 1000

    def advance(self, millis: Millis) -> None:
        self._now += millis


def to_rfc3339(millis: Millis) -> str:
    """`2026-11-21T05:10:00.000Z` (RFC 3339, UTC, milliseconds)."""
    return f"{_second(millis // 1000)}.{millis % 1000:03d}Z"


@lru_cache(1024)  # what is shown together happened at about the same time
def _second(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}"


def from_rfc3339(text: str) -> Millis:
    """Milliseconds of an RFC 3339 text; without an offset it is UTC.

    Raises ValueError when the text is no RFC 3339 time.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)
