"""std/echo, std/format and std/transform: values in, text out, whatever is in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from pathlib import Path

    from tests.actions_library.conftest import Act

NASTY = "a\"b\\c\n${HOME} {{x}} : - # ü 'yes'"
MIB = 1 << 20


@pytest.mark.parametrize("text", ["hello", "", "a=b\nEND\n{", NASTY, "ä" * 100_000, "x" * MIB])
def test_an_echo_is_the_text(act: Act, text: str) -> None:
    done = act("echo", text=text)
    assert (done.code, done.outputs) == (0, {"text": text})
    assert done.log == text + "\n"


def test_an_echo_that_no_output_holds(act: Act) -> None:
    assert "longer than 1 MiB" in act("echo", text="x" * (MIB + 1)).said


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("a {{ x }} b {{y.z.1}}", {"x": 1, "y": {"z": [0, "two"]}}, "a 1 b two"),
        ("{{x}}{{ y }}{{z}}", {"x": None, "y": True, "z": {"a": ["ä"]}}, 'true{"a":["ä"]}'),
        ("{{#l}}<{{.}}>{{/l}}{{^l}}none{{/l}}", {"l": [1, "b"]}, "<1><b>"),
        ("{{#l}}<{{.}}>{{/l}}{{^l}}none{{/l}}", {"l": []}, "none"),
        ("{{#on}}yes{{/on}}{{^on}}no{{/on}}", {"on": 0}, "yes"),
        ("{{#on}}yes{{/on}}{{^on}}no{{/on}}", {"on": False}, "no"),
        ("{{#a}}{{b}}{{c}}{{/a}}", {"a": {"b": 1}, "c": 2}, "12"),
        ("x{{! a\nremark }}y", {}, "xy"),
        ("- a\n  {{#l}}\n- {{n}}\n  {{/l}}\n- z\n", {"l": [{"n": 1}, {"n": 2}]}, "- a\n- 1\n- 2\n- z\n"),
        ("{{x}}", {"x": NASTY}, NASTY),
        ("", {}, ""),
    ],
)
def test_a_template(act: Act, template: str, values: dict[str, Any], text: str) -> None:
    done = act("format", template=template, values=values)
    assert (done.code, done.outputs) == (0, {"text": text}), done.log


@pytest.mark.parametrize("to", ["json", "yaml"])
def test_no_value_breaks_a_document(act: Act, to: str) -> None:
    values = {"nasty": NASTY, "list": [None, 1.5, "yes"], "no": "no", "empty": {}, "deep": {"a b": [{"x": []}, ["-"]]}}
    plain = act("format", to=to, values=values)
    assert yaml.safe_load(plain.outputs["text"]) == values
    made = act("format", to=to, values=values, template='{"a": {{ nasty }}, "b": {{list}}, "c": {{deep}}}')
    assert yaml.safe_load(made.outputs["text"]) == {"a": NASTY, "b": values["list"], "c": values["deep"]}
    if to == "json":
        assert json.loads(plain.outputs["text"]) == values


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"template": "{{ nam }}", "values": {"name": 1}}, "there is no 'nam' in values; known here: name"),
        ({"template": "{{ a.5 }}", "values": {"a": [1]}}, "there is no 'a.5' in values"),
        ({"template": "{{#a}}x", "values": {"a": 1}}, "{{#a}} is not closed"),
        ({"template": "a\n{{#a}}{{/b}}", "values": {"a": 1}}, "{{/b}} closes nothing, line 2"),
        ({"template": "{{#a}}" * 51 + "{{/a}}" * 51, "values": {"a": 1}}, "more than 50 deep"),
        ({"template": "{{#a}}{{#a}}{{#a}}{{x}}{{/a}}{{/a}}{{/a}}", "values": {"a": [1] * 100, "x": "y" * 10}}, "1 MiB"),
        ({"template": '{"a": "{{ b }}"}', "to": "json", "values": {"b": "c"}}, "the result is no JSON"),
        ({"to": "text"}, "needs a template"),
        ({"template": "x", "save": "../x"}, "leads out of the working directory"),
        ({"template": "x", "save": "there/x"}, "save: there/x: "),
    ],
)
def test_what_cannot_be_formatted(act: Act, tmp_path: Path, given: dict[str, Any], said: str) -> None:
    (act.folder / "there").write_text("a file")
    assert said in act("format", **given).said
    assert not (tmp_path / "x").exists()


def test_the_result_is_saved(act: Act) -> None:
    act("format", template="ü", save="a/b.txt")
    assert (act.folder / "a/b.txt").read_text() == "ü"


@pytest.mark.parametrize(
    ("program", "given", "result"),
    [
        (".a[1:] | map(. * 2)", {"data": '{"a": [1, 2, 3]}'}, "[4,6]"),
        (".[]", {"data": "[1, {}]"}, "1\n{}"),
        (".x # a remark", {"data": '{"x": "ü\\n"}'}, '"ü\\n"'),
        (".", {"data": '"ü\\n"', "raw": True}, "ü\n"),
        (
            "[$name, $list[0]]",
            {"data": "0", "values": {"name": NASTY, "list": [1]}},
            json.dumps([NASTY, 1], ensure_ascii=False, separators=(",", ":")),
        ),
        ("def f: 1; f", {"data": "0"}, "1"),
        ("env.INPUT_PROGRAM, env.SECRET", {"data": "0", "env": {"SECRET": "s"}}, "null\nnull"),
        ("-1", {"data": "0"}, "-1"),
        ("length", {"data": json.dumps(["x" * 100] * 5000)}, "5000"),
        ("empty", {"data": "0"}, ""),
    ],
)
def test_a_program_of_jq(act: Act, program: str, given: dict[str, Any], result: str) -> None:
    done = act("transform", program=program, **given)
    assert (done.code, done.outputs) == (0, {"result": result}), done.log


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"data": "{", "program": "."}, "data is no JSON: "),
        ({"data": "0", "program": ".["}, "syntax error"),
        ({"data": "0", "program": ".a"}, "Cannot index number"),
        ({"data": "0", "program": "$x"}, "x is not defined"),
        ({"data": "0", "program": "1", "values": {"a b": 1}}, "'a b' is no name"),
        ({"data": "0", "program": "range(10000000)"}, "longer than 1 MiB"),
    ],
)
def test_a_program_that_fails(act: Act, given: dict[str, Any], said: str) -> None:
    done = act("transform", **given)
    assert said in done.said
    assert done.outputs == {}
