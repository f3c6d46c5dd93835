"""When a line fires: both nights in Berlin, Lord Howe's half hour, Apia's missing day (R12, C02, C04)."""

from __future__ import annotations

import time

import pytest

from windlass.clock import from_rfc3339, to_rfc3339
from windlass.triggers.cron import CronRhythm, ZoneError, dst_notes, next_after, parse_cron

BERLIN = "Europe/Berlin"


def fires(line: str, zone: str, start: str, end: str) -> list[str]:
    """Every firing in [start, end) as `DDTHH:MM` of UTC, with seconds where there are any."""
    cron, at, last = parse_cron(line), from_rfc3339(start) - 1, from_rfc3339(end)
    found = []
    while (at := next_after(cron, zone, at)) < last:
        text = to_rfc3339(at)
        found.append(text[8:16] if text[17:19] == "00" else text[8:19])
    return found


SPRING = ("2026-03-29T00:00Z", "2026-03-29T02:30Z")  # 02:00 becomes 03:00 at 01:00Z
AUTUMN = ("2026-10-24T23:30Z", "2026-10-25T02:30Z")  # 03:00 becomes 02:00 at 01:00Z


@pytest.mark.parametrize(
    ("line", "spring", "autumn"),
    [
        ("30 2 * * *", ["29T01:00"], ["25T00:30"]),
        ("0 30 2 * * *", ["29T01:00"], ["25T00:30"]),
        ("15 30 2 * * *", ["29T01:00"], ["25T00:30:15"]),
        ("0 2 * * *", ["29T01:00"], ["25T00:00"]),
        ("0 3 * * *", ["29T01:00"], ["25T02:00"]),
        ("0,30 2-3 * * *", ["29T01:00", "29T01:30"], ["25T00:00", "25T00:30", "25T02:00"]),
        ("*/20 2 * * *", ["29T01:00"], ["25T00:00", "25T00:20", "25T00:40"]),
        ("30 1 * * *", ["29T00:30"], ["24T23:30"]),
        ("30 * * * *", ["29T00:30", "29T01:30"], ["24T23:30", "25T00:30", "25T01:30"]),
        ("0 */2 * * *", ["29T01:00", "29T02:00"], ["25T00:00"]),
        ("30 2 29 3 *", ["29T01:00"], []),
    ],
)
def test_berlin_in_both_nights(line: str, spring: list[str], autumn: list[str]) -> None:
    assert fires(line, BERLIN, *SPRING) == spring
    assert fires(line, BERLIN, *AUTUMN) == autumn


@pytest.mark.parametrize("night", [SPRING, AUTUMN])
@pytest.mark.parametrize("line", ["*/15 * * * *", "*/30 * * * * *", "0 * * * *"])
def test_an_interval_keeps_its_spacing_in_both_nights(line: str, night: tuple[str, str]) -> None:
    cron = parse_cron(line)
    at = next_after(cron, BERLIN, from_rfc3339(night[0]))
    spans = set()
    while at < from_rfc3339(night[1]):
        following = next_after(cron, BERLIN, at)
        spans.add(following - at)
        at = following
    assert len(spans) == 1


def test_asked_from_inside_the_second_of_two_hours() -> None:
    cron = parse_cron("30 2 * * *")
    inside = from_rfc3339("2026-10-25T01:10:00Z")  # 02:10 for the second time
    assert to_rfc3339(next_after(cron, BERLIN, inside)) == "2026-10-26T01:30:00.000Z"
    after = parse_cron("0 3 * * *")
    assert to_rfc3339(next_after(after, BERLIN, inside)) == "2026-10-25T02:00:00.000Z"


def test_lord_howe_moves_by_half_an_hour() -> None:
    zone = "Australia/Lord_Howe"
    # 2026-10-04 02:00+10:30 becomes 02:30+11:00 at 15:30Z; 2026-04-05 02:00+11:00 becomes 01:30+10:30 at 15:00Z.
    assert fires("15 2 * * *", zone, "2026-10-03T12:00Z", "2026-10-04T12:00Z") == ["03T15:30"]
    assert fires("45 1 * * *", zone, "2026-04-04T12:00Z", "2026-04-05T12:00Z") == ["04T14:45"]
    assert fires("45 2 * * *", zone, "2026-10-03T12:00Z", "2026-10-04T12:00Z") == ["03T15:45"]
    # An hour on the clock is a half or one and a half there: every full hour that is shown, each once.
    assert fires("0 * * * *", zone, "2026-04-04T14:00Z", "2026-04-04T16:00Z") == ["04T14:00", "04T15:30"]
    assert fires("0 * * * *", zone, "2026-10-03T14:00Z", "2026-10-03T17:00Z") == ["03T14:30", "03T16:00"]


def test_apia_has_no_30_december_2011() -> None:
    # The 29th ends at 10:00Z, where the 31st begins.
    span = ("2011-12-28T20:00Z", "2011-12-31T12:00Z")
    assert fires("0 9 30 12 *", "Pacific/Apia", *span) == ["30T10:00"]
    assert fires("0 9 * * *", "Pacific/Apia", *span) == ["29T19:00", "30T10:00", "30T19:00"]
    assert fires("0 0 * * *", "Pacific/Apia", *span) == ["29T10:00", "30T10:00", "31T10:00"]


