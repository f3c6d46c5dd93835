"""What an environment asks of a run before it begins: the branch that it comes from, and people who agree.

In: the environment that a workflow picks, the branch of its commit. Out: why the run is refused, or the step that every
other one waits for. Both are part of the frozen plan, so that a change of windlass.yaml changes nothing that waits.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.patterns import allows
from windlass.plan.approval import planned_approval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.plan.model import Plan, PlannedStep
    from windlass_schemas.repository import Protection

GATE = "environment-approval"  # the step's name; loading keeps it free


def refusal_of(environment: str, protection: Protection | None, branch: str | None) -> str | None:
    """Why a run from this branch may not use the environment; None when it may. `branch` None: of none."""
    if protection is None or not protection.branches:
        return None
    if branch is not None and allows(protection.branches, branch):
        return None
    rule = f"environment {environment} takes runs from the branches {', '.join(protection.branches)} only"
    return f"{rule}, and this is {f'from {branch}' if branch is not None else 'from no branch'}"


def gated(
    steps: Mapping[str, PlannedStep], workflow: str, environment: str, protection: Protection | None
) -> dict[str, PlannedStep]:
    """The steps behind an approval, when the environment wants one: those that wait for nothing wait for it."""
    if protection is None or protection.approval is None:
        return dict(steps)
    from windlass.plan.model import PlannedStep  # loading asks for GATE, and makes no plan

    approval = planned_approval(protection.approval)
    if approval.message is None:
        approval = replace(approval, message=f"Let {workflow} run in {environment}?")
    gate = PlannedStep(name=GATE, section="steps", approval=approval)
    return {GATE: gate, **{name: step if step.needs else replace(step, needs=(GATE,)) for name, step in steps.items()}}


def unprotected(plan: Plan) -> Plan:
    """The plan without its environment's protection, for who plays a run through and executes nothing."""
    steps = {
        name: replace(step, needs=tuple(need for need in step.needs if need != GATE))
        for name, step in plan.steps.items()
        if name != GATE
    }
    return replace(plan, steps=steps, refusal=None)
