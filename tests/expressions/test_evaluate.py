"""Values of texts at run time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from windlass.errors import ExpressionError
from windlass.expressions import evaluate, evaluate_bool

VALUES: dict[str, Any] = {
    "inputs": {"replicas": 2, "a": 5, "b": 2, "my-flag": True, "note": None, "parts": ["api", "web"], "ratio": 2.5},
    "steps": {"build-image": {"status": "succeeded", "outputs": {"tag": "v1", "count": 7}}},
    "event": {"body": {"ref": "refs/heads/main", "list": [{"id": 1}, {"id": 2}], "a-b": 1}, "headers": {"x-by": "me"}},
    "item": {"key": "eu", "value": (1, 2)},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("${{ inputs.replicas }}", 2),
        (" ${{ inputs.replicas }}\n", 2),
        ("n=${{ inputs.replicas }}", "n=2"),
        ("${{ inputs.note }}", None),
        ("[${{ inputs.note }}|${{ inputs.ratio }}|${{ true }}|${{ inputs.parts }}]", '[|2.5|true|["api","web"]]'),
        ("${{ inputs.replicas + 1 }}", 3),
        ("${{ inputs.a-b }}", "missing"),
        ("${{ inputs.a-1 }}", 4),
        ("${{ inputs.a - inputs.b }}", 3),
        ("${{ inputs.my-flag }}", True),
        ("${{ inputs.my-flag && inputs['my-flag'] }}", True),
        ("${{ steps.build-image.outputs.tag + '!' }}", "v1!"),
        ("${{ steps.build-image.outputs.count-1 }}", 6),
        ("${{ event.headers['x-by'] }}", "me"),
        ("${{ event.body['a-b'] }}", 1),
        ("${{ event.body.list[1].id }}", 2),
        ("${{ event.body.list.map(x, x.id * 2) }}", [2, 4]),
        ("${{ item.value }}", [1, 2]),
        ("${{ toJson(item) }}", '{"key":"eu","value":[1,2]}'),
        ("${{ has(event.body.ref) }}", True),
        ("${{ has(event.body.nope) }}", False),
        ("${{ has(event.body.nope.deeper) }}", False),
        ("${{ has(steps.build-image.outputs.not-there) }}", False),
        ("${{ true || event.nope == 1 }}", True),
        ("${{ inputs.note == null ? 'none' : inputs.note }}", "none"),
        ("${{ fromJson('{\"a\": [1, 2.5, null]}').a }}", [1, 2.5, None]),
        ("${{ format('{0} of {1}, {{{0}}}', 1.0, inputs.parts) }}", '1 of ["api","web"], {1}'),
        ("${{ 'a,b,c'.split(',', 2) }}", ["a", "b,c"]),
        ("${{ 'abc'.split('') }}", ["a", "b", "c"]),
        ("${{ 'a-b'.replace('-', '_').upperAscii() }}", "A_B"),
        ("${{ 'aaa'.replace('a', 'b', 2) }}", "bba"),
        ("${{ ''.replace('', 'x') }}", "x"),
        ("${{ inputs.parts.join('+') }}", "api+web"),
        ("${{ timestamp('2026-11-21T05:10:00Z') + duration('1h') }}", "2026-11-21T06:10:00.000Z"),
        ("${{ duration('90m') }}", "5400s"),
        ("${{ duration('-1.25s') }}", "-1.25s"),
        ("${{ 'inputs.replicas' }}", "inputs.replicas"),
        ("${{ ['success()', \"}}\"].size() }}", 2),
        ("${{ size(inputs.parts) == 2 && type(inputs.ratio) == double }}", True),
        ("${{ [1, 2].map(inputs, inputs + 1) }}", [2, 3]),
        ("${{ inputs.replicas\n  > 1 }}", True),
    ],
)
def test_values(text: str, value: Any) -> None:
    values = VALUES if value != "missing" else {"inputs": {"a": 1, "a-b": "missing"}}
    result = evaluate(text, values)
    assert (result, type(result)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("${{ inputs.nope }}", "`inputs.nope` has no value"),
        ("${{ inputs.nope + 1 }}", "`inputs.nope` has no value"),
        ("${{ steps.gone.outputs.x }}", "there is no `steps.gone`"),
        ("${{ steps.build-image.outputs.not-there }}", "`steps.build-image.outputs.not-there` has no value"),
        ("${{ inputs.note.x }}", "`inputs.note` is null"),
        ("${{ inputs.parts.x == 1 }}", "`inputs.parts` is a list"),
        ("${{ event.body.list[0].nope }}", 'there is no key "nope"'),
        ("${{ event.body.list[9] }}", "there is no item 9 in a list of 2"),
        ("${{ 'a' + 1 }}", "`+` does not take (string, int)"),
        ("${{ inputs.parts + 1 }}", "`+` does not take (list, int64)"),
        ("${{ 1 / 0 }}", "divide by zero"),
        ("${{ 9223372036854775807 + inputs.a }}", "integer overflow"),
        ("${{ success() }}", "success() cannot be used here"),
        ("${{ hashFiles('x') }}", "hashFiles() cannot be used here"),
        ("${{ system('x') }}", "there is no function `system`"),
        ("${{ fromJson('{') }}", "not JSON at character 2"),
        ("${{ fromJson('NaN') }}", "not JSON"),
        ("${{ fromJson('99999999999999999999') }}", "64 bits"),
        ("${{ format('{1}', 1) }}", "nothing to put in place of `{1}`"),
        ("${{ [1].map(x, dyn(x)).join('') }}", "join() takes a list of texts"),
        ("${{ {1: 2} }}", "keys of a map must be texts"),
        ("${{ type(1) }}", "no plain value"),
        ("${{ (1 }}", "never closed"),
        ("${{ 1", "never closed"),
    ],
)
def test_what_cannot_be_evaluated_says_which_expression_and_why(text: str, says: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, VALUES)
    message = str(caught.value)
    assert says in message
    assert text.removeprefix("${{ ").removesuffix(" }}") in message
    assert "\n" not in message


def test_a_missing_value_does_not_show_the_values_that_are_there() -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate("${{ int(inputs.password) }}", {"inputs": {"password": "hunter2"}})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [2**63, -(2**63) - 1, "\ud800", {1: 2}, [object()], {"a": {2**70}}],
)
@pytest.mark.parametrize("text", ["${{ x }}", "${{ x == 1 }}", "${{ [x] }}"])
def test_values_that_no_expression_can_hold_are_refused(value: Any, text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, {"x": value})


def test_a_value_handed_out_is_a_copy() -> None:
    values = {"inputs": {"list": [{"a": 1}]}}
    evaluate("${{ inputs.list }}", values)[0]["a"] = 2
    assert values == {"inputs": {"list": [{"a": 1}]}}


def test_given_functions_are_called_with_their_arguments() -> None:
    given = {"hashFiles": lambda *globs: "+".join(globs), "now": lambda: "2026", "failure": lambda: True}
    assert evaluate("${{ hashFiles('a', inputs.parts[0]) + now() }}", VALUES, given) == "a+api2026"
    assert evaluate("${{ failure() && true }}", VALUES, given) is True


def test_a_given_function_may_evaluate_in_turn() -> None:
    given = {"hashFiles": lambda _: evaluate("${{ format('{0}', 'inner') }}", {})}
    assert evaluate("${{ hashFiles('a') + format('{0}', 'outer') }}", VALUES, given) == "innerouter"


def test_a_failing_function_is_an_expression_error() -> None:
    def fails(*_: str) -> str:
        raise ExpressionError("no such commit")

    with pytest.raises(ExpressionError, match="no such commit"):
        evaluate("${{ hashFiles('a') }}", VALUES, {"hashFiles": fails})


@pytest.mark.parametrize(("condition", "value"), [(True, True), (False, False), ("${{ inputs.a > 3 }}", True)])
def test_a_condition_is_a_boolean(condition: str | bool, value: bool) -> None:
    assert evaluate_bool(condition, VALUES) is value


@pytest.mark.parametrize("condition", ["true", "${{ 'true' }}", "${{ 1 }}", "${{ inputs.note }}", "x ${{ true }}"])
def test_nothing_else_is_a_condition(condition: str) -> None:
    with pytest.raises(ExpressionError, match="true or false is needed"):
        evaluate_bool(condition, VALUES)


def test_many_threads_evaluate_at_once() -> None:
    barrier = threading.Barrier(8)

    def work(number: int) -> list[Any]:
        barrier.wait()
        text = "${{ format('{0}-{1}', hashFiles('x'), inputs.n) + string(inputs.n + %d) }}"
        return [
            evaluate(text % (round_ % 7), {"inputs": {"n": number}}, {"hashFiles": lambda _: f"h{number}"})
            for round_ in range(200)
        ]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(8)))
    for number, found in enumerate(results):
        assert found == [f"h{number}-{number}{number + round_ % 7}" for round_ in range(200)]
