"""The life of a step that uses a workflow: a run of its own below it, decided in the same turn.

In: a draft and a step that may begin, has news from below, or is to end. Out: the step with the head of the nested
workflow in its detail, `running` or `waiting` as that is; at its end it has that one's status, cause, message and
outputs (fine print, "Statuses"). Whatever stops the step reaches down as a cancel, so `finally` runs below as well.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from windlass.errors import ExpressionError, InputError
from windlass.expressions import evaluate_all
from windlass.plan.inputs import parse_inputs
from windlass.plan.uses import MOST_DEEP
from windlass.runs.model import CancelRequested, Status
from windlass.runs.nesting import DETAIL, STOP, depth, head_below, placed, plan_below, segment, to_detail
from windlass.runs.outcome import stopped
from windlass.runs.scope import functions_of, values_for
from windlass.runs.state import RunState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.plan.model import PlannedStep
    from windlass.runs.draft import Draft
    from windlass.runs.model import Step, StepKey


def begin(draft: Draft, key: StepKey) -> None:
    planned, step = draft.planned(key.path), draft.step(key)
    assert planned.nested is not None
    if depth(draft.state.prefix) + 1 >= MOST_DEEP:
        message = f"workflows are nested more than {MOST_DEEP} deep"
        draft.end(key, Status.ERRORED, "policy", message)
        return
    try:
        inputs = inputs_below(draft, planned, key.item)
        plan = plan_below(draft.plan, planned.nested, inputs)
    except ExpressionError as error:
        draft.end(key, Status.ERRORED, "expression", str(error))
        return
    except InputError as error:
        told = "; ".join(f"{p.pointer.lstrip('/')}: {p.message}" for p in error.problems)
        draft.end(key, Status.ERRORED, "input-invalid", told)
        return
    head = head_below(draft.head, plan, inputs, draft.now)
    detail = {**step.detail, DETAIL: to_detail(head)}
    draft.put(replace(step, status=Status.RUNNING, started_at=draft.now, detail=detail))
    draft.nest(key, RunState(plan, head, None, placed(draft.state.prefix, segment(key)), key))


def inputs_below(draft: Draft, planned: PlannedStep, item: str) -> Mapping[str, Any]:
    """The values of `with`, checked against what the workflow declares. Raises ExpressionError, InputError."""
    assert planned.nested is not None
    values, functions = values_for(draft, planned, item), functions_of(draft)
    given = evaluate_all(dict(planned.nested.values), values, functions)
    declared = draft.plan.uses[planned.nested.target].workflow.inputs
    return parse_inputs(declared, {name: value for name, value in given.items() if value is not None})


def is_open(draft: Draft, step: Step) -> bool:
    """A nested workflow goes on below this step."""
    return DETAIL in step.detail and not step.status.terminal and draft.planned(step.key.path).nested is not None


def stop(draft: Draft, step: Step, reason: str) -> None:
    """Tell what is below to end; told again, with less patience when somebody has asked twice."""
    if STOP not in step.detail:
        draft.put(replace(step, detail={**step.detail, STOP: reason}))
    name = segment(step.key)
    child = draft.child(name)
    if child is None or (child.head.cancel_cause not in (None, "deadline") and child.head.killed == draft.head.killed):
        return
    message = stopped(draft.settled(step), reason).message
    draft.tell(name, CancelRequested(draft.now, cause=reason, message=message, kill=draft.head.killed))


def advance(draft: Draft, name: str) -> None:
    """Take the news down, and what came of them up."""
    child = draft.child(name)
    if child is None:
        return
    child.turn(child, draft.news.pop(name, ()))
    assert child.state.outer is not None
    step = draft.step(child.state.outer)
    if not step.status.terminal:
        _mirror(draft, step, child)


def _mirror(draft: Draft, step: Step, child: Draft) -> None:
    head = child.head
    detail = {**step.detail, DETAIL: to_detail(head)}
    if head.status.terminal:
        status, cause, message = _end(draft, step, child)
        outputs = head.outputs if status is Status.SUCCEEDED else {}
        draft.put(
            replace(
                step, status=status, cause=cause, message=message, outputs=outputs, detail=detail, ended_at=draft.now
            )
        )
        return
    waits = head.status is Status.WAITING
    fresh = replace(
        step,
        status=Status.WAITING if waits else Status.RUNNING,
        message=head.message if waits else None,
        started_at=step.started_at if step.started_at is not None else draft.now,
        detail=detail,
    )
    if fresh != step:
        draft.put(fresh)


def _end(draft: Draft, step: Step, child: Draft) -> tuple[Status, str | None, str | None]:
    reason = step.detail.get(STOP)
    if reason is not None:
        ended = stopped(draft.settled(step), reason)
        return ended.status, ended.cause, ended.message
    return child.head.status, child.head.cause, child.head.message
