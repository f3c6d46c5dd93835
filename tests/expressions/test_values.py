"""The text of a value, and values that survive the way through CEL."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.errors import ExpressionError
from windlass.expressions import evaluate, to_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is ", "as it is "),
        (3, "3"),
        (-(2**63), "-9223372036854775808"),
        (3.0, "3"),
        (2.5, "2.5"),
        (0.1, "0.1"),
        (1e21, "1e+21"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        ([], "[]"),
        ([1, "ü", None, 2.5], '[1,"ü",null,2.5]'),
        ({"a": {"b": True}}, '{"a":{"b":true}}'),
    ],
)
def test_the_text_of_a_value(value: Any, text: str) -> None:
    assert to_text(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_number_is_the_number(value: float) -> None:
    assert float(to_text(value)) == value


@given(JSON)
def test_lists_and_maps_are_json(value: Any) -> None:
    assert json.loads(to_text([value])) == [value]


@given(JSON)
def test_values_come_back_as_they_went(value: Any) -> None:
    assert evaluate("${{ x }}", {"x": value}) == value
    assert evaluate("${{ [x][0] }}", {"x": value}) == value
    assert evaluate("${{ fromJson(toJson(x)) }}", {"x": value}) == value
    assert evaluate("${{ x == x }}", {"x": value}) is True


@pytest.mark.parametrize("value", [[float("nan")], {"a": float("inf")}])
def test_what_json_cannot_hold_has_no_text(value: Any) -> None:
    with pytest.raises(ExpressionError):
        to_text(value)


def test_maps_are_in_the_order_of_their_keys() -> None:
    value = dict.fromkeys("qwertyuiop", 1)
    assert evaluate("${{ toJson(x) }}", {"x": value}) == json.dumps(value, sort_keys=True, separators=(",", ":"))
