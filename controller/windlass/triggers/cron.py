"""When a cron line fires in a zone: the only place that imports cronsim.

In: a `Cron`, the name of a zone, a moment. Out: the next moment, and what daylight saving does to the line.

The rule (fine print, "Cron"; R12): the line is walked on the local clock. A local time that does not exist fires
once, at the next valid minute; one that occurs twice fires once, at its first occurrence. A line that runs in every
hour (`*/15 * * * *`, `30 * * * *`) is an interval: it is walked on absolute time and keeps its spacing in both
nights. cronsim decides between the two by stars alone, leaves six-field lines uncorrected and joins day fields by AND
after `*/2`; so it is given plain numbers without a zone, or an hourly line, and the rule above is applied here.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING

from cronsim import CronSim

from windlass.triggers.cron_line import Cron, CronError, parse_cron
from windlass.triggers.zones import (
    ZoneError,
    at_local,
    change_between,
    check_zone,
    local_at,
    offset_at,
    transitions,
    zone,
)

if TYPE_CHECKING:
    from windlass.clock import Millis
    from windlass.triggers.zones import Transition

__all__ = ["Cron", "CronError", "CronRhythm", "ZoneError", "check_zone", "dst_notes", "next_after", "parse_cron"]

DAY = 86_400_000
YEAR = 366  # days
SECOND = timedelta(seconds=1)
TOO_LATE = "no firing before the year 10000"


@dataclass(frozen=True, slots=True)
class CronRhythm:
    """A `Rhythm`: a cron line in a zone."""

    cron: Cron
    zone: str

    def next_after(self, after: Millis) -> Millis | None:
        try:
            return next_after(self.cron, self.zone, after)
        except OverflowError:
            return None  # nobody waits for the year 10000


def next_after(cron: Cron, zone_name: str, after: Millis) -> Millis:
    """The first firing strictly after `after`. Raises ZoneError; OverflowError when it would be after the year 9999."""
    tz = zone(zone_name)
    try:
        now = local_at(tz, after)
    except ValueError as error:
        raise OverflowError(TOO_LATE) from error
    if cron.hourly or tz is UTC:
        return _interval(cron, tz, now) * 1000
    local = _after_overlap(tz, now) if now.fold else now.replace(tzinfo=None)
    return at_local(tz, _walk(cron, local)) * 1000


def _interval(cron: Cron, tz: tzinfo, now: datetime) -> int:
    """The next second on absolute time. The plain clock is walked first, which is faster, and kept if it did not
    change."""
    second = int(now.timestamp())
    local = now.replace(tzinfo=None)
    found = second + int((_walk(cron, local) - local).total_seconds())
    if tz is UTC or (found - second < DAY // 1000 and offset_at(tz, found) == offset_at(tz, second)):
        return found
    return int(_walk(cron, now).timestamp())


def dst_notes(cron: Cron, zone_name: str, now: Millis) -> list[str]:
    """One sentence for each change of the clocks within a year that moves or doubles a firing of this line."""
    tz = zone(zone_name)
    if cron.hourly or tz is UTC:
        return []
    return list(_notes_from(cron, zone_name, now // DAY))


@lru_cache(maxsize=4096)  # the files of a repository have few different lines
def _notes_from(cron: Cron, zone_name: str, today: int) -> tuple[str, ...]:
    notes = (_note(cron, zone_name, change) for change in transitions(zone_name, today, today + YEAR))
    return tuple(note for note in notes if note)


def _walk(cron: Cron, moment: datetime) -> datetime:
    """The first match after `moment`, on the clock that `moment` carries (none: plain local time)."""
    # A parsed simulation is copied and set to a moment: parsing again would cost as much as the search.
    simulation = copy.copy(_simulation(_plain(cron)))
    simulation.dt = moment
    try:
        return next(simulation)
    except (StopIteration, ValueError) as error:  # ValueError: a date past the last one that exists
        raise OverflowError(TOO_LATE) from error


@lru_cache(maxsize=4096)
def _simulation(line: str) -> CronSim:
    return CronSim(line, datetime(2000, 1, 1))  # noqa: DTZ001 (plain local time: cronsim applies no rules)


def _plain(cron: Cron) -> str:
    """The line in numbers alone. `*` stays for day fields that are not set, which is what joins them by AND in
    cronsim."""
    fields = [
        _numbers(cron.seconds, 60),
        _numbers(cron.minutes, 60),
        _numbers(cron.hours, 24),
        "*" if cron.any_day else _numbers(cron.days),
        _numbers(cron.months, 12),
        "*" if cron.any_weekday else _numbers(cron.weekdays),
    ]
    return " ".join(fields)


def _numbers(values: tuple[int, ...], everything: int = 0) -> str:
    return "*" if len(values) == everything else ",".join(map(str, values))


def _after_overlap(tz: tzinfo, now: datetime) -> datetime:
    """The last local second that the clocks show twice: while they show it again, nothing fires before its end."""
    second = int(now.timestamp())
    before = now.replace(fold=0).utcoffset()
    after = now.utcoffset()
    assert before is not None
    assert after is not None
    change = change_between(tz, second - int((before - after).total_seconds()) - 1, second)
    return datetime.fromtimestamp(change, UTC).replace(tzinfo=None) + before - SECOND


def _note(cron: Cron, zone_name: str, change: Transition) -> str | None:
    """What the change of the clocks does to the line; None when it fires at none of the times concerned."""
    edges = sorted((change.at + change.before, change.at + change.after))
    start, end = (datetime.fromtimestamp(edge, UTC).replace(tzinfo=None) for edge in edges)
    local = _walk(cron, start - SECOND)
    if local >= end:
        return None
    more = " (and later ones)" if _walk(cron, local) < end else ""
    shape = "%H:%M" if not local.second else "%H:%M:%S"
    subject = f"{local:%Y-%m-%d {shape}}{more} in {zone_name}"
    if change.after > change.before:
        return f"{subject} does not exist: it fires once, at {end:%H:%M}"
    first = datetime.fromtimestamp(change.at, UTC) - timedelta(seconds=(end - local).total_seconds())
    return f"{subject} occurs twice: it fires once, the first time ({first:%H:%M} UTC)"
