"""The coming ticks of many schedules, in order."""

from __future__ import annotations

import time

from tests.triggers.conftest import MINUTE, NOON, scheduled

from windlass.triggers.schedule import next_fires


def test_merged_in_order_and_strictly_after() -> None:
    schedules = {"b": scheduled(every="2m"), "a": scheduled(every="3m"), "off": scheduled(every="1s", enabled=False)}
    fires = next_fires(schedules, 5, NOON)
    assert [(key, (at - NOON) // MINUTE) for key, at in fires] == [("b", 2), ("a", 3), ("b", 4), ("b", 6), ("a", 6)]


def test_a_schedule_that_ends_gives_what_it_has() -> None:
    schedules = {"x": scheduled(every="1m", end="2026-06-01T12:02")}
    assert len(next_fires(schedules, 50, NOON)) == 2
    assert next_fires({}, 5, NOON) == []
    assert next_fires(schedules, 0, NOON) == []


def test_ten_thousand_schedules() -> None:
    schedules = {
        n: scheduled(cron=f"{n % 60} {n // 60 % 24} * * {n % 7}", timezone="Europe/Berlin") for n in range(10_000)
    }
    started = time.process_time()
    fires = next_fires(schedules, 100, NOON)
    assert time.process_time() - started < 5
    assert fires == sorted(fires, key=lambda fire: (fire[1], fire[0]))
    assert len(fires) == 100
