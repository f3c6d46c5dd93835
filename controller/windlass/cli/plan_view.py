"""`--dry-run`: the plan as people or programs read it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from windlass.plan.codec import to_object
from windlass.plan.duration import for_people

if TYPE_CHECKING:
    from windlass.plan.model import Plan, PlannedStep


def print_plan(plan: Plan, how: str) -> None:
    if how == "json":
        print(json.dumps({**to_object(plan), "order": {"steps": list(plan.steps), "finally": list(plan.finally_)}}))
        return
    print(f"{plan.repository}/{plan.workflow} at {plan.commit or 'no commit'}")
    for name, value in plan.inputs.items():
        shown = "***" if name in plan.secret_inputs else json.dumps(value, ensure_ascii=False)
        print(f"  input {name} = {shown}")
    for step in plan.steps.values():
        print(_line(step))
    for step in plan.finally_.values():
        print(_line(step) + "  (finally)")


def _line(step: PlannedStep) -> str:
    words = [f"  {step.name}"]
    if step.needs:
        words.append(f"after {', '.join(step.needs)}")
    if step.condition is not None:
        words.append(f"if {step.condition}")
    if step.timeout is not None:
        words.append(f"timeout {for_people(step.timeout)}")
    if step.retry.attempts > 1:
        words.append(f"up to {step.retry.attempts} attempts")
    return "  ".join(words)
