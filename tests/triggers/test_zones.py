"""Zones by name: C03, and the pinned data."""

from __future__ import annotations

from datetime import datetime

import pytest

from windlass.clock import from_rfc3339
from windlass.triggers.zones import ZoneError, at_local, check_zone, transitions, zone, zone_names

DAY = 86_400


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "Etc/GMT+5", "GMT", "Asia/Calcutta", "Japan"])
def test_names_of_the_database_are_known(name: str) -> None:
    check_zone(name)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("EST", "America/New_York"),
        ("CET", "Europe/Berlin"),
        ("CEST", "Europe/Berlin"),
        ("PST8PDT", "America/Los_Angeles"),
        ("europe/berlin", "Europe/Berlin"),
        ("Europe/Berlni", "Europe/Berlin"),
        ("berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("Mars/Olympus", "IANA"),
        ("", "IANA"),
        ("../../etc/passwd", "IANA"),
        ("A" * 100_000, "IANA"),
    ],
)
def test_c03_others_are_refused_with_what_is_likely_meant(name: str, hint: str) -> None:
    with pytest.raises(ZoneError) as caught:
        check_zone(name)
    assert hint in (caught.value.hint or "")
    assert len(str(caught.value)) < 200


def test_the_data_is_that_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any zone data, or with other data, changes nothing."""
    import zoneinfo

    monkeypatch.setattr(zoneinfo, "TZPATH", ())
    zone.cache_clear()
    assert at_local(zone("Asia/Tokyo"), datetime(2026, 1, 1, 9)) * 1000 == from_rfc3339("2026-01-01T00:00Z")


def test_every_name_can_be_opened() -> None:
    assert len(zone_names()) > 500
    for name in zone_names():
        zone(name)


def test_changes_are_found_to_the_second() -> None:
    first = from_rfc3339("2026-01-01T00:00Z") // 1000 // DAY
    spring, autumn = transitions("Europe/Berlin", first, first + 365)
    assert spring.at * 1000 == from_rfc3339("2026-03-29T01:00Z")
    assert (spring.before, spring.after) == (3600, 7200)
    assert autumn.at * 1000 == from_rfc3339("2026-10-25T01:00Z")
