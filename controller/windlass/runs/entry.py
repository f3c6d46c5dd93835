"""The door of a run: one that belongs to concurrency groups begins when it has its places.

In: a draft of a run that has not begun, observations. Out: the run begins, waits in line with a message that names who
is in its way, or ends without having run anything: refused (`skipped`), or cancelled while it waited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.runs.lock import Acquire, Granted, Held, LockKey, Refused
from windlass.runs.model import CancelRequested, Status, StepKey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from windlass.clock import Millis
    from windlass.plan.model import Plan, PlannedConcurrency
    from windlass.runs.draft import Draft
    from windlass.runs.model import Observation, RunHead


def groups_of(plan: Plan) -> tuple[PlannedConcurrency, ...]:
    """In the order in which their places are taken: a schedule's own group first, so that nobody waits in a circle."""
    return tuple(group for group in (plan.overlap, plan.concurrency) if group is not None)


def asking(plan: Plan, head: RunHead) -> Acquire:
    return Acquire(LockKey(head.id), groups_of(plan), head.created_at)


def let_in(draft: Draft, observations: Iterable[Observation]) -> list[Observation] | None:
    """The observations that are left for a run which has begun or begins now; None while it stays outside."""
    left = list(observations)
    if draft.head.started_at is not None or not groups_of(draft.plan):
        return left
    for index, observation in enumerate(left):
        match observation:
            case Granted():
                return left[index + 1 :]
            case Held(message=message):
                draft.update(status=Status.WAITING, message=message)
            case Refused(cause=cause, message=message):
                _end(draft, cause, message)
                return None
            case CancelRequested(at=at, cause=cause, message=told):
                _end(draft, cause, told or "cancelled", at)
                return None
    if draft.state.unexamined:
        draft.commands.append(asking(draft.plan, draft.head))
    return None


def _end(draft: Draft, cause: str, message: str, cancel_at: Millis | None = None) -> None:
    """Nothing of it has run, so there is nothing for `finally` to tidy up."""
    for name in (*draft.plan.steps, *draft.plan.finally_):
        if draft.named(name).status is Status.PENDING:
            draft.end(StepKey(name), Status.CANCELLED, cause, "the run ended before it began")
    draft.update(
        status=Status.CANCELLED,
        result=Status.CANCELLED,
        cause=cause,
        message=message,
        cancel_at=cancel_at,
        cancel_cause=cause,
        phase="done",
        ended_at=draft.now,
    )
