"""Hostile expressions, named after their ids in the catalogue of bad input: refused quickly, never a crash.

Each is given to the check and to the evaluation, since a text may reach the second without the first.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from windlass.errors import ExpressionError
from windlass.expressions import Mistake, Scope, Type, check, evaluate, evaluate_bool

LARGE = "x" * 1_000_000
SCOPE = Scope({"inputs.x": Type.STRING, "inputs.s": Type.STRING, "inputs.l": Type.LIST, "inputs.n": Type.INT})
VALUES: dict[str, Any] = {"inputs": {"x": LARGE, "s": "abc", "l": list(range(100_000)), "n": 1}}
HUNDRED = "[" + ",".join(map(str, range(100))) + "]"
WITHIN = 2.0  # seconds of CPU


def refused_by_check(text: str) -> list[Mistake]:
    started = time.process_time()
    mistakes = check(text, SCOPE)
    assert time.process_time() - started < WITHIN
    assert mistakes
    return mistakes


def refused_by_evaluation(text: str) -> str:
    started = time.process_time()
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, VALUES)
    assert time.process_time() - started < WITHIN
    assert len(str(caught.value)) < 1_000
    return str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "''.__class__.__mro__",
        "inputs.x.__class__",
        "inputs|attr('__class__')",
        "'{0.__class__}'.format([inputs.s])",
        "inputs.s.constructor.constructor('return 1')()",
        "inputs['__proto__']",
        "__import__('os').system('id')",
        "inputs.s.toString()",
        "this.process",
    ],
)
def test_e01_e02_there_is_nothing_to_escape_to(source: str) -> None:
    refused_by_check(f"${{{{ {source} }}}}")
    refused_by_evaluation(f"${{{{ {source} }}}}")


def test_e01_a_format_text_reaches_no_attribute() -> None:
    refused_by_evaluation("${{ format('{0.__class__}', inputs.s) }}")


@pytest.mark.parametrize("pattern", ["(a+)+$", "(x+x+)+y", "(x|x|x)*z", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_e04_a_regex_takes_linear_time(pattern: str) -> None:
    started = time.process_time()
    assert evaluate(f"${{{{ inputs.x.matches('{pattern}') }}}}", VALUES) is False
    assert time.process_time() - started < WITHIN


def test_e04_a_regex_that_would_be_huge_is_refused() -> None:
    refused_by_evaluation("${{ inputs.s.matches('(((a{1000}){1000}){1000})') }}")


@pytest.mark.parametrize(
    "text",
    [
        "${{ " + "1" * 1_000_000 + " }}",
        "${{ '" + "a" * 1_000_000 + "' }}",
        "${{ " + "(" * 10_000 + "1" + ")" * 10_000 + " }}",
        "${{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}",
        "${{ " + "[" * 5_000 + "]" * 5_000 + " }}",
        "${{ " + "{'a':" * 100 + "1" + "}" * 100 + " }}",
        "${{ 1" + " + 1" * 3_000 + " }}",
        "${{ inputs.n > 0 ? 1 : " * 1 + "inputs.n > 0 ? 1 : " * 500 + "2 }}",
        "${{ inputs.s" + ".trim()" * 2_000 + " }}",
        "${{ inputs" + ".x" * 5_000 + " }}",
        "${{ inputs.s" + "-s" * 5_000 + " }}",
        "${{ " + "[1].map(x, " * 40 + "x" + ")" * 40 + " }}",
        "${{ inputs.x",
        "${{ 'never closed }}",
        "${{",
        "${{" * 100_000,
        "${{ " + "{" * 1_000_000,
        "${{ " + "'''" * 5_000,
        "${{ " + "9" * 10_000 + " }}",
        "${{ " + " + ".join(f"inputs.a{n}" for n in range(300)) + " }}",
    ],
    ids=lambda text: text[:24],
)
def test_e05_huge_deep_and_unterminated(text: str) -> None:
    refused_by_check(text)
    refused_by_evaluation(text)


@pytest.mark.parametrize("marks", ["!" * 16_000 + "true", "-" * 16_000 + "1"])
def test_e05_a_row_of_signs_is_no_depth(marks: str) -> None:
    assert check(f"${{{{ {marks} }}}}", SCOPE) == []


@pytest.mark.parametrize(
    "source",
    [
        f"{HUNDRED}.map(a, {HUNDRED}.map(b, {HUNDRED}.map(c, 1)))",
        f"{HUNDRED}.all(a, {HUNDRED}.all(b, {HUNDRED}.all(c, inputs.n > 0)))",
        "inputs.l.map(x, x)",
        "inputs.l.exists(x, x < 0)",
        "inputs.l.all(x, inputs.x.contains(string(x)))",
        "[inputs.x].map(x, x + x)" + ".map(x, x + x)" * 12,
        "[inputs.s].map(x, x + x)" + ".map(x, x + x)" * 28,
        "inputs.s" + ".replace('a', 'aaaaaaaaaaaaaaaaaaaaaaaa')" * 12,
        "[" + ", ".join(["inputs.x"] * 1_000) + "]",
        "format('" + "{0}" * 4_000 + "', inputs.x)",
        "inputs.x.split('')",
        "inputs.s.split('').map(x, inputs.x).join(inputs.x).split('').join(inputs.x)",
        "inputs.x.split('x').join(inputs.x)",
        "fromJson('" + "[" * 7_000 + "]" * 7_000 + "')",
    ],
    ids=lambda source: source[:40],
)
def test_e05_what_would_take_too_long_or_too_much_is_refused(source: str) -> None:
    assert "x" * 300 not in refused_by_evaluation(f"${{{{ {source} }}}}")


def test_e05_mixed_text_has_the_same_limit() -> None:
    assert "over 16 MiB" in refused_by_evaluation("${{ inputs.x }}" * 20)


def test_e05_common_loops_are_affordable() -> None:
    commits = [{"id": "a" * 40, "author": {"name": "n"}, "files": ["a", "b"] * 10} for _ in range(300)]
    values = {"event": {"body": {"commits": commits}}}
    lines = evaluate("${{ event.body.commits.map(c, c.id + ' ' + c.author.name).join('\\n') }}", values)
    assert lines.count("\n") == 299
    assert evaluate("${{ event.body.commits.exists(c, c.files.exists(f, f == 'z')) }}", values) is False


@pytest.mark.parametrize("value", ["$(rm -rf ~)", "`id`", "; curl x", "a\nb", "'\"'\"", "${{ inputs.x }}", "}}", "\\"])
def test_e07_a_value_is_data_and_never_read_as_an_expression(value: str) -> None:
    values = {"inputs": {"v": value}}
    assert evaluate("${{ inputs.v }}", values) == value
    assert evaluate("<${{ inputs.v }}>", values) == f"<{value}>"
    assert evaluate("${{ inputs.v + '' }}", values) == value


@pytest.mark.parametrize("text", ["${{ v }}", "${{ v == 'main' }}", "${{ [v] }}", "${{ fromJson(v) }}"])
def test_e08_a_value_with_a_nul_is_refused_and_never_cut_short(text: str) -> None:
    for value in ("main\0evil", {"a": "b\0"}, {"\0": 1}):
        with pytest.raises(ExpressionError, match="NUL"):
            evaluate(text, {"v": value})


def test_e11_an_unset_value_is_an_error_and_a_secret_is_opaque() -> None:
    assert "`steps.a.outputs.x` has no value" in refused_by_evaluation("${{ steps.a.outputs.x }}")
    for place, scope in (("if", SCOPE), ("env", Scope({"secrets.KEY": Type.SECRET}))):
        for source in ("secrets.KEY == 'x'", "secrets.KEY.size() > 0", "secrets.KEY + 'x'", "'a' in secrets"):
            rules = {found.rule for found in check(f"${{{{ {source} }}}}", scope)}
            assert rules & {"secret-not-allowed", "expression-type", "unknown-function"}, (place, source)


@pytest.mark.parametrize("condition", ["false", "true", "", "${{ 'false' }}", "${{ 0 }}", "no ${{ true }}"])
def test_e12_a_text_is_no_condition(condition: str) -> None:
    assert [found.rule for found in check(condition, SCOPE, Type.BOOL)] == ["expression-type"]
    with pytest.raises(ExpressionError):
        evaluate_bool(condition, VALUES)
