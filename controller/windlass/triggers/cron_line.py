"""A cron line read into numbers, with the place of every mistake.

In: `30 2 * * 1-5`, or six fields with seconds first. Out: `Cron`, or a `CronError` that names the wrong token. Read
here and not by the library because the fine print is stricter (no macros, no `L W # ?`) and because a user needs the
column.

The two day fields: a field is set when it is not `*` (or `*/1`); when both are set, either one fires.
"""

from __future__ import annotations

import calendar
import re
from functools import lru_cache
from typing import NoReturn

from windlass.errors import WindlassError
from windlass.frozen import dataclass

LONGEST = 400  # characters; a line with every value written out is shorter
MACROS = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
SHAPE = "five fields (minute hour day month weekday), or six with seconds first"

_FIELD = re.compile(r"[^ \t\r\n]+")
_TERM = re.compile(r"(?:(?P<all>\*)|(?P<low>[0-9]+|[A-Za-z]+)(?:-(?P<high>[0-9]+|[A-Za-z]+))?)(?:/(?P<step>[0-9]+))?")
# Other programs' signs: `?`, `5#2`, and L or W that is not part of a name.
_SPECIAL = re.compile(r"[?#]|(?<![A-Za-z])[LW](?![A-KM-VX-Z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a line: its name, its bounds, and the English names of its values."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()


PARTS = (
    Part("second", 0, 59),
    Part("minute", 0, 59),
    Part("hour", 0, 23),
    Part("day of month", 1, 31),
    Part("month", 1, 12, tuple(name.upper() for name in calendar.month_abbr[1:])),
    Part("weekday", 0, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")),
)


class CronError(WindlassError):
    """A cron line is wrong. `offset` and `length` count code points from the line's start and cover the wrong token."""

    def __init__(self, message: str, offset: int, length: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.length = length
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Cron:
    """What a line means: the values of each field in order; 0 is Sunday. Equal lines are equal values but for
    `text`."""

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    any_day: bool  # the day of month is `*`
    any_weekday: bool

    @property
    def hourly(self) -> bool:
        """It runs in every hour of the day: its spacing is that of the hour, and no local time is missing from it."""
        return len(self.hours) == 24


@lru_cache(maxsize=4096)
def parse_cron(text: str) -> Cron:
    """Raises CronError. Rules: fine print, "Cron"."""
    fields = [(found.group(), found.start()) for found in _FIELD.finditer(text[: LONGEST + 1])]
    _check_shape(text, fields)
    if len(fields) == 5:
        fields.insert(0, ("0", 0))
    values = [_field(part, *field) for part, field in zip(PARTS, fields, strict=True)]
    seconds, minutes, hours, days, months, weekdays = (found for found, _ in values)
    weekdays = tuple(sorted({day % 7 for day in weekdays}))
    cron = Cron(text, seconds, minutes, hours, days, months, weekdays, values[3][1], values[5][1])
    if cron.any_weekday and days[0] > max(calendar.monthrange(2000, month)[1] for month in months):
        day, offset = fields[3]
        raise CronError("this never fires: none of its months has that day", offset, len(day))
    return cron


def _check_shape(text: str, fields: list[tuple[str, int]]) -> None:
    if len(text) > LONGEST:
        raise CronError(f"a cron line has at most {LONGEST} characters", 0, len(text))
    if not fields:
        raise CronError(f"a cron line has {SHAPE}; this one is empty", 0, len(text))
    first, offset = fields[0]
    if first.startswith("@"):
        plain = MACROS.get(first.lower())
        hint = f'write "{plain}"' if plain else f"write {SHAPE}"
        raise CronError(f"{first[:20]} is not supported: macros are not used here", offset, len(first), hint)
    if len(fields) not in (5, 6):
        end = fields[-1][1] + len(fields[-1][0])
        message = f"a cron line has {SHAPE}; this one has {len(fields)}"
        raise CronError(message, offset, end - offset)


def _field(part: Part, text: str, offset: int) -> tuple[tuple[int, ...], bool]:
    """The values of a field, and whether it is `*`."""
    values: set[int] = set()
    everything = False
    for term in text.split(","):
        found, is_all = _term(part, term, offset)
        values.update(found)
        everything = everything or is_all
        offset += len(term) + 1
    return tuple(sorted(values)), everything


def _term(part: Part, text: str, offset: int) -> tuple[range, bool]:
    match = _TERM.fullmatch(text)
    if match is None:
        _refuse(part, text, offset)
    last = 6 if part.name == "weekday" else part.high  # 7 is a second name of Sunday: it never ends a step
    step = _step(part, match, offset)
    if match["all"]:
        return range(part.low, last + 1, step), step == 1
    low = _value(part, match["low"], offset)
    if match["high"] is None:
        return range(low, max(low, last) + 1 if match["step"] else low + 1, step), False
    high = _value(part, match["high"], offset + match.start("high"))
    if high < low:
        raise _downwards(part, match, offset)
    return range(low, high + 1, step), False


def _step(part: Part, match: re.Match[str], offset: int) -> int:
    written = match["step"]
    if written is None:
        return 1
    size = 7 if part.name == "weekday" else part.high - part.low + 1
    step = int(written)
    if not 1 <= step <= size:
        hint = "write `every:` for spans that the field cannot hold" if step else None
        raise CronError(f"a step of the {part.name} is 1 to {size}", offset + match.start("step"), len(written), hint)
    return step


def _value(part: Part, written: str, offset: int) -> int:
    if written.upper() in part.names:
        return part.names.index(written.upper()) + (1 if part.name == "month" else 0)
    if written.isdigit() and part.low <= int(written) <= part.high:
        return int(written)
    if _SPECIAL.match(written):
        _refuse(part, written, offset)
    bounds = f"{part.low} to {part.high}"
    if written.isdigit():
        raise CronError(f"the {part.name} is {bounds}, not {written[:20]}", offset, len(written))
    near = written[:3].upper()
    hint = f"did you mean {near}?" if near in part.names else None
    names = f" or {part.names[0]} to {part.names[-1]}" if part.names else ""
    raise CronError(f"the {part.name} is {bounds}{names}, not {written[:20]!r}", offset, len(written), hint)


def _downwards(part: Part, match: re.Match[str], offset: int) -> CronError:
    low, high = match["low"], match["high"]
    sunday = part.name == "weekday" and high.upper() in ("0", "SUN")
    hint = (
        f"write {low}-7"
        if sunday
        else f"write {low}-{part.names[-1] if part.names else part.high},{_wrapped(part, high)}"
    )
    return CronError(f"a range goes upwards, {low}-{high} does not", offset, match.end("high"), hint)


def _wrapped(part: Part, high: str) -> str:
    first = part.names[0] if part.names else str(part.low)
    return first if high.upper() == first else f"{first}-{high}"


def _refuse(part: Part, text: str, offset: int) -> NoReturn:
    if not text:
        raise CronError(f"a value of the {part.name} is missing", offset, 1)
    special = _SPECIAL.search(text)
    if special:
        hint = "write * for any day" if special[0] == "?" else None
        raise CronError(f"{special[0]} is not supported in a cron line", offset + special.start(), 1, hint)
    raise CronError(f"{text[:40]!r} is no {part.name}: write *, a number, a range or a step", offset, len(text))
