"""Values and declarations: every constraint, every reason, text by its type."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.plan.values import ValueMismatchError, fit, from_text, mismatches

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "string"}, "x", 1),
        ({"type": "string", "minLength": 2, "maxLength": 3}, "ab", "abcd"),
        ({"type": "string", "pattern": "^v[0-9]+$"}, "v1", "x"),
        ({"type": "string", "enum": ["a"]}, "a", "b"),
        ({"type": "integer", "minimum": 1, "maximum": 5}, 5, 6),
        ({"type": "integer"}, 3.0, 3.5),
        ({"type": "integer"}, 1, True),
        ({"type": "number"}, 0.5, "0.5"),
        ({"type": "number"}, 1, float("inf")),
        ({"type": "boolean"}, True, 1),
        ({"type": "array", "items": {"type": "integer"}, "maxItems": 2}, [1, 2], [1, 2, 3]),
        ({"type": "array", "items": {"type": "integer"}}, [], ["x"]),
        ({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"a": 1, "b": 2}, {}),
        ({"type": "string", "format": "uri"}, "https://a.example/x", "javascript:alert(1)"),
        ({"type": "string", "format": "email"}, "a@b.example", "a@b@c"),
        ({"type": "string", "format": "date"}, "2026-02-28", "2026-02-30"),
        ({"type": "string", "format": "date-time"}, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00"),
        ({"type": "string", "format": "duration"}, "1h30m", "1 hour"),
        ({"type": "string"}, "é", "a\0b"),
        ({"type": "string"}, "x", "\ud800"),
    ],
)
def test_constraints(schema, good, bad):
    fit(schema, good)
    with pytest.raises(ValueMismatchError):
        fit(schema, bad)


def test_every_reason_has_its_pointer():
    schema = {
        "type": "object",
        "properties": {"a/b": {"type": "integer"}, "l": {"type": "array", "items": {"type": "string"}}},
        "required": ["gone"],
    }
    found = {m.pointer for m in mismatches(schema, {"a/b": "x", "l": ["ok", 1]})}
    assert found == {"/a~1b", "/l/1", "/gone"}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", "007", "007"),
        ("integer", "7", 7),
        ("number", "0.5", 0.5),
        ("boolean", "true", True),
        ("array", '["a"]', ["a"]),
        ("object", '{"a": 1}', {"a": 1}),
    ],
)
def test_text_by_its_type(kind, text, value):
    assert fit({"type": kind}, from_text({"type": kind}, text)) == value


@pytest.mark.parametrize(("kind", "text"), [("integer", "x"), ("boolean", "yes"), ("integer", "true"), ("array", "[")])
def test_text_of_another_type(kind, text):
    with pytest.raises(ValueMismatchError):
        fit({"type": kind}, from_text({"type": kind}, text))


@given(kind=st.sampled_from(["string", "integer", "number", "boolean", "array", "object"]), value=JSON)
def test_any_value_fits_or_says_why(kind, value):
    try:
        assert fit({"type": kind}, value) == value
    except ValueMismatchError as error:
        assert error.mismatches
        json.dumps(str(error))
