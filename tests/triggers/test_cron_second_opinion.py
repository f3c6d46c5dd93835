"""Lines that hypothesis writes, read by croniter too: the same firings where no clock changes.

Left out because croniter 7 means something else: a step on one number (`5/10`), a weekday 7, `2-2`, a step in a day
field.
"""

from __future__ import annotations

from datetime import UTC, datetime

from croniter import croniter
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from windlass.triggers.cron import CronError, next_after, parse_cron


def term(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    span = st.tuples(number, number).filter(lambda ends: ends[0] != ends[1]).map(sorted)
    step = st.integers(1, (high - low) // 2)
    return st.one_of(
        number.map(str),
        span.map(lambda ends: f"{ends[0]}-{ends[1]}"),
        st.tuples(span, step).map(lambda got: f"{got[0][0]}-{got[0][1]}/{got[1]}"),
    )


def field(low: int, high: int) -> st.SearchStrategy[str]:
    listed = st.lists(term(low, high), min_size=1, max_size=3).map(",".join)
    steps = st.integers(1, (high - low) // 2).map(lambda step: f"*/{step}")
    return st.one_of(st.just("*"), listed, steps)


def plain_day(low: int, high: int) -> st.SearchStrategy[str]:
    return st.one_of(st.just("*"), st.lists(term(low, high), min_size=1, max_size=3).map(",".join))


FIVE = st.tuples(field(0, 59), field(0, 23), plain_day(1, 31), field(1, 12), plain_day(0, 6)).map(" ".join)
SIX = st.tuples(field(0, 59), FIVE).map(" ".join)
MOMENTS = st.integers(1_577_836_800, 2_082_758_399)  # 2020 to 2035


def compare(line: str, start: int) -> None:
    try:
        cron = parse_cron(line)
    except CronError as error:
        assume("never fires" not in str(error))
        raise
    other = croniter(line, datetime.fromtimestamp(start, UTC), second_at_beginning=len(line.split()) == 6)
    at = start * 1000
    for _ in range(5):
        at = next_after(cron, "UTC", at)
        theirs = other.get_next(datetime)
        assert datetime.fromtimestamp(at / 1000, UTC) == theirs, line


@settings(max_examples=150, deadline=None)
@given(FIVE, MOMENTS)
def test_five_fields_as_croniter_reads_them(line: str, start: int) -> None:
    compare(line, start)


@settings(max_examples=60, deadline=None)
@given(SIX, MOMENTS)
def test_six_fields_as_croniter_reads_them(line: str, start: int) -> None:
    compare(line, start)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="0123456789*/-,LW#?@ \tMONJANmonx\x00é", max_size=30))
def test_any_text_is_a_line_or_one_clean_error(text: str) -> None:
    try:
        cron = parse_cron(text)
    except CronError as error:
        assert 0 <= error.offset <= len(text)
        assert error.offset + error.length <= max(len(text), 1)
    else:
        next_after(cron, "Europe/Berlin", 0)
