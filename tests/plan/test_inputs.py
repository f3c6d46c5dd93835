"""Given values against declarations: JSON and texts, defaults, all mistakes at once."""

from __future__ import annotations

from typing import Any

import pytest

from windlass.errors import InputError
from windlass.plan.inputs import parse_inputs
from windlass_schemas.inputs import Input

DECLARED = {
    name: Input.model_validate(declared)
    for name, declared in {
        "environment": {"type": "string", "enum": ["staging", "production"], "default": "staging"},
        "replicas": {"type": "integer", "minimum": 1, "maximum": 50},
        "ratio": {"type": "number", "required": False},
        "debug": {"type": "boolean", "default": False},
        "parts": {"type": "array", "items": {"type": "string", "enum": ["api", "web"]}, "default": ["api"]},
        "options": {
            "type": "object",
            "properties": {"host": {"type": "string"}},
            "required": False,
        },
        "day": {"type": "string", "format": "date", "required": False},
        "token": {"type": "secret", "required": False, "minLength": 4},
        "word": {"type": "string", "pattern": "^(a+)+$", "maxLength": 60, "required": False},
    }.items()
}
ABSENT = {"ratio": None, "options": None, "day": None, "token": None, "word": None}


def refused(values: dict[str, Any], texts: dict[str, str] | None = None) -> dict[str, str]:
    with pytest.raises(InputError) as caught:
        parse_inputs(DECLARED, values, texts=texts)
    return {problem.pointer: problem.message for problem in caught.value.problems}


def test_defaults_and_absent_ones() -> None:
    expected = {"environment": "staging", "replicas": 3, "debug": False, "parts": ["api"], **ABSENT}
    assert parse_inputs(DECLARED, {"replicas": 3}) == expected


def test_texts_are_read_by_the_declared_type_and_win() -> None:
    texts = {"replicas": "3", "debug": "true", "parts": '["web"]', "environment": "production", "ratio": "1.5"}
    found = parse_inputs(DECLARED, {"replicas": 7}, texts=texts)
    assert (found["replicas"], found["debug"], found["parts"], found["ratio"]) == (3, True, ["web"], 1.5)
    assert found["environment"] == "production"


def test_i01_every_mistake_at_once() -> None:
    values = {"replicas": 99, "environment": "prod", "debug": "yes", "parts": ["api", "db"], "extra": 1, "day": 5}
    found = refused(values)
    assert list(found) == ["/extra", "/environment", "/replicas", "/debug", "/parts/1", "/day"]


def test_i01_missing_and_null() -> None:
    assert refused({}) == {"/replicas": "is required"}
    assert list(refused({"replicas": None})) == ["/replicas"]
    assert list(refused({"replicas": 1, "debug": None})) == ["/debug"]
    assert parse_inputs(DECLARED, {"replicas": 1, "ratio": None})["ratio"] is None


@pytest.mark.parametrize("text", ["True", "yes", "1", "", "TRUE"])
def test_booleans_are_only_true_and_false(text: str) -> None:
    assert list(refused({}, {"replicas": "1", "debug": text})) == ["/debug"]


@pytest.mark.parametrize("value", [True, 1.5, "3", [3], float("nan")])
def test_what_is_no_integer(value: Any) -> None:
    assert list(refused({"replicas": value})) == ["/replicas"]


def test_i03_nul_and_half_surrogates_are_refused() -> None:
    for text in ("a\0b", "\ud800"):
        assert list(refused({"replicas": 1, "word": text})) == ["/word"]


@pytest.mark.parametrize("value", ["--help", "-rf", "$(rm -rf ~)", "; curl x", "a\nb", "`x`"])
def test_i04_a_value_is_only_data(value: str) -> None:
    declared = {"name": Input.model_validate({"type": "string"})}
    assert parse_inputs(declared, {"name": value}) == {"name": value}


def test_e04_a_pattern_cannot_hang() -> None:
    assert list(refused({"replicas": 1, "word": "a" * 50 + "!"})) == ["/word"]


def test_a_pointer_is_escaped() -> None:
    assert list(refused({"replicas": 1, "a/b": "x", "options": {"host": 1}})) == ["/a~1b", "/options/host"]


def test_no_message_repeats_a_secret() -> None:
    for value in (123456789, "abc", ["hunter2"]):
        assert str(value) not in str(refused({"replicas": 1, "token": value}))


def test_i02_ten_thousand_values_get_one_sentence() -> None:
    assert list(refused({f"x{n}": 1 for n in range(10_000)})) == [""]


def test_an_unknown_name_gets_the_nearest() -> None:
    assert refused({"replicas": 1, "replica": 2}) == {"/replica": "there is no such input; did you mean replicas?"}


HIDING = {
    name: Input.model_validate(declared)
    for name, declared in {
        "parts": {"type": "array", "items": {"type": "string"}, "default": ["api"]},
        "day": {"type": "string", "format": "date", "showIf": "${{ 'web' in inputs.parts }}"},
        "hour": {"type": "integer", "showIf": "${{ inputs.day != null }}"},
        "broken": {"type": "string", "showIf": "${{ inputs.parts[7] == 'x' }}", "required": False},
    }.items()
}


def test_an_input_that_is_hidden_need_not_be_given() -> None:
    assert parse_inputs(HIDING, {}) == {"parts": ["api"], "day": None, "hour": None, "broken": None}
    assert parse_inputs(HIDING, {"day": None})["day"] is None


def test_an_input_that_is_shown_is_required() -> None:
    with pytest.raises(InputError) as caught:
        parse_inputs(HIDING, {"parts": ["web"], "day": None})
    assert [(p.pointer, p.message) for p in caught.value.problems] == [("/day", "is required")]
    with pytest.raises(InputError) as caught:
        parse_inputs(HIDING, {"parts": ["web"], "day": "2026-12-01"})
    assert [(p.pointer, p.message) for p in caught.value.problems] == [("/hour", "is required")]


def test_a_value_for_a_hidden_input_is_taken_and_checked() -> None:
    assert parse_inputs(HIDING, {"day": "2026-12-01", "hour": 3})["day"] == "2026-12-01"
    with pytest.raises(InputError):
        parse_inputs(HIDING, {"day": "tomorrow", "hour": 3})


FILE = {"notes": Input.model_validate({"type": "file"})}


def test_a_file_is_its_text() -> None:
    assert parse_inputs(FILE, {}, texts={"notes": "one\ntwo"}) == {"notes": "one\ntwo"}
    assert parse_inputs(FILE, {"notes": "x" * (1 << 20)})["notes"].startswith("xx")


@pytest.mark.parametrize("value", ["x" * (1 << 20) + "x", "é" * (1 << 19) + "x", {"path": "a"}, 5, "a\0b", None])
def test_what_is_no_file(value: Any) -> None:
    with pytest.raises(InputError) as caught:
        parse_inputs(FILE, {"notes": value})
    assert [problem.pointer for problem in caught.value.problems] == ["/notes"]
