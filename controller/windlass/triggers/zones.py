"""Time zones by their IANA name, from the pinned `tzdata` package (the only place that imports it), never the machine.

In: a name such as `Europe/Berlin`. Out: the zone, or an error with what was likely meant; and the moments at which its
clocks change. The machine's own data is not asked, so the same release gives the same ticks everywhere.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import tzdata

from windlass.errors import WindlassError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from windlass.clock import Millis

DAY = 86_400
# Names without a place: each stands for one fixed offset, or for several zones of the world.
ABBREVIATIONS = {
    "BST": "Europe/London", "CEST": "Europe/Berlin", "CET": "Europe/Berlin", "CST": "America/Chicago",
    "CST6CDT": "America/Chicago", "CDT": "America/Chicago", "EDT": "America/New_York", "EEST": "Europe/Athens",
    "EET": "Europe/Athens", "EST": "America/New_York", "EST5EDT": "America/New_York", "HST": "Pacific/Honolulu",
    "IST": "Asia/Kolkata", "JST": "Asia/Tokyo", "MDT": "America/Denver", "MEST": "Europe/Berlin",
    "MET": "Europe/Berlin", "MEZ": "Europe/Berlin", "MESZ": "Europe/Berlin", "MSK": "Europe/Moscow",
    "MST": "America/Denver", "MST7MDT": "America/Denver", "PDT": "America/Los_Angeles", "PST": "America/Los_Angeles",
    "PST8PDT": "America/Los_Angeles", "WEST": "Europe/Lisbon", "WET": "Europe/Lisbon",
}  # fmt: skip


class ZoneError(WindlassError):
    """No such time zone. `hint` says which one is likely meant, None when nothing is near."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Transition:
    """A moment at which the clocks of a zone change, and the offsets from UTC (seconds) before and after."""

    at: int  # seconds since the epoch
    before: int
    after: int


def check_zone(name: str) -> None:
    """Raises ZoneError unless `name` is an IANA zone; abbreviations (`EST`) are refused even where IANA has them."""
    if name in ABBREVIATIONS:
        raise ZoneError(f"{name} is an abbreviation, not a time zone", f"did you mean {ABBREVIATIONS[name]}?")
    if name not in zone_names():
        raise ZoneError(f"there is no time zone {name[:60]!r}", _likely(name))


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Every zone of the pinned data that may be named, links such as `Asia/Calcutta` included."""
    names = (Path(tzdata.__file__).parent / "zones").read_text(encoding="ascii").split()
    return frozenset(names) - ABBREVIATIONS.keys() - {"Factory"}  # the last is IANA's own "not set yet"


@lru_cache(maxsize=1024)
def zone(name: str) -> tzinfo:
    """The zone of a name. Raises ZoneError as `check_zone` does."""
    check_zone(name)
    if name in ("UTC", "Etc/UTC"):
        return UTC  # the same clock, and faster
    with Path(tzdata.__file__).parent.joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


@lru_cache(maxsize=256)
def transitions(name: str, first_day: int, last_day: int) -> tuple[Transition, ...]:
    """The changes of a zone's offset from `first_day` up to `last_day` (days since the epoch), in order."""
    return tuple(_scan(zone(name), first_day * DAY, last_day * DAY))


def offset_at(tz: tzinfo, second: int) -> int:
    """Seconds east of UTC at a moment (seconds since the epoch)."""
    offset = datetime.fromtimestamp(second, tz).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def change_between(tz: tzinfo, low: int, high: int) -> int:
    """The first second with another offset than at `low`, in a span that holds exactly one change."""
    before = offset_at(tz, low)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset_at(tz, middle) == before else (low, middle)
    return high


def at_local(tz: tzinfo, local: datetime) -> int:
    """The moment (seconds) of a local time: the first of two; the end of the gap when there is none (R12)."""
    first = local.replace(tzinfo=tz, fold=0)
    ahead, behind = _offset(first), _offset(first.replace(fold=1))
    moment = int(first.timestamp())
    if ahead >= behind:
        return moment
    # In a gap the two folds read the clock that was left and the one that was taken up: the change is between them.
    return change_between(tz, moment - (behind - ahead) - 1, moment)


def local_at(tz: tzinfo, millis: Millis) -> datetime:
    """What the clocks of the zone show at a moment, in whole seconds; `fold` is 1 the second time."""
    return datetime.fromtimestamp(millis // 1000, tz)


def _offset(moment: datetime) -> int:
    offset = moment.utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def _scan(tz: tzinfo, low: int, high: int) -> Iterator[Transition]:
    before = offset_at(tz, low)
    for second in range(low + DAY, high + 1, DAY):
        after = offset_at(tz, second)
        if after != before:
            yield Transition(change_between(tz, second - DAY, second), before, after)
        before = after


def _likely(name: str) -> str | None:
    folded = {known.lower(): known for known in zone_names()}
    near = difflib.get_close_matches(name[:60].lower().replace(" ", "_"), folded, n=1, cutoff=0.7)
    if not near:
        last_parts = {known.rpartition("/")[2]: known for known in folded}
        near = [last_parts[part] for part in difflib.get_close_matches(name[:60].lower(), last_parts, n=1, cutoff=0.8)]
    return f"did you mean {folded[near[0]]}?" if near else "write an IANA name, for example Europe/Berlin or UTC"
