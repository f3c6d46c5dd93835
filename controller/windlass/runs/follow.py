"""Let steps follow those that have ended: start, skip, or end them with an error of their own.

The order of the graph holds (promise R5): a step is looked at once all its dependencies are terminal, judged from the
states that are in the ledger or part of this decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.errors import ExpressionError
from windlass.expressions import evaluate_bool
from windlass.plan.protection import GATE
from windlass.runs import begin, cancel, loops, nested
from windlass.runs.model import Status, StepKey
from windlass.runs.scope import condition_functions, values_for
from windlass.runs.state import turned_away

if TYPE_CHECKING:
    from windlass.plan.model import PlannedStep
    from windlass.runs.draft import Draft


def enqueue_roots(draft: Draft) -> None:
    """Steps of the current phase that wait for nothing; after a restart, any that nobody has looked at."""
    section = draft.plan.steps if draft.head.phase == "steps" else draft.plan.finally_
    for name in section:
        if draft.state.blocked[name] == 0 and draft.named(name).status is Status.PENDING:
            draft.ready.append(name)


def ready_steps(draft: Draft) -> None:
    while draft.ready or draft.moved or draft.stirred:
        if draft.stirred:
            nested.advance(draft, draft.stirred.popleft())
            continue
        if draft.moved:
            loops.advance(draft, draft.moved.popleft())
            continue
        name = draft.ready.popleft()
        planned = draft.planned(name)
        if draft.named(name).status is Status.PENDING and planned.section == draft.head.phase:
            _follow(draft, planned)


def _follow(draft: Draft, planned: PlannedStep) -> None:
    key = StepKey(planned.name)
    if cancel.stops(draft, planned):
        cancel.end_pending(draft, key)
        return
    skip = _skipped_with(draft, planned)
    if skip is not None:
        draft.end(key, Status.SKIPPED, *skip)
        return
    try:
        wanted = _condition(draft, planned)
    except ExpressionError as error:
        draft.end(key, Status.ERRORED, "expression", f"if: {error}")
        return
    if not wanted:
        draft.end(key, Status.SKIPPED, "if-false", "its `if` is false")
        return
    if planned.loop is not None:
        loops.begin(draft, planned.name)
    else:
        begin.begin(draft, key)


def _skipped_with(draft: Draft, planned: PlannedStep) -> tuple[str, str] | None:
    """The cause and message when a dependency rules the step out, whatever its own `if` says."""
    if gate_is_shut(draft) and planned.name != GATE:
        return "needs-failed", f"{GATE} {draft.named(GATE).status.value}"
    if not planned.tolerant:
        for name in planned.needs:
            found = _rules_out(draft, name)
            if found is not None:
                return found
    for name in planned.reads:
        step = draft.named(name)
        if step.status is Status.SKIPPED:
            return "needs-skipped", f"it reads outputs of {name}, which was skipped"
    return None


def gate_is_shut(draft: Draft) -> bool:
    """People did not let the run into its environment: not even `always()` and `finally` get there."""
    if GATE not in draft.plan.steps:
        return False
    return draft.named(GATE).status not in (Status.SUCCEEDED, Status.PENDING, Status.WAITING)


def _rules_out(draft: Draft, name: str) -> tuple[str, str] | None:
    step = draft.named(name)
    if step.status is Status.SKIPPED:
        if step.cause == "if-false":
            return None
        cause = "needs-skipped" if step.cause == "needs-skipped" else "needs-failed"
        return cause, f"{name} was skipped"
    if step.status is Status.SUCCEEDED or (
        (step.status in (Status.FAILED, Status.ERRORED) or turned_away(step)) and draft.settled(step).continue_on_error
    ):
        return None
    return "needs-failed", f"{name} {step.status.value}"


def _condition(draft: Draft, planned: PlannedStep) -> bool:
    if planned.condition is None or planned.condition is True:
        return True
    if planned.condition is False:
        return False
    functions = condition_functions(draft, planned)
    return evaluate_bool(planned.condition, values_for(draft, planned), functions)
