"""Durations: `1h30m` to milliseconds and back (fine print, "Durations").

In: one or more of `<number><ms|s|m|h|d>`. Out: whole milliseconds. A number without a unit is refused: `5`
means minutes in one tool and seconds in the next.
"""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

from pydantic_core import PydanticCustomError

from windlass_schemas.written import Parsed

DURATION_PATTERN = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$"
UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
LONGEST = 36_500 * UNITS["d"]  # a hundred years: fits every clock and column it will ever stand in

_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")


def parse_duration(value: Any) -> int:
    """Milliseconds. Raises PydanticCustomError `invalid-duration`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise PydanticCustomError("invalid-duration", "a duration needs a unit, for example 30s, 10m or 1h30m")
    return _milliseconds(value if isinstance(value, str) else "")


@lru_cache(maxsize=1024)  # durations repeat over files
def _milliseconds(value: str) -> int:
    if len(value) > 100 or not re.fullmatch(DURATION_PATTERN, value):
        raise PydanticCustomError(
            "invalid-duration", "a duration is one or more of number and unit (ms, s, m, h, d), for example 1h30m"
        )
    total = sum(Decimal(number) * UNITS[unit] for number, unit in _PART.findall(value))
    if total != int(total):
        raise PydanticCustomError("invalid-duration", "a duration is a whole number of milliseconds")
    if total > LONGEST:
        raise PydanticCustomError("invalid-duration", "a duration is at most 36500d")
    return int(total)


def format_duration(milliseconds: int) -> str:
    """The shortest text that `parse_duration` reads as the same value: 5_400_000 is `1h30m`, 0 is `0s`."""
    parts = []
    for unit, size in UNITS.items():
        count, milliseconds = divmod(milliseconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


DURATION_JSON = {"type": "string", "pattern": DURATION_PATTERN, "examples": ["30s", "10m", "1h30m"]}
Duration = Annotated[int, Parsed(parse_duration, DURATION_JSON)]
