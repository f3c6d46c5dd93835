"""Take in what was observed: an attempt started, an attempt ended, somebody asked to cancel or answered.

Late, doubled and stray observations change nothing: an attempt ends once, and only the newest one is listened to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.frozen import changed
from windlass.runs import approvals, cancel, locks, outcome, parts, retry, reuse
from windlass.runs.begin import begin
from windlass.runs.model import (
    HELD,
    Answered,
    Attempt,
    CancelRequested,
    Delayed,
    Ended,
    PartsSeen,
    Quiet,
    Recalled,
    Started,
    Status,
    Step,
    StepKey,
)
from windlass.runs.nesting import leads_to

if TYPE_CHECKING:
    from windlass.clock import Millis
    from windlass.plan.model import PlannedStep
    from windlass.runs.draft import Draft
    from windlass.runs.lock import AboutLocks
    from windlass.runs.model import AttemptKey, FromExecutor, Observation


def take(draft: Draft, observation: Observation) -> None:
    if not isinstance(observation, CancelRequested):
        below = leads_to(draft.local(_of(observation)).path)
        if below:
            if draft.child(below) is not None:
                draft.tell(below, observation)
            return
    match observation:
        case CancelRequested():
            cancel.request(draft, observation)
        case Answered():
            approvals.take(draft, observation)
        case Recalled():
            _recalled(draft, observation)
        case Started():
            _started(draft, observation)
        case Delayed():
            _delayed(draft, observation)
        case PartsSeen():
            _parts_seen(draft, observation)
        case Quiet():
            _quiet(draft, observation)
        case Ended():
            _ended(draft, observation)
        case _:
            locks.take(draft, observation, begin)


def _recalled(draft: Draft, observation: Recalled) -> None:
    key = reuse.take(draft, observation)
    if key is not None:
        begin(draft, key)


def _of(observation: FromExecutor | Answered | AboutLocks | Recalled) -> StepKey:
    """The step that is spoken of, as it is known outside."""
    key = observation.key
    if isinstance(key, StepKey):
        return key
    return StepKey(key.path, key.item)


def _open_attempt(draft: Draft, key: AttemptKey) -> tuple[Step, Attempt] | None:
    step = draft.state_of(draft.local(key.step))
    if step is None:
        return None
    attempt = step.attempt
    if step.status.terminal or attempt is None or attempt.number != key.number or attempt.ended_at is not None:
        return None
    return step, attempt


def _started(draft: Draft, observation: Started) -> None:
    found = _open_attempt(draft, observation.key)
    if found is None:
        return
    step, attempt = found
    if attempt.started_at is not None:
        return
    attempt = changed(attempt, started_at=observation.at, handle=observation.handle, message=None)
    attempts = (*step.attempts[:-1], attempt)
    draft.put(changed(step, message=None, started_at=step.started_at or observation.at, attempts=attempts))


def _delayed(draft: Draft, observation: Delayed) -> None:
    """Shown as the message of a step that has not begun; a cause it has only when it ends."""
    found = _open_attempt(draft, observation.key)
    if found is None or found[1].started_at is not None:
        return
    step, attempt = found
    cause = observation.cause
    said = None if cause is None else f"waiting ({cause}): {observation.message}"
    if said != attempt.message:
        held = {} if cause is None else {HELD: {"cause": cause, "message": observation.message or ""}}
        rest = {name: value for name, value in attempt.detail.items() if name != HELD}
        attempt = changed(attempt, message=said, detail=rest | held)
        draft.put(changed(step, message=said, attempts=(*step.attempts[:-1], attempt)))


def _parts_seen(draft: Draft, observation: PartsSeen) -> None:
    found = _open_attempt(draft, observation.key)
    if found is None:
        return
    step, attempt = found
    attempt = parts.running(draft.planned(step.key.path), attempt, observation.parts)
    if attempt is not step.attempt:
        draft.put(changed(step, attempts=(*step.attempts[:-1], attempt)))


def _quiet(draft: Draft, observation: Quiet) -> None:
    found = _open_attempt(draft, observation.key)
    if found is not None and draft.settled(found[0]).quiet_timeout is not None:
        cancel.stop_step(draft, found[0].key, "quiet-timeout")


def _ended(draft: Draft, observation: Ended) -> None:
    found = _open_attempt(draft, observation.key)
    if found is not None:
        close_attempt(draft, *found, observation)


def _no_more(draft: Draft, planned: PlannedStep, step: Step) -> bool:
    """Nothing new starts: after a cancel, and in a loop that fails fast once an item broke."""
    if cancel.stops(draft, planned):
        return True
    if not step.key.item:
        return False
    loop = draft.settled(draft.named(planned.name)).loop
    return loop is not None and loop.fail_fast and draft.progress(planned.name).broken


def _retry_at(
    draft: Draft, planned: PlannedStep, step: Step, attempts: tuple[Attempt, ...], now: Millis
) -> Millis | None:
    if attempts[-1].status is Status.SUCCEEDED or _no_more(draft, planned, step):
        return None
    return retry.next_attempt_at(planned, attempts, now)


def close_attempt(draft: Draft, step: Step, attempt: Attempt, ended: Ended) -> None:
    """Judge an attempt that is over, then end its step or wait for the next attempt."""
    planned = draft.settled(step)
    result = outcome.judge(planned, attempt, ended)
    attempt = changed(
        attempt,
        status=result.status,
        cause=result.cause,
        message=result.message,
        exit_code=ended.exit_code,
        ended_at=ended.at,
        detail={**parts.ended(planned, attempt, ended, result.status), **ended.detail},
    )
    attempts = (*step.attempts[:-1], attempt)
    retry_at = _retry_at(draft, planned, step, attempts, ended.at)
    if retry_at is not None:
        draft.put(
            changed(
                step,
                status=Status.WAITING,
                retry_at=retry_at,
                cause=result.cause,
                message=result.message,
                attempts=attempts,
            )
        )
        return
    draft.put(
        changed(
            step,
            attempts=attempts,
            status=result.status,
            cause=result.cause,
            message=result.message,
            outputs=result.outputs,
            retry_at=None,
            ended_at=ended.at,
        )
    )
