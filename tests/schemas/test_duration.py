from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from windlass_schemas.duration import LONGEST, format_duration, parse_duration


@given(st.integers(min_value=0, max_value=LONGEST))
def test_text_and_milliseconds_are_the_same_value(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds)) == milliseconds


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1h30m", 5_400_000),
        ("0s", 0),
        ("250ms", 250),
        ("1m1ms", 60_001),
        ("0.5s", 500),
        ("30m1h", 5_400_000),
        ("90d", 7_776_000_000),
    ],
)
def test_durations(text: str, milliseconds: int) -> None:
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize("text", ["1h30m", "0s", "1d2h3m4s5ms", "26h"])
def test_the_shortest_text(text: str) -> None:
    assert parse_duration(format_duration(parse_duration(text))) == parse_duration(text)
    assert format_duration(parse_duration("90m")) == "1h30m"


@pytest.mark.parametrize(
    "value",
    [
        5, 5.0, True, None, [], {}, "", "5", "-5s", "+5s", "1h 30m", " 1h", "1h\n", "h", "1w", "1H", "٣s", "1e3s",
        "0.1ms", ".5s", "1.s", "36501d", "9" * 200 + "s",
    ],
)  # fmt: skip
def test_what_is_no_duration(value: Any) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse_duration(value)
    assert caught.value.type == "invalid-duration"
