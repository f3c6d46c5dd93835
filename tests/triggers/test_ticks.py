"""Ticks of a schedule: `start`, `end`, `except`, switched off, jitter, and the search backwards."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.triggers.conftest import DAY, HOUR, NOON, YEAR, scheduled, ticks

from windlass.clock import from_rfc3339, to_rfc3339
from windlass.triggers.schedule import Schedule, jitter_of, next_tick, previous_tick


def test_start_and_end_are_local_and_inclusive() -> None:
    schedule = scheduled(cron="0 */6 * * *", timezone="Europe/Berlin", start="2026-12-01T06:00", end="2026-12-01T18:00")
    assert ticks(schedule, "2026-01-01T00:00Z", 9) == ["2026-12-01T05:00", "2026-12-01T11:00", "2026-12-01T17:00"]


def test_an_end_without_a_time_is_the_whole_day() -> None:
    schedule = scheduled(cron="0 */12 * * *", timezone="Asia/Tokyo", start="2026-12-01", end="2026-12-01")
    assert ticks(schedule, "2026-01-01T00:00Z", 9) == ["2026-11-30T15:00", "2026-12-01T03:00"]


def test_except_days_are_whole_local_days_both_ends_included() -> None:
    schedule = scheduled(cron="30 23 * * *", timezone="Europe/Berlin", except_=["2026-12-24..2026-12-26", "2026-12-28"])
    assert ticks(schedule, "2026-12-22T23:00Z", 4) == [
        "2026-12-23T22:30", "2026-12-27T22:30", "2026-12-29T22:30", "2026-12-30T22:30",
    ]  # fmt: skip


def test_except_days_bind_every_too() -> None:
    schedule = scheduled(every="12h", except_=["2026-06-02"])
    assert ticks(schedule, "2026-06-01T12:00Z", 2) == ["2026-06-03T00:00", "2026-06-03T12:00"]


def test_a_long_exception_is_jumped_over() -> None:
    schedule = scheduled(cron="* * * * * *", except_=["2026-01-01..2035-12-31"])
    assert ticks(schedule, "2026-06-01T12:00Z", 1) == ["2036-01-01T00:00"]


def test_many_overlapping_exceptions_are_one() -> None:
    days = [f"2026-{month:02}-01..2026-12-31" for month in range(1, 13)] * 20
    schedule = scheduled(every="1h", except_=days)
    assert len(schedule.closed) == 1
    assert ticks(schedule, "2026-06-01T12:00Z", 1) == ["2027-01-01T00:00"]


def test_switched_off_never_ticks() -> None:
    assert next_tick(scheduled(every="1s", enabled=False), NOON) is None


def test_jitter_is_the_same_every_time_and_differs_between_owners() -> None:
    one, other = scheduled("shop/a", every="1h", jitter="10m"), scheduled("shop/b", every="1h", jitter="10m")
    assert one.jitter_for(NOON) == scheduled("shop/a", every="1h", jitter="10m").jitter_for(NOON)
    differing = sum(one.jitter_for(NOON + n * HOUR) != other.jitter_for(NOON + n * HOUR) for n in range(20))
    assert differing >= 19


@given(st.text(), st.integers(0, 10**9))
def test_jitter_stays_within_its_span(key: str, span: int) -> None:
    assert 0 <= jitter_of(key, span) < max(span, 1)


def test_jitter_uses_the_whole_span() -> None:
    seen = [jitter_of(str(n), 1000) for n in range(2000)]
    assert min(seen) < 50
    assert max(seen) > 950


SOME = st.sampled_from(
    [
        scheduled(every="7s"),
        scheduled(cron="*/5 * * * *", timezone="Europe/Berlin"),
        scheduled(cron="30 2 * * *", timezone="Europe/Berlin"),
        scheduled(cron="0 0 29 2 *"),
        scheduled(cron="*/10 8-9 * * MON", timezone="Asia/Tokyo", except_=["2026-03-01..2026-05-31"]),
    ]
)


@settings(max_examples=80, deadline=None)
@given(SOME, st.integers(NOON - YEAR, NOON + YEAR))
def test_the_last_tick_before_is_the_one_whose_next_is_not_before(schedule: Schedule, before: int) -> None:
    tick = previous_tick(schedule, before, before - 9 * YEAR)
    assert tick is not None
    assert tick < before
    following = next_tick(schedule, tick)
    assert following is not None
    assert following >= before
    assert next_tick(schedule, tick - 1) == tick


@pytest.mark.parametrize("floor", [NOON - 1, NOON - 10, NOON - DAY + 1])
def test_nothing_above_the_floor_is_none(floor: int) -> None:
    assert previous_tick(scheduled(cron="0 12 * * *"), NOON, floor) is None


def test_the_floor_itself_does_not_count() -> None:
    daily = scheduled(cron="0 12 * * *")
    assert previous_tick(daily, NOON, NOON - DAY) is None
    found = previous_tick(daily, NOON, NOON - DAY - 1)
    assert found is not None
    assert to_rfc3339(found) == to_rfc3339(from_rfc3339("2026-05-31T12:00Z"))
