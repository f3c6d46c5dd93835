"""Which approvals a run may come to, told from its plan alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from windlass.plan.approval import Approval
from windlass.plan.model import Nested
from windlass.plan.uses import Used
from windlass.runs.asking import approvals_of

INNER = {
    "apiVersion": "windlass.dev/v1",
    "kind": "Workflow",
    "metadata": {"name": "inner"},
    "inputs": {"to": {"type": "string"}},
    "steps": {
        "ask": {"if": "${{ inputs.to == 'production' }}", "approval": {}},
        "go": {"needs": ["ask"], "run": "true"},
    },
}


def asked(make_plan, *steps, to="production", **changes):
    uses = {"./workflows/inner.yaml": Used("Workflow", INNER, "workflows/inner.yaml")}
    plan = make_plan(*steps, uses=uses)
    plan = replace(plan, inputs={"to": to})
    return list(approvals_of(plan, **changes))


@pytest.mark.parametrize(
    ("condition", "to", "expected"),
    [
        (None, "production", ["ask"]),
        ("${{ inputs.to == 'production' }}", "production", ["ask"]),
        ("${{ inputs.to == 'production' }}", "staging", []),
        ("${{ steps.build.outputs.go }}", "staging", ["ask"]),
        ("${{ failure() }}", "staging", ["ask"]),
        ("${{ inputs.nothing }}", "staging", ["ask"]),
        (False, "production", []),
    ],
)
def test_what_the_inputs_rule_out_is_left_out(make_plan, make_step, condition, to, expected):
    ask = make_step("ask", "build", approval=Approval(), condition=condition)
    assert asked(make_plan, make_step("build"), ask, to=to) == expected


def test_of_finally_and_what_has_ended(make_plan, make_step):
    steps = (make_step("ask", approval=Approval()), make_step("last", section="finally", approval=Approval()))
    assert asked(make_plan, *steps) == ["ask", "last"]
    assert asked(make_plan, *steps, ended=frozenset({"ask"})) == ["last"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${{ inputs.to }}", ["outer/ask"]),
        ("staging", []),
        ("${{ steps.build.outputs.to }}", ["outer/ask"]),
    ],
)
def test_of_nested_workflows(make_plan, make_step, value, expected):
    outer = make_step("outer", "build", nested=Nested("./workflows/inner.yaml", {"to": value}))
    assert asked(make_plan, make_step("build"), outer) == expected
