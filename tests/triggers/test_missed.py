"""What is due after silence of any length: each policy, exactly, and bounded (R11, R14, C05, C09)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.triggers.conftest import DAY, HOUR, MINUTE, NOON, SECOND, YEAR, scheduled

from windlass.triggers.base import Firing
from windlass.triggers.schedule import Schedule, due, key_of, next_tick

ALL_3 = {"policy": "all", "limit": 3}


def runs(firings: list[Firing]) -> list[int]:
    return [f.scheduled_at or 0 for f in firings if f.skipped is None]


def skipped(firings: list[Firing]) -> list[int]:
    return [f.scheduled_at or 0 for f in firings if f.skipped is not None]


def test_a_tick_in_time_fires_once_with_its_nominal_key() -> None:
    hourly = scheduled(every="1h")
    assert due(hourly, NOON - HOUR, NOON + 3) == [
        Firing("schedule[0]", "schedule", "2026-06-01T12:00:00.000Z", NOON, NOON, None)
    ]


@pytest.mark.parametrize("missed", ["skip", "latest", ALL_3])
def test_a_tick_in_time_fires_under_every_policy(missed: object) -> None:
    hourly = scheduled(every="1h", missed=missed)
    assert runs(due(hourly, NOON - HOUR, NOON + 50)) == [NOON]
    assert due(hourly, NOON, NOON + HOUR - 1) == []


@pytest.mark.parametrize(
    ("missed", "fired"),
    [
        ("skip", []),
        ("latest", [NOON]),
        ({"policy": "all", "limit": 2}, [NOON - HOUR, NOON]),
        ({"policy": "all", "limit": 100}, [NOON - 3 * HOUR, NOON - 2 * HOUR, NOON - HOUR, NOON]),
        ({"policy": "all", "limit": 100, "within": "90m"}, [NOON - HOUR, NOON]),
        ({"policy": "all", "limit": 1, "within": "90m"}, [NOON]),
        ({"policy": "all", "limit": 100, "within": "1m"}, []),
    ],
)
def test_r14_four_missed_ticks(missed: object, fired: list[int]) -> None:
    firings = due(scheduled(every="1h", missed=missed), NOON - 4 * HOUR, NOON + 20 * MINUTE)
    assert runs(firings) == fired
    assert sorted(runs(firings) + skipped(firings)) == [NOON - n * HOUR for n in (3, 2, 1, 0)]


def test_r11_every_skipped_tick_says_why() -> None:
    firings = due(scheduled(every="1h"), NOON - 4 * HOUR, NOON + MINUTE)
    assert [f.skipped for f in firings][:3] == ["missed, and the policy is latest: a newer tick was due"] * 3


def test_c05_a_clock_that_went_back_fires_nothing() -> None:
    for jitter in ("0s", "1h"):
        schedule = scheduled(every="1s", jitter=jitter)
        assert due(schedule, NOON, NOON - HOUR) == []
        assert due(schedule, NOON, NOON) == []


def test_switched_off_owes_nothing() -> None:
    assert due(scheduled(every="1s", enabled=False), NOON - DAY, NOON) == []


@pytest.mark.parametrize("written", [{"cron": "* * * * * *"}, {"every": "1s"}, {"cron": "* 0-11 1 * * *"}])
@pytest.mark.parametrize(("missed", "count"), [("skip", 0), ("latest", 1), ({"policy": "all", "limit": 100}, 100)])
def test_c09_r14_a_year_of_seconds_is_settled_at_once(written: dict[str, str], missed: object, count: int) -> None:
    schedule = scheduled(timezone="Europe/Berlin", missed=missed, **written)
    now = NOON + 30 * SECOND
    started = time.process_time()
    firings = due(schedule, now - YEAR, now, watching_since=now + 1)
    assert time.process_time() - started < 2
    assert len(runs(firings)) == count
    assert len(skipped(firings)) <= 20
    assert firings[0].scheduled_at == next_tick(schedule, now - YEAR)
    assert len({f.key for f in firings}) == len(firings)
    assert "so were all ticks up to" in (firings[0].skipped or "")


def test_r14_a_year_of_days_is_one_run_and_a_short_list() -> None:
    daily = scheduled(cron="30 2 * * *", timezone="Europe/Berlin")
    firings = due(daily, NOON - YEAR, NOON)
    assert len(runs(firings)) == 1
    assert len(skipped(firings)) == 20
    assert len({f.key for f in firings}) == len(firings)


def test_twenty_skipped_ticks_are_listed_one_by_one() -> None:
    firings = due(scheduled(every="1h"), NOON - 21 * HOUR, NOON)
    assert len(skipped(firings)) == 20
    assert all("so were" not in (f.skipped or "") for f in firings)


def test_a_slow_watcher_misses_nothing() -> None:
    """Three seconds late while watching: no tick is dropped, whatever the policy."""
    for missed in ("skip", "latest"):
        schedule = scheduled(every="1s", missed=missed)
        firings = due(schedule, NOON - 3 * SECOND, NOON, watching_since=NOON - HOUR)
        assert runs(firings) == [NOON - 2 * SECOND, NOON - SECOND, NOON]


def test_a_machine_that_slept_has_missed() -> None:
    schedule = scheduled(every="1m", missed="skip")
    firings = due(schedule, NOON - HOUR, NOON + 30 * SECOND, watching_since=NOON - DAY)
    assert runs(firings) == [NOON]
    assert len(skipped(firings)) == 20


def test_ticks_before_the_watch_are_missed_however_near() -> None:
    schedule = scheduled(every="1s", missed="skip")
    assert runs(due(schedule, NOON - 5 * SECOND, NOON, watching_since=NOON - SECOND + 1)) == [NOON]


def test_jitter_delays_the_start_and_never_the_nominal_time() -> None:
    hourly = scheduled(every="1h", jitter="30m")
    delay = hourly.jitter_for(NOON)
    assert delay > 0
    assert due(hourly, NOON - HOUR, NOON + delay - 1) == []
    (firing,) = due(hourly, NOON - HOUR, NOON + delay)
    assert (firing.scheduled_at, firing.start_at, firing.key) == (NOON, NOON + delay, key_of(NOON))


def test_jitter_counts_as_on_time_under_skip() -> None:
    hourly = scheduled(every="1h", jitter="30m", missed="skip")
    assert runs(due(hourly, NOON - HOUR, NOON + hourly.jitter_for(NOON) + 5)) == [NOON]


def fire_in_steps(schedule: Schedule, start: int, end: int, step: int) -> list[int]:
    """What a loop does: look, and remember the newest settled tick."""
    seen: list[int] = []
    since = start
    for now in range(start, end, step):
        for firing in due(schedule, since, now, watching_since=start):
            assert firing.scheduled_at is not None
            assert firing.start_at <= now
            seen.append(firing.scheduled_at)
            since = max(since, firing.scheduled_at)
    return seen


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(0, 60), st.integers(1, 20), st.sampled_from(["skip", "latest"]))
def test_r11_a_watching_loop_fires_each_tick_once_in_order(span: int, jitter: int, step: int, missed: str) -> None:
    schedule = scheduled(every=f"{span}s", jitter=f"{jitter}s", missed=missed)
    end = NOON + 120 * SECOND
    seen = fire_in_steps(schedule, NOON, end, step * SECOND)
    every_tick = [at for at in range(NOON + 1, end) if at % (span * SECOND) == 0]
    assert seen == every_tick[: len(seen)]
    # Whatever is not seen at the end is still held back by a jitter, its own or that of the tick before.
    assert all(at > end - (jitter + step + span) * SECOND for at in every_tick[len(seen) :])
