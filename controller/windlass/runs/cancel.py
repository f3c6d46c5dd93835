"""Cancel wins (promise R6): whatever a run waits for, a cancel ends it; `finally` still runs, unless asked twice.

A run that passes its own timeout is stopped in the same way, with cause `deadline`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.runs import nested
from windlass.runs.model import Status, StepKey, Stop
from windlass.runs.outcome import stopped

if TYPE_CHECKING:
    from windlass.clock import Millis
    from windlass.plan.model import PlannedStep
    from windlass.runs.draft import Draft
    from windlass.runs.model import AttemptKey, CancelRequested, RunHead

DEADLINE = "deadline"
HASTE: Millis = 1000  # between TERM and KILL once somebody has asked twice


def request(draft: Draft, asked: CancelRequested) -> None:
    first = draft.head.cancel_cause in (None, DEADLINE)
    if first:
        draft.update(
            cancel_at=asked.at, cancel_cause=asked.cause, message=asked.message or "cancelled", status=Status.CANCELLING
        )
    if asked.kill and not draft.head.killed:
        draft.update(killed=True)
        _hurry(draft)
    _stop_everything(draft)


def _hurry(draft: Draft) -> None:
    """Attempts that were told to end with the grace of the first request have less of it now."""
    for key in draft.active():
        attempt = draft.step(key).attempt
        if attempt is not None and attempt.ended_at is None and attempt.stop_reason is not None:
            draft.commands.append(Stop(key_of(draft, key), grace(draft.head, draft.settled(draft.step(key)))))


def grace(head: RunHead, planned: PlannedStep) -> Millis:
    """How long an attempt that is told to end has before it is killed."""
    return min(planned.kill_after, HASTE) if head.killed else planned.kill_after


def deadline(draft: Draft, message: str) -> None:
    draft.update(cancel_at=draft.now, cancel_cause=DEADLINE, message=message)
    _stop_everything(draft)


def _stop_everything(draft: Draft) -> None:
    for key in draft.active():
        if stops(draft, draft.planned(key.path)):
            stop_step(draft, key, draft.head.cancel_cause or "cancelled-by-user")
    apply_to_pending(draft)


def stops(draft: Draft, planned: PlannedStep) -> bool:
    """Whether a cancel ends this step and its retries; those of `finally` outlive the first one."""
    if draft.head.cancel_at is None:
        return False
    return planned.section == "steps" or draft.head.killed


def stop_step(draft: Draft, key: StepKey, reason: str) -> None:
    """Tell the open attempt to end, or end a step that waits for its next attempt."""
    step = draft.step(key)
    if nested.is_open(draft, step):
        nested.stop(draft, step, reason)
        return
    attempt = step.attempt
    if attempt is None or attempt.ended_at is not None:
        draft.end(key, Status.CANCELLED, reason, stopped(draft.settled(draft.step(key)), reason).message)
        return
    if attempt.stop_reason is not None:
        return
    attempt = replace(attempt, stop_reason=reason, stop_at=draft.now)
    draft.put(replace(step, attempts=(*step.attempts[:-1], attempt)))
    draft.commands.append(Stop(key_of(draft, key), grace(draft.head, draft.settled(draft.step(key)))))


def key_of(draft: Draft, key: StepKey) -> AttemptKey:
    step = draft.step(key)
    assert step.attempt is not None
    return draft.attempt_key(key, step.attempt.number)


def apply_to_pending(draft: Draft) -> None:
    """Steps that never began: `cancelled` after a cancel, `skipped` after a deadline (a failure)."""
    if draft.head.cancel_at is None:
        return
    for section, steps in (("steps", draft.plan.steps), ("finally", draft.plan.finally_)):
        if section == "finally" and not draft.head.killed:
            continue
        if not draft.open(section):
            continue
        for name in steps:
            if draft.named(name).status is Status.PENDING:
                end_pending(draft, StepKey(name))


def end_pending(draft: Draft, key: StepKey) -> None:
    if draft.head.cancel_cause == DEADLINE:
        draft.end(key, Status.SKIPPED, "needs-failed", "the run took longer than its timeout")
    else:
        draft.end(key, Status.CANCELLED, draft.head.cancel_cause, "cancelled before it started")
