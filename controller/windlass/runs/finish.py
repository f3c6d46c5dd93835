"""The phases of a run: its steps, then `finally`, then the end.

In: a draft whose steps have come to rest. Out: the next phase entered, or the run's end with status, cause, message
and outputs (fine print, "Running").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.errors import ExpressionError
from windlass.expressions import evaluate, references
from windlass.runs import follow
from windlass.runs.model import Status, Step
from windlass.runs.outputs import OutputError, typed
from windlass.runs.scope import functions_of, scope_values
from windlass.runs.state import broken, turned_away

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.plan.model import PlannedStep
    from windlass.runs.draft import Draft


def next_phase(draft: Draft) -> bool:
    """Move on if this phase is over; True when there are new steps to look at."""
    phase = draft.head.phase
    if phase == "done" or draft.open(phase):
        return False
    if phase == "steps":
        _close_steps(draft)
        draft.update(phase="finally")
        follow.enqueue_roots(draft)
        return True
    _end(draft)
    return False


def _close_steps(draft: Draft) -> None:
    """Settle what the run is going to end with: `run.status` inside `finally`."""
    head = draft.head
    if head.cancel_at is not None:
        status = Status.FAILED if head.cancel_cause == "deadline" else Status.CANCELLED
        draft.update(result=status, cause=head.cancel_cause)
        return
    verdict = _verdict(draft, draft.plan.steps)
    if verdict is not None:
        draft.update(result=verdict.status, cause=verdict.cause, message=verdict.message)
        return
    try:
        draft.update(result=Status.SUCCEEDED, outputs=_outputs(draft, late=False))
    except ExpressionError as error:
        draft.update(result=Status.ERRORED, cause="expression", message=f"outputs: {error}")


def _add_late_outputs(draft: Draft) -> None:
    """Those that read steps of `finally`."""
    try:
        found = {**draft.head.outputs, **_outputs(draft, late=True)}
        draft.update(outputs={name: found[name] for name in draft.plan.outputs})
    except ExpressionError as error:
        draft.update(result=Status.ERRORED, cause="expression", message=f"outputs: {error}", outputs={})


def _verdict(draft: Draft, section: Mapping[str, PlannedStep]) -> Step | None:
    """The step that decides: the first that ended among the errored ones, else among the failed ones, else among those
    that a concurrency group turned away."""
    steps = [draft.named(name) for name in section]
    bad = [step for step in steps if broken(draft.plan, step)]
    errored = [step for step in bad if step.status is Status.ERRORED]
    away = [step for step in steps if turned_away(step) and not draft.settled(step).continue_on_error]
    return min(errored or bad or away, key=lambda step: step.ended_at or 0, default=None)


def _end(draft: Draft) -> None:
    head = draft.head
    if head.cancel_at is not None and head.cancel_cause != "deadline":
        draft.update(result=Status.CANCELLED, cause=head.cancel_cause)
    elif head.result is Status.SUCCEEDED:
        verdict = _verdict(draft, draft.plan.finally_)
        if verdict is not None:
            draft.update(result=verdict.status, cause=verdict.cause, message=verdict.message)
        else:
            _add_late_outputs(draft)
    status = draft.head.result or Status.SUCCEEDED
    draft.update(status=status, phase="done", ended_at=draft.now)
    if status is Status.SUCCEEDED:
        draft.update(cause=None, message=None)


def _outputs(draft: Draft, *, late: bool) -> dict[str, Any]:
    """The workflow's outputs; one that reads a skipped step is null. Raises ExpressionError."""
    wanted = {name: one for name, one in draft.plan.outputs.items() if _is_late(draft, one["value"]) is late}
    if not wanted:
        return {}
    values = scope_values(draft, [*draft.plan.steps, *draft.plan.finally_])  # `.status` may be read of any step
    values["run"]["status"] = Status.SUCCEEDED.value  # only then there are outputs
    functions = functions_of(draft)
    result: dict[str, Any] = {}
    for name, declared in wanted.items():
        if any(draft.named(step).status is Status.SKIPPED for step in declared.get("reads", ())):
            result[name] = None
            continue
        value = declared["value"]
        found = evaluate(value, values, functions) if isinstance(value, str) else value
        try:
            result[name] = typed(declared["schema"], found) if declared.get("schema") else found
        except OutputError as error:
            raise ExpressionError(f"{name}: {error}") from error
    return result


def _is_late(draft: Draft, value: Any) -> bool:
    """It reads a step of `finally`."""
    if not draft.plan.finally_ or not isinstance(value, str):
        return False
    return any(name in draft.plan.finally_ for name in _steps_in(value))


def _steps_in(value: str) -> set[str]:
    parts = (reference.split(".") for reference in references(value))
    return {part[1] for part in parts if part[0] == "steps" and len(part) > 1}
