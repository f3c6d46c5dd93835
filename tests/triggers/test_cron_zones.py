"""R12 over every zone of the world: each change of the clocks from 2020 to 2035 against a rule written another way.

The reference walks the minutes of UTC and writes down what the clocks show; nothing of the product's arithmetic is in
it. `WINDLASS_SWEEP=1` takes every zone, year and line; without it each zone is looked at in two years that depend on
its name, so that over all zones every year and both directions are met.
"""

from __future__ import annotations

import itertools
import os
import zlib
from datetime import UTC, datetime, timedelta

from windlass.triggers.cron import next_after, parse_cron
from windlass.triggers.zones import Transition, transitions, zone, zone_names

DAY = 86_400
FIRST, LAST = 50 * 365 + 12, 66 * 365 + 16  # 2020-01-01 to 2036-01-01 in days since the epoch
SWEEP = os.environ.get("WINDLASS_SWEEP") == "1"
HOUR = 3600


def showing(name: str, start: int, end: int) -> list[tuple[int, datetime]]:
    """Each minute of UTC in [start, end) with what the clocks show."""
    tz = zone(name)
    return [(at, datetime.fromtimestamp(at, tz).replace(tzinfo=None, fold=0)) for at in range(start, end, 60)]


def expected(shown: list[tuple[int, datetime]], wanted: set[tuple[int, int]]) -> list[int]:
    """The first instant of each wanted (hour, minute) of each day; of a time that is jumped over, the instant after."""
    fired: dict[datetime, int] = {}
    before: datetime | None = None
    for at, local in shown:
        jumped = before
        while jumped is not None and (jumped := jumped + timedelta(minutes=1)) < local:
            if (jumped.hour, jumped.minute) in wanted:
                fired.setdefault(jumped, at)
        if (local.hour, local.minute) in wanted:
            fired.setdefault(local, at)
        before = local if before is None else max(before, local)
    return sorted(set(fired.values()))


def found(line: str, name: str, start: int, end: int) -> list[int]:
    cron, at, fires = parse_cron(line), start * 1000 - 1, []
    while (at := next_after(cron, name, at)) < end * 1000:
        fires.append(at // 1000)
    return fires


def check(name: str, change: Transition) -> None:
    # Wide enough for the reference to see the first showing of every time that the line names.
    start, end = change.at - 3 * HOUR, change.at + 3 * HOUR
    shown = showing(name, start, end)
    edge = datetime.fromtimestamp(change.at + min(change.before, change.after), UTC)
    for offset in (0, 15, 30, -30, 60):
        moment = edge + timedelta(minutes=offset)
        line, wanted = f"{moment.minute} {moment.hour} * * *", {(moment.hour, moment.minute)}
        assert found(line, name, start, end) == expected(shown, wanted), (name, change, line)
    hours = {edge.hour, (edge.hour + 1) % 24}
    line = f"*/20 {','.join(map(str, sorted(hours)))} * * *"
    wanted = {(hour, minute) for hour in hours for minute in (0, 20, 40)}
    assert found(line, name, start, end) == expected(shown, wanted), (name, change, line)
    if (change.after - change.before) % 900 == 0:
        quarters = found("*/15 * * * *", name, start, end)
        assert {b - a for a, b in itertools.pairwise(quarters)} == {900}, (name, change)


def years_of(name: str) -> tuple[int, int]:
    """Which days of 2020 to 2035 are looked at: all of them, or two years that depend on the name."""
    if SWEEP:
        return FIRST, LAST
    first = FIRST + zlib.crc32(name.encode()) % 8 * 730
    return first, first + 731


def test_r12_every_zone_at_its_changes() -> None:
    met: set[tuple[bool, int]] = set()
    for name in sorted(zone_names()):
        changes = transitions(name, *years_of(name))
        first = zlib.crc32(name.encode()) // 8 % max(1, len(changes) - 1)
        for change in changes if SWEEP else changes[first : first + 2]:
            check(name, change)
            met.add((change.after > change.before, datetime.fromtimestamp(change.at, UTC).year))
    assert len(met) >= 28  # both directions in nearly every year


def test_r12_zones_without_changes_fire_once_a_day() -> None:
    quiet = [name for name in sorted(zone_names()) if not transitions(name, *years_of(name))]
    assert len(quiet) > 100
    for name in quiet if SWEEP else quiet[::5]:
        start = (years_of(name)[0] + 100) * DAY
        fires = found("30 2 * * *", name, start, start + 7 * DAY)
        assert [b - a for a, b in itertools.pairwise(fires)] == [DAY] * 6
