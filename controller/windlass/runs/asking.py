"""Which approvals a run may come to: asked before it starts, where nobody could answer them.

In: a plan, and the steps that have ended already (of a rerun). Out: the paths of approvals, also of nested workflows.
Only what the inputs and the event rule out is left out, so that a run is never half done when it turns out that it
cannot go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.errors import ExpressionError, InputError
from windlass.expressions import evaluate, evaluate_bool, functions, references
from windlass.plan.graph import texts_in
from windlass.plan.inputs import parse_inputs
from windlass.runs.nesting import placed, plan_below

if TYPE_CHECKING:
    from collections.abc import Iterator

    from windlass.plan.model import Plan, PlannedStep
    from windlass_schemas.workflow import Workflow

KNOWN = frozenset({"inputs", "event"})


def approvals_of(plan: Plan, ended: frozenset[str] = frozenset(), prefix: str = "") -> Iterator[str]:
    if plan.refusal is not None:
        return  # it ends before it begins
    for planned in (*plan.steps.values(), *plan.finally_.values()):
        path = placed(prefix, planned.name)
        if path in ended or _is_ruled_out(plan, planned):
            continue
        if planned.approval is not None:
            yield path
        elif planned.nested is not None:
            yield from _below(plan, planned, path)


def _is_ruled_out(plan: Plan, planned: PlannedStep) -> bool:
    """By an `if` that is false whatever happens."""
    condition = planned.condition
    if not isinstance(condition, str) or not _is_known(condition):
        return condition is False
    try:
        return not evaluate_bool(condition, _values(plan), {})
    except ExpressionError:
        return False


def _is_known(text: str) -> bool:
    return not functions(text) and all(name.partition(".")[0] in KNOWN for name in references(text))


def _values(plan: Plan) -> dict[str, Any]:
    return {"inputs": plan.inputs, "event": plan.event}


def _below(plan: Plan, planned: PlannedStep, path: str) -> Iterator[str]:
    """Of a nested workflow: with its inputs when they are known now, else whatever it may ask."""
    assert planned.nested is not None
    workflow = plan.uses[planned.nested.target].workflow
    written = dict(planned.nested.values)
    if planned.loop is not None or not all(map(_is_known, texts_in(written))):
        yield from _written(workflow, path)
        return
    try:
        given = {name: evaluate(v, _values(plan), {}) if isinstance(v, str) else v for name, v in written.items()}
        inputs = parse_inputs(workflow.inputs, {name: value for name, value in given.items() if value is not None})
        below = plan_below(plan, planned.nested, inputs)
    except (ExpressionError, InputError):
        return  # it ends before it begins
    yield from approvals_of(below, prefix=path)


def _written(workflow: Workflow, path: str) -> Iterator[str]:
    for item in (*workflow.step_items(), *workflow.finally_items()):
        if item.step.approval is not None:
            yield placed(path, item.name)
