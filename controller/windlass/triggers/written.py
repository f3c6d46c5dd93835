"""A schedule as it is written, resolved; and everything that is wrong with it, all at once.

In: the mapping under `triggers.schedule[N]` with its camelCase keys; durations as text or as milliseconds. Out: a
`Schedule`, or `Fault`s with the key that is wrong and, for a cron line, the place in it: loading makes Problems of
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from windlass.errors import WindlassError
from windlass.triggers.cron import CronError, CronRhythm, ZoneError, parse_cron
from windlass.triggers.every import Every
from windlass.triggers.ticks import Missed, Schedule
from windlass.triggers.zones import at_local, check_zone, zone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from windlass.clock import Millis
    from windlass.triggers.base import Rhythm

Value = TypeVar("Value")
MOST_CATCH_UP = 100
LOCAL = "write a local date or time of the schedule's zone, for example 2026-12-01T00:00"
DAYS = "write a date or a range of dates, for example 2026-12-24..2026-12-26"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a schedule: `key` below the schedule (`cron`, `except[1]`); `offset` and `length` count code
    points inside its text, None when the whole value is meant."""

    key: str
    rule: str  # kebab-case: cron, timezone, schedule
    message: str
    hint: str | None = None
    offset: int | None = None
    length: int | None = None


class ScheduleError(WindlassError):
    """A schedule that cannot be used."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.key}: {fault.message}" for fault in faults))
        self.faults = tuple(faults)


def from_written(written: Mapping[str, Any], trigger: str, owner: str = "") -> Schedule:
    """The schedule named `trigger` (`schedule[0]`) of `owner` (`shop/deploy`). Raises ScheduleError with every
    fault."""
    reading = _Reading(written)
    schedule = reading.schedule(trigger, owner)
    if schedule is None or reading.faults:
        raise ScheduleError(reading.faults)
    return schedule


def faults_of(written: Mapping[str, Any]) -> tuple[Fault, ...]:
    """What is wrong with a schedule, () when nothing is."""
    reading = _Reading(written)
    reading.schedule("", "")
    return tuple(reading.faults)


class _Reading:
    def __init__(self, written: Mapping[str, Any]) -> None:
        self.written = written
        self.faults: list[Fault] = []

    def schedule(self, trigger: str, owner: str) -> Schedule | None:
        written = self.written
        zone_name = self._zone()
        rhythm = self._rhythm(zone_name or "UTC")
        missed = self._missed()
        jitter = self._read("jitter", milliseconds, 0)
        start = end = None
        closed: tuple[tuple[Millis, Millis], ...] = ()
        if zone_name is not None:
            start = self._read("start", lambda text: _moment(text, zone_name), None)
            end = self._read("end", lambda text: _last_moment(text, zone_name), None)
            closed = self._closed(zone_name)
        if start is not None and end is not None and end < start:
            self.faults.append(Fault("end", "schedule", "`end` is before `start`: this never fires"))
        if rhythm is None:
            return None
        return Schedule(
            trigger=trigger,
            rhythm=rhythm,
            zone=zone_name or "UTC",
            missed=missed,
            overlap=written.get("overlap") or "queue",
            jitter=jitter or 0,
            start=start,
            end=end,
            closed=closed,
            enabled=written.get("enabled") is not False,
            inputs=written.get("inputs") or {},
            env=written.get("env") or {},
            owner=owner,
        )

    def _zone(self) -> str | None:
        name = self.written.get("timezone") or "UTC"
        try:
            check_zone(name)
        except ZoneError as error:
            self.faults.append(Fault("timezone", "timezone", error.message, error.hint))
            return None
        return str(name)

    def _rhythm(self, zone_name: str) -> Rhythm | None:
        line, every = self.written.get("cron"), self.written.get("every")
        if (line is None) == (every is None):
            self.faults.append(Fault("", "schedule", "a schedule has exactly one of `cron` and `every`"))
            return None
        if line is None:
            return self._read("every", lambda span: Every(milliseconds(span)), None)
        try:
            return CronRhythm(parse_cron(line), zone_name)
        except CronError as error:
            self.faults.append(Fault("cron", "cron", error.message, error.hint, error.offset, error.length))
            return None

    def _missed(self) -> Missed:
        written = self.written.get("missed") or "latest"
        if isinstance(written, str):
            written = {"policy": written}
        policy, limit = written.get("policy"), written.get("limit")
        if policy not in ("skip", "latest", "all"):
            self.faults.append(Fault("missed", "schedule", "`missed` is skip, latest, or {policy: all, limit: N}"))
            return Missed()
        if policy != "all":
            return Missed(policy)
        if not isinstance(limit, int) or not 1 <= limit <= MOST_CATCH_UP:
            self.faults.append(Fault("missed", "schedule", f"`policy: all` needs a `limit` of 1 to {MOST_CATCH_UP}"))
            return Missed()
        within = written.get("within")
        return Missed("all", limit, None if within is None else self._read("missed.within", milliseconds, None, within))

    def _closed(self, zone_name: str) -> tuple[tuple[Millis, Millis], ...]:
        spans = []
        for index, text in enumerate(self.written.get("except") or ()):
            span = self._read(f"except[{index}]", lambda days: _span(days, zone_name), None, text)
            if span is not None:
                spans.append(span)
        return _joined(spans)

    def _read(self, key: str, read: Callable[[Any], Value], absent: Value | None, value: Any = None) -> Value | None:
        value = self.written.get(key) if value is None else value
        if value is None:
            return absent
        try:
            return read(value)
        except (ValueError, OverflowError) as error:
            self.faults.append(Fault(key, "schedule", str(error)))
            return absent


def milliseconds(written: Any) -> Millis:
    """A duration as text (`1h30m`) or already counted. Raises ValueError."""
    if isinstance(written, int) and not isinstance(written, bool) and written >= 0:
        return written
    # The schemas' own reading; imported here because it brings pydantic with it.
    from windlass_schemas.duration import parse_duration

    return parse_duration(written)


def _moment(text: Any, zone_name: str) -> Millis:
    """A local time, or the beginning of a local day."""
    try:
        local = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise ValueError(LOCAL) from None
    if local.tzinfo is not None:
        raise ValueError(LOCAL)
    return at_local(zone(zone_name), local) * 1000


def _last_moment(text: Any, zone_name: str) -> Millis:
    """A local time, or the last millisecond of a local day."""
    moment = _moment(text, zone_name)
    if len(text) > len("2026-12-01"):
        return moment
    return _midnight(date.fromisoformat(text) + timedelta(days=1), zone_name) - 1


def _span(text: Any, zone_name: str) -> tuple[Millis, Millis]:
    """Whole local days, both ends included, as [first moment, first moment of the day after)."""
    try:
        first, _, last = text.partition("..")
        days = date.fromisoformat(first), date.fromisoformat(last or first)
    except (AttributeError, ValueError):
        raise ValueError(DAYS) from None
    if days[1] < days[0]:
        raise ValueError("a range of dates goes upwards")
    return _midnight(days[0], zone_name), _midnight(days[1] + timedelta(days=1), zone_name)


def _midnight(day: date, zone_name: str) -> Millis:
    return at_local(zone(zone_name), datetime(day.year, day.month, day.day)) * 1000  # noqa: DTZ001 (a local time)


def _joined(spans: list[tuple[Millis, Millis]]) -> tuple[tuple[Millis, Millis], ...]:
    """In order, overlapping ones made one: a search among them looks at one span only."""
    joined: list[tuple[Millis, Millis]] = []
    for first, end in sorted(spans):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((first, end))
    return tuple(joined)
