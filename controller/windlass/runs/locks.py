"""Places in concurrency groups that steps ask for: before they begin, kept over every attempt until they end.

In: a draft, a step or an item that may begin, what the groups answer. Out: the step `waiting` with what it asked for in
`Step.detail`, going on once it has its places, or ended: refused (`skipped`) or replaced. A step that uses a workflow
asks for the group of that workflow too. That a step has ended is all the groups need to know to take the places back.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from windlass.errors import ExpressionError, InputError
from windlass.plan.concurrency import planned_concurrency, worked_out
from windlass.plan.model import PlannedConcurrency
from windlass.runs import cancel, nested
from windlass.runs.lock import Acquire, Granted, Held, LockKey, Refused, Replaced
from windlass.runs.model import Status, StepKey
from windlass.runs.nesting import placed
from windlass.runs.scope import functions_of, scope_values, values_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from windlass.runs.draft import Draft
    from windlass.runs.lock import AboutLocks
    from windlass.runs.model import Step

DETAIL = "lock"  # where a step keeps what it asked for: {"groups": […], "at": …, "heldAt": … or null}


def asks(draft: Draft, key: StepKey) -> bool:
    """Whether the step has to have a place first; it is `waiting` then, or ended when that cannot be worked out."""
    step = draft.step(key)
    if DETAIL in step.detail:
        return False
    try:
        groups = _groups(draft, key)
    except ExpressionError as error:
        draft.end(key, Status.ERRORED, "expression", str(error))
        return True
    if not groups:
        return False
    detail = {**step.detail, DETAIL: {"groups": [asdict(group) for group in groups], "at": draft.now, "heldAt": None}}
    step = replace(step, status=Status.WAITING, detail=detail, message=f"asks for {groups[0].group}")
    draft.put(step)
    draft.commands.append(asked(draft.head.id, draft.state.prefix, step))
    return True


def asked(run: str, prefix: str, step: Step) -> Acquire:
    """What a step has asked for, under the name by which it is known outside; `prefix` leads to its workflow."""
    lock = step.detail[DETAIL]
    groups = tuple(PlannedConcurrency(**group) for group in lock["groups"])
    return Acquire(LockKey(run, placed(prefix, step.key.path), step.key.item), groups, lock["at"])


def _groups(draft: Draft, key: StepKey) -> tuple[PlannedConcurrency, ...]:
    """The step's own, then that of the workflow that it uses. Raises ExpressionError."""
    planned, found = draft.planned(key.path), []
    if planned.concurrency is not None:
        values = values_for(draft, planned, key.item)
        found.append(worked_out(planned.concurrency, values, functions_of(draft)))
    below = planned_concurrency(draft.plan.uses[planned.nested.target].workflow.concurrency) if planned.nested else None
    if below is not None:
        try:
            inputs = nested.inputs_below(draft, planned, key.item)
        except (ExpressionError, InputError):
            return tuple(group for group in found if group is not None)  # its beginning says what is wrong with them
        found.append(worked_out(below, {**scope_values(draft, ()), "inputs": inputs}, functions_of(draft)))
    return tuple(group for group in found if group is not None)


def take(draft: Draft, told: AboutLocks, begin: Callable[[Draft, StepKey], None]) -> None:
    """What the groups say; late news of a step that has ended, or has its places already, changes nothing."""
    key = draft.local(StepKey(told.key.path, told.key.item))
    step = draft.state_of(key)
    if step is None or step.status.terminal or DETAIL not in step.detail:
        return
    if isinstance(told, Replaced):
        cancel.stop_step(draft, key, told.cause)
    elif step.detail[DETAIL]["heldAt"] is None:
        _answered(draft, step, told, begin)


def _answered(draft: Draft, step: Step, told: AboutLocks, begin: Callable[[Draft, StepKey], None]) -> None:
    match told:
        case Granted():
            lock: Mapping[str, Any] = {**step.detail[DETAIL], "heldAt": draft.now}
            draft.put(replace(step, detail={**step.detail, DETAIL: lock}, message=None))
            begin(draft, step.key)
        case Held(message=message):
            if step.message != message:
                draft.put(replace(step, message=message))
        case Refused(cause=cause, message=message):
            draft.end(step.key, Status.CANCELLED, cause, message)
