"""Protected environments: which branches they take, and the approval that stands before all steps."""

from __future__ import annotations

import pytest

from windlass.plan.codec import from_bytes, to_bytes
from windlass.plan.protection import GATE

STEPS = """environment: ${{ inputs.to }}
steps: {a: {run: x}, b: {run: x, needs: [a]}, c: {run: x}}
finally: {z: {run: x}}
"""
SETTINGS = """environments:
  production: {protection: {branches: [main, "release/*", "!release/old"], approval: {by: ["group:ops"], timeout: 1h}}}
  staging: {protection: {branches: []}}
  free: {}
"""


@pytest.mark.parametrize(
    ("to", "branch", "refused"),
    [
        ("production", "main", False),
        ("production", "release/1", False),
        ("production", "release/1/2", True),
        ("production", "release/old", True),
        ("production", "dev", True),
        ("production", None, True),
        ("staging", "dev", False),
        ("free", None, False),
    ],
)
def test_branches(plan, to, branch, refused):
    made = plan(STEPS, SETTINGS, inputs={"to": to}, branch=branch)
    assert (made.refusal is not None) is refused
    if refused:
        told = (
            "environment production takes runs from the branches main, release/*, !release/old only, and this is from "
        )
        assert made.refusal == told + (branch or "no branch")


def test_the_approval_stands_before_all_steps(plan):
    made = plan(STEPS, SETTINGS, inputs={"to": "production"}, branch="main")
    assert {name: step.needs for name, step in made.steps.items()} == {
        GATE: (), "a": (GATE,), "b": ("a",), "c": (GATE,),
    }  # fmt: skip
    gate = made.steps[GATE].approval
    assert (gate.by, gate.timeout, gate.message) == (("group:ops",), 3_600_000, "Let deploy run in production?")
    assert made.finally_["z"].needs == ()
    assert from_bytes(to_bytes(made)) == made


def test_no_approval_no_step(plan):
    assert GATE not in plan(STEPS, SETTINGS, inputs={"to": "free"}).steps
