"""A planned step as one step or item has it: with the late values that it began with.

In: a plan and a step's state. Out: a PlannedStep; what `late.settle` put into `Step.detail` stands in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.plan.late import settled

if TYPE_CHECKING:
    from windlass.plan.model import Plan, PlannedStep
    from windlass.runs.model import Step

DETAIL = "late"


def settled_step(plan: Plan, step: Step) -> PlannedStep:
    planned = plan.step(step.key.path)
    return settled(planned, step.detail.get(DETAIL)) if planned.late else planned


def forgiven_item(step: Step) -> bool:
    """An item of a loop whose own `continueOnError` came out true: its failure is nobody else's."""
    return bool(step.detail.get(DETAIL, {}).get("continue_on_error"))
