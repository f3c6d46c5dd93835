"""A nested workflow that failed goes on where it stood: what succeeded in it is kept, as in the run around it.

In: the plan, the ended step that used the workflow, and the steps of the old run. Out: that step as running, with a
head below it that begins anew, and its inner steps; or nothing, and then it begins from its start.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.errors import ExpressionError
from windlass.runs.model import Status, Step, StepKey
from windlass.runs.nesting import DETAIL, leads_to, placed, plan_below, restarted, segment
from windlass.runs.state import new_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from windlass.plan.model import Plan

    # (plan, steps) -> the steps that are kept
    Keep = Callable[[Plan, list[Step]], list[Step]]


def resumed(plan: Plan, step: Step, found: Iterable[Step], keep: Keep) -> list[Step]:
    """The step, or an item, and what is below it. Empty when nothing below is kept, or when it has to wait for a place
    in a concurrency group again."""
    planned, kept = plan.step(step.key.path), step.detail.get(DETAIL)
    if planned.nested is None or kept is None or planned.concurrency is not None:
        return []
    try:
        below = plan_below(plan, planned.nested, kept["inputs"])
    except ExpressionError:
        return []
    name = segment(step.key)
    inner = [
        replace(one, key=StepKey(one.key.path[len(name) + 1 :], one.key.item))
        for one in found
        if leads_to(one.key.path) == name
    ]
    stays = {one.key: one for one in keep(below, inner)}
    if below.concurrency is not None or not any(one.status is Status.SUCCEEDED for one in stays.values()):
        return []
    own = [stays.pop(one.key, one) for one in new_steps(below)]
    outer = Step(step.key, Status.RUNNING, detail={**_begun(step), DETAIL: restarted(kept)})
    return [outer, *(_above(name, one) for one in (*own, *stays.values()))]


def _begun(step: Step) -> dict[str, object]:
    """What the step began with; not that it was told to stop."""
    return {name: value for name, value in step.detail.items() if name == "late"}


def _above(name: str, step: Step) -> Step:
    return replace(step, key=StepKey(placed(name, step.key.path), step.key.item))
