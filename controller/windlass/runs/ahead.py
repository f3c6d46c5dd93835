"""What a run may still come to: steps inside of nested workflows and items of loops that have not begun.

In: the frozen plan and the steps that are listed. Out: whether a name that is not among them can still begin. Such a
step is no unknown one: its log is empty until it begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.plan.uses import is_workflow, target_of
from windlass.runs.model import StepKey
from windlass.runs.nesting import enclosing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.plan.model import Plan
    from windlass.runs.model import Step

    Declared = dict[str, tuple[bool, str | None]]  # by name: is it a loop; the workflow it uses


def lies_ahead(plan: Plan, steps: Mapping[StepKey, Step], wanted: StepKey) -> bool:
    """`wanted` is none of `steps`; false when it is not declared, or what it is part of is over."""
    above = enclosing(wanted.path)
    planned = {**plan.steps, **plan.finally_}
    declared: Declared = {
        name: (step.loop is not None, step.nested.target if step.nested is not None else None)
        for name, step in planned.items()
    }
    for key in (*above, wanted):
        looped, target = declared.get(key.path.rpartition("/")[2], (None, None))
        if looped is None or (key.item and not looped) or (looped and not key.item and key is not wanted):
            return False
        known = steps.get(key) or steps.get(StepKey(key.path))
        if known is not None and known.status.terminal:
            return False
        declared = _inside(plan, target)
    return True


def _inside(plan: Plan, target: str | None) -> Declared:
    used = plan.uses.get(target) if target is not None else None
    if used is None:
        return {}
    items = (*used.workflow.step_items(), *used.workflow.finally_items())
    return {
        item.name: (
            item.step.for_each is not None or item.step.matrix is not None,
            target_of(item.step.uses, used.library) if item.step.uses and is_workflow(item.step.uses) else None,
        )
        for item in items
    }
