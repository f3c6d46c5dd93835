"""What time alone brings: retries that are due, timeouts, deadlines, stops that nobody answers.

Timeouts are ours (promise R7): they are decided from the ledger's times, not by the executor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.plan.duration import for_people
from windlass.plan.protection import GATE
from windlass.runs import approvals, cancel, nested, observe
from windlass.runs.model import Ended, Status, Step
from windlass.runs.nesting import STOP, segment
from windlass.runs.start import start_attempt

if TYPE_CHECKING:
    from windlass.clock import Millis
    from windlass.runs.draft import Draft
    from windlass.runs.model import Attempt

FEW = 64  # steps that are looked at one by one
SILENCE = 30_000  # after TERM, the grace time and KILL: an executor that is gone answers no more


def act(draft: Draft) -> None:
    if _deadline(draft) is not None and draft.now >= (_deadline(draft) or 0):
        cancel.deadline(draft, f"took longer than its timeout of {for_people(draft.plan.timeout or 0)}")
    # Before the moment that the last decision named, only what is new in this one can be due.
    for key in list(draft.stirring()) if _quiet(draft) else draft.active():
        step = draft.step(key)
        if nested.is_open(draft, step):
            _nested(draft, step)
        elif step.status is Status.WAITING and step.retry_at is not None and step.retry_at <= draft.now:
            _awaited(draft, step)
        elif step.attempt is not None and step.attempt.ended_at is None:
            _attempt(draft, step, step.attempt)


def _quiet(draft: Draft) -> bool:
    """So much is going on that looking at all of it each time would cost more than deciding, and none of it is due."""
    state = draft.state
    if state.unexamined or len(state.active) <= FEW:
        return False
    return state.wake_at is None or draft.now < state.wake_at


def _nested(draft: Draft, step: Step) -> None:
    """Its own timers are its own; the step's timeout reaches down."""
    due = _timeout(draft, step)
    if due is not None and draft.now >= due:
        cancel.stop_step(draft, step.key, "timeout")
    name = segment(step.key)
    below = draft.state.children.get(name)
    if below is not None and below.wake_at is not None and below.wake_at <= draft.now and name not in draft.children:
        draft.tell(name)


def _timeout(draft: Draft, step: Step) -> Millis | None:
    planned = draft.settled(step)
    if planned.timeout is None or step.started_at is None or STOP in step.detail:
        return None
    return step.started_at + planned.timeout


def _awaited(draft: Draft, step: Step) -> None:
    """Its moment has come: a wait is over, nobody answered in time, or the next attempt starts."""
    planned = draft.planned(step.key.path)
    if planned.approval is not None:
        approvals.time_is_up(draft, step)
    elif planned.wait is not None:
        draft.end(step.key, Status.SUCCEEDED)
    else:
        start_attempt(draft, step.key)


def _attempt(draft: Draft, step: Step, attempt: Attempt) -> None:
    planned = draft.settled(step)
    if attempt.stop_at is not None:
        if draft.now >= attempt.stop_at + planned.kill_after + SILENCE:
            message = "the executor did not confirm the end"
            key = cancel.key_of(draft, step.key)
            observe.close_attempt(draft, step, attempt, Ended(key, draft.now, None, cause="lost", message=message))
        return
    if planned.timeout is None or attempt.started_at is None:
        return
    if draft.now >= attempt.started_at + planned.timeout:
        cancel.stop_step(draft, step.key, "timeout")


def _deadline(draft: Draft) -> Millis | None:
    """From the start, or from the moment when people let it into its environment."""
    head = draft.head
    if draft.plan.timeout is None or head.started_at is None or head.cancel_at is not None or head.phase != "steps":
        return None
    begun = head.started_at
    if GATE in draft.plan.steps:
        gate = draft.named(GATE)
        if gate.ended_at is None:
            return None
        begun = max(begun, gate.ended_at)
    return begun + draft.plan.timeout


def set_wake(draft: Draft) -> None:
    """`wake_at`: the earliest moment at which `act` has something to do; of the nested ones too."""
    for child in draft.children.values():
        set_wake(child)
    draft.wake_at = _next(draft)


def _next(draft: Draft) -> Millis | None:
    if draft.head.status.terminal:
        return None
    times = [_deadline(draft)]
    if _quiet(draft):  # it may be too early by now: then a full look follows at that moment
        times += [draft.state.wake_at, *(child.wake_at for child in draft.children.values())]
        times += [_due(draft, draft.step(key)) for key in draft.stirring()]
    else:
        times += [_due(draft, draft.step(key)) for key in draft.going()]
    return min((t for t in times if t is not None), default=None)


def _due(draft: Draft, step: Step) -> Millis | None:
    if nested.is_open(draft, step):
        return _below(draft, step)
    attempt = step.attempt
    if step.status is Status.WAITING:
        return step.retry_at
    if attempt is None or attempt.ended_at is not None:
        return None
    planned = draft.settled(step)
    if attempt.stop_at is not None:
        return attempt.stop_at + planned.kill_after + SILENCE
    if planned.timeout is not None and attempt.started_at is not None:
        return attempt.started_at + planned.timeout
    return None


def _below(draft: Draft, step: Step) -> Millis | None:
    name = segment(step.key)
    wake = draft.children[name].wake_at if name in draft.children else draft.state.children[name].wake_at
    return min((t for t in (wake, _timeout(draft, step)) if t is not None), default=None)
