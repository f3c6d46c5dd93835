"""Begin a step or an item: an attempt for what is run, a due time for what only waits, a question for people.

In: a draft and the key of something that may begin. Out: the step `running` with an attempt, `waiting` for its moment
or its place, or `errored` because an expression failed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.clock import from_rfc3339, to_rfc3339
from windlass.errors import ExpressionError
from windlass.expressions import evaluate
from windlass.plan.values import shown
from windlass.runs import approvals, late, locks, nested, reuse
from windlass.runs.model import Status
from windlass.runs.scope import functions_of, values_for
from windlass.runs.start import start_attempt
from windlass_schemas.duration import parse_duration

if TYPE_CHECKING:
    from windlass.clock import Millis
    from windlass.plan.model import PlannedStep
    from windlass.runs.draft import Draft
    from windlass.runs.model import StepKey


def begin(draft: Draft, key: StepKey) -> None:
    """At once, or when it has its place in a concurrency group."""
    planned = draft.planned(key.path)
    if reuse.asks(planned, draft.step(key)):
        reuse.ask(draft, key)
        return
    if planned.late and not late.settle(draft, key):
        return
    if (planned.concurrency is not None or planned.nested is not None) and locks.asks(draft, key):
        return
    if planned.nested is not None:
        nested.begin(draft, key)
        return
    if planned.approval is not None:
        approvals.ask(draft, key)
        return
    if planned.wait is None:
        start_attempt(draft, key)
        return
    try:
        due = _due(draft, planned, key.item)
    except ExpressionError as error:
        draft.end(key, Status.ERRORED, "expression", f"wait: {error}")
        return
    message = f"waits until {to_rfc3339(due)}"
    step = draft.step(key)
    draft.put(replace(step, status=Status.WAITING, started_at=draft.now, retry_at=due, message=message))


def _due(draft: Draft, planned: PlannedStep, item: str) -> Millis:
    """When the wait is over. Raises ExpressionError."""
    wait = planned.wait
    assert wait is not None
    written = wait.span if wait.span is not None else wait.until
    if isinstance(written, str):
        written = evaluate(written, values_for(draft, planned, item), functions_of(draft))
    try:
        if wait.span is not None:
            return draft.now + (written if isinstance(written, int) else parse_duration(written))
    except (ValueError, OverflowError) as error:
        raise ExpressionError(str(error)) from error
    try:
        return from_rfc3339(str(written))
    except (ValueError, OverflowError) as error:
        wanted = "a date and time with its offset (RFC 3339), for example 2026-12-01T00:00:00Z"
        raise ExpressionError(f"until is {wanted}, not {shown(written)}") from error
