"""Moments and local times as text: checked here, kept as written, resolved where the zone is known.

In: `2026-12-01T00:00Z` (a moment), `2026-12-01T00:00` (a local time), `2026-12-24..2026-12-26` (whole local
days, both ends included; fine print, "Schedules"). Out: the same text.
"""

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic_core import PydanticCustomError

from windlass_schemas.written import Parsed

DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
LOCAL_PATTERN = rf"^{DAY}(T[0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}})?)?$"
DAYS_PATTERN = rf"^{DAY}(\.\.{DAY})?$"
MOMENT_PATTERN = rf"^{DAY}[Tt ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}(\.[0-9]+)?)?([Zz]|[+-][0-9]{{2}}:[0-9]{{2}})$"
MOMENT_JSON = {"type": "string", "pattern": MOMENT_PATTERN, "examples": ["2026-12-01T00:00:00Z"]}


def read_local_time(value: Any) -> str:
    """A date or a date and time without a zone. Raises `invalid-local-time`."""
    if isinstance(value, str) and re.fullmatch(LOCAL_PATTERN, value) and _parses(value):
        return value
    raise PydanticCustomError(
        "invalid-local-time", "write a local date or time of the schedule's zone, for example 2026-12-01T00:00"
    )


def read_days(value: Any) -> str:
    """A date, or two of them with `..` between, the later one last. Raises `invalid-days`."""
    if isinstance(value, str) and re.fullmatch(DAYS_PATTERN, value):
        days = value.split("..")
        if all(_parses(day) for day in days) and date.fromisoformat(days[0]) <= date.fromisoformat(days[-1]):
            return value
    raise PydanticCustomError("invalid-days", "write a date or a range of dates, for example 2026-12-24..2026-12-26")


def read_moment(value: Any) -> str:
    """An RFC 3339 date and time with its offset. Raises `invalid-moment`."""
    if isinstance(value, str) and re.fullmatch(MOMENT_PATTERN, value) and _parses(value.upper()):
        return value
    raise PydanticCustomError(
        "invalid-moment", "write a date and time with its offset (RFC 3339), for example 2026-12-01T00:00:00Z"
    )


def _parses(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


LocalTime = Annotated[str, Parsed(read_local_time, {"type": "string", "pattern": LOCAL_PATTERN})]
Days = Annotated[str, Parsed(read_days, {"type": "string", "pattern": DAYS_PATTERN})]