def test_a_day_that_begins_at_one_o_clock() -> None:
    # Cairo, 2026-04-24: 00:00 becomes 01:00 at 22:00Z of the 23rd.
    assert fires("0 0 * * *", "Africa/Cairo", "2026-04-23T12:00Z", "2026-04-24T12:00Z") == ["23T22:00"]
    assert fires("0 0 24 4 *", "Africa/Cairo", "2026-04-23T12:00Z", "2026-04-24T12:00Z") == ["23T22:00"]


def test_a_permanent_change_is_followed() -> None:
    # Novosibirsk went from +06 to +07 on 2016-07-24 at 02:00 and stayed.
    assert fires("30 2 * * *", "Asia/Novosibirsk", "2016-07-23T00:00Z", "2016-07-26T00:00Z") == [
        "23T20:00",
        "24T19:30",
        "25T19:30",
    ]


@pytest.mark.parametrize(
    ("line", "days"),
    [
        ("0 0 13 * FRI", ["03", "10", "13", "17", "24", "31"]),  # both set: either
        ("0 0 */10 * FRI", ["01", "03", "10", "11", "17", "21", "24", "31"]),  # a step is set too
        ("0 0 * * FRI", ["03", "10", "17", "24", "31"]),
        ("0 0 13 * *", ["13"]),
        ("0 0 1-31 * FRI", [f"{day:02}" for day in range(1, 32)]),  # every number is set, only `*` is not
        ("0 0 */1 * FRI", ["03", "10", "17", "24", "31"]),  # `*/1` is `*`
    ],
)
def test_c02_both_day_fields_set_either_fires(line: str, days: list[str]) -> None:
    assert [at[:2] for at in fires(line, "UTC", "2026-07-01T00:00Z", "2026-08-01T00:00Z")] == days


def test_c02_leap_day_is_found_over_the_century() -> None:
    at = next_after(parse_cron("0 0 29 2 *"), BERLIN, from_rfc3339("2096-03-01T00:00Z"))
    assert to_rfc3339(at) == "2104-02-28T23:00:00.000Z"


def test_strictly_after_and_whole_seconds() -> None:
    cron, noon = parse_cron("0 12 * * *"), from_rfc3339("2026-06-01T12:00Z")
    assert next_after(cron, "UTC", noon - 1) == noon
    assert next_after(cron, "UTC", noon) == noon + 86_400_000
    assert next_after(cron, "UTC", noon + 999) == noon + 86_400_000
    assert next_after(cron, "UTC", -1) == 12 * 3_600_000  # before the epoch too


def test_the_end_of_the_calendar_is_an_end() -> None:
    last = from_rfc3339("9999-12-31T23:59:59Z")
    for zone in ("UTC", BERLIN):
        for after in (last, last + 10**9, 10**18):
            assert CronRhythm(parse_cron("0 0 1 1 *"), zone).next_after(after) is None


@pytest.mark.parametrize("zone", ["EST", "CEST", "Europe/Nowhere", "../../etc/passwd", "", "Factory", "europe/berlin"])
def test_c03_an_unknown_zone_is_an_error(zone: str) -> None:
    with pytest.raises(ZoneError):
        next_after(parse_cron("0 0 * * *"), zone, 0)


NOW = from_rfc3339("2026-11-21T00:00Z")


def test_notes_name_the_date_and_what_happens() -> None:
    assert dst_notes(parse_cron("30 2 * * *"), BERLIN, NOW) == [
        "2027-03-28 02:30 in Europe/Berlin does not exist: it fires once, at 03:00",
        "2027-10-31 02:30 in Europe/Berlin occurs twice: it fires once, the first time (00:30 UTC)",
    ]


def test_notes_count_more_than_one_time() -> None:
    first, second = dst_notes(parse_cron("*/15 1-4 * * *"), BERLIN, NOW)
    assert first.startswith("2027-03-28 02:00 (and later ones)")
    assert second.startswith("2027-10-31 02:00 (and later ones)")


@pytest.mark.parametrize(
    ("line", "zone"),
    [
        ("30 4 * * *", BERLIN),
        ("*/15 * * * *", BERLIN),
        ("30 2 * * MON", BERLIN),
        ("30 2 * * *", "UTC"),
        ("30 2 * * *", "Asia/Tokyo"),
    ],
)
def test_no_note_where_nothing_changes(line: str, zone: str) -> None:
    assert dst_notes(parse_cron(line), zone, NOW) == []


@pytest.mark.parametrize("line", ["*/5 * * * *", "0 3 * * 1", "30 2 * * *", "0 0 29 2 *", "*/30 * * * * *"])
def test_ten_thousand_schedules_in_a_second(line: str) -> None:
    cron = parse_cron(line)
    next_after(cron, BERLIN, NOW)
    started = time.process_time()
    for minute in range(1000):
        next_after(cron, BERLIN, NOW + minute * 60_000)
    each = (time.process_time() - started) / 1000
    assert each < 250e-6, f"{each * 1e6:.0f} µs"  # 15 to 70 µs on an idle machine
