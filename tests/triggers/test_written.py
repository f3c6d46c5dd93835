"""Schedules as they are written: read, and refused with every mistake at once."""

from __future__ import annotations

from typing import Any

import pytest
from tests.triggers.conftest import scheduled

from windlass.clock import from_rfc3339
from windlass.triggers.cron import CronRhythm
from windlass.triggers.every import Every
from windlass.triggers.schedule import Missed, ScheduleError, faults_of, from_written


def test_the_example_of_the_language_page() -> None:
    schedule = scheduled(
        cron="30 2 * * 1-5",
        timezone="Europe/Berlin",
        inputs={"environment": "staging"},
        missed="latest",
        overlap="queue",
        jitter="30s",
        start="2026-12-01T00:00",
        except_=["2026-12-24..2026-12-26"],
    )
    assert isinstance(schedule.rhythm, CronRhythm)
    assert (schedule.trigger, schedule.jitter, schedule.overlap) == ("schedule[0]", 30_000, "queue")
    assert schedule.start == from_rfc3339("2026-11-30T23:00Z")
    assert schedule.closed == ((from_rfc3339("2026-12-23T23:00Z"), from_rfc3339("2026-12-26T23:00Z")),)
    assert schedule.inputs == {"environment": "staging"}


def test_defaults() -> None:
    schedule = scheduled(every="15m")
    assert (schedule.rhythm, schedule.zone, schedule.missed) == (Every(900_000), "UTC", Missed("latest"))
    assert (schedule.overlap, schedule.jitter, schedule.enabled) == ("queue", 0, True)


def test_durations_may_be_counted_already() -> None:
    schedule = scheduled(every=900_000, jitter=5000, missed={"policy": "all", "limit": 10, "within": 3_600_000})
    assert schedule == scheduled(every="15m", jitter="5s", missed={"policy": "all", "limit": 10, "within": "1h"})


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ({}, ""),
        ({"cron": "* * * * *", "every": "1m"}, ""),
        ({"cron": "61 * * * *"}, "cron"),
        ({"every": "999ms"}, "every"),
        ({"every": "0s"}, "every"),
        ({"every": "-5m"}, "every"),
        ({"every": "106751991167d"}, "every"),
        ({"every": "1m", "timezone": "EST"}, "timezone"),
        ({"every": "1m", "missed": "never"}, "missed"),
        ({"every": "1m", "missed": {"policy": "all"}}, "missed"),
        ({"every": "1m", "missed": {"policy": "all", "limit": 101}}, "missed"),
        ({"every": "1m", "missed": {"policy": "all", "limit": 0}}, "missed"),
        ({"every": "1m", "missed": {"policy": "all", "limit": 3, "within": "soon"}}, "missed.within"),
        ({"every": "1m", "jitter": "soon"}, "jitter"),
        ({"every": "1m", "start": "tomorrow"}, "start"),
        ({"every": "1m", "start": "2026-12-01T00:00Z"}, "start"),
        ({"every": "1m", "end": "2026-13-01"}, "end"),
        ({"every": "1m", "start": "2026-12-02T00:00", "end": "2026-12-01T00:00"}, "end"),
        ({"every": "1m", "except": ["2026-12-24", "Christmas"]}, "except[1]"),
        ({"every": "1m", "except": ["2026-12-26..2026-12-24"]}, "except[0]"),
        ({"every": "1m", "except": ["9999-12-31"]}, "except[0]"),
    ],
)
def test_a_mistake_names_its_key(written: dict[str, Any], key: str) -> None:
    assert [fault.key for fault in faults_of(written)] == [key]
    with pytest.raises(ScheduleError):
        from_written(written, "schedule[0]")


def test_c10_all_mistakes_come_at_once_with_the_place_in_the_line() -> None:
    faults = faults_of({"cron": "0 25 * * *", "timezone": "Berlin", "jitter": "x", "missed": "sometimes"})
    assert {fault.key for fault in faults} == {"cron", "timezone", "jitter", "missed"}
    (cron,) = (fault for fault in faults if fault.key == "cron")
    assert (cron.offset, cron.length) == (2, 2)
    (zone,) = (fault for fault in faults if fault.key == "timezone")
    assert zone.hint == "did you mean Europe/Berlin?"


def test_nothing_wrong_is_nothing() -> None:
    assert faults_of({"cron": "0 0 * * *", "end": "2027-01-01", "start": "2027-01-01"}) == ()
