"""Whether and when another attempt follows.

A retry needs a reason (promise R3): the attempt is known to have failed and the policy allows it; a lost one may have
run, so it is repeated only when the step says `idempotent`. Disruption is no failure of the program (R8): what the
cluster brought about is repeated, without using up the user's attempts, when nothing had begun, when the step is
`idempotent`, or when its `retry` allows another attempt after such an end. Memory that ran out does not use them up
either, but says nothing for a better end the next time: it takes a `retry` that allows it, and fewer times. So does
what its runner has waited for in vain, before anything began: room, a quota, a registry, the engine itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.runs.model import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from windlass.clock import Millis
    from windlass.plan.model import PlannedStep, Retry
    from windlass.runs.model import Attempt

NEVER_STARTED = "never-started"  # and nothing can start it any more
DISRUPTED = frozenset(
    {NEVER_STARTED, "evicted", "preempted", "drained", "node-lost", "pod-deleted", "workspace-unfilled"}
)
OUT_OF_MEMORY = "oom-killed"
IN_VAIN = frozenset({"unschedulable", "quota", "registry-unavailable", "runner-unavailable"})
MAX_DISRUPTED = 10  # a step that the cluster never lets finish ends some day
MAX_OUT_OF_MEMORY = 3  # what needs more memory than it may have does not need less the next time
MAX_IN_VAIN = 3  # each of them has been waited for already, for as long as its runner has patience
MAX_LOST = 3  # a step whose machine keeps going away ends some day


def next_attempt_at(planned: PlannedStep, attempts: Sequence[Attempt], now: Millis) -> Millis | None:
    """When the next attempt starts; None: this one was the last. The newest has just ended."""
    attempt = attempts[-1]
    if attempt.status in (Status.SUCCEEDED, Status.CANCELLED):
        return None
    lost = sum(1 for a in attempts if a.cause == "lost")
    if attempt.cause == "lost":
        return now if planned.idempotent and lost <= MAX_LOST else None
    disrupted = sum(1 for a in attempts if a.cause in DISRUPTED)
    starved = sum(1 for a in attempts if a.cause == OUT_OF_MEMORY)
    in_vain = sum(1 for a in attempts if a.cause in IN_VAIN)
    used = len(attempts) - lost - disrupted - starved - in_vain
    if attempt.cause == NEVER_STARTED:
        return now if disrupted <= MAX_DISRUPTED else None
    if attempt.cause == OUT_OF_MEMORY:
        again = _allows(planned.retry, attempt) and starved <= MAX_OUT_OF_MEMORY
        return now + delay(planned.retry, starved) if again else None
    if attempt.cause in IN_VAIN:
        again = _allows(planned.retry, attempt) and in_vain <= MAX_IN_VAIN
        return now + delay(planned.retry, in_vain) if again else None
    if attempt.cause in DISRUPTED:
        allowed = planned.idempotent or attempt.started_at is None or _allows(planned.retry, attempt)
        return now + delay(planned.retry, disrupted) if allowed and disrupted <= MAX_DISRUPTED else None
    if used >= planned.retry.attempts or not _wanted(planned.retry, attempt):
        return None
    return now + delay(planned.retry, used)


def delay(policy: Retry, used: int) -> Millis:
    """The pause after the `used`-th attempt: `delay × factor^(used - 1)`, at most `maxDelay`."""
    cap = policy.max_delay if policy.max_delay is not None else 86_400_000
    try:
        return min(round(policy.delay * policy.factor ** (used - 1)), cap)
    except OverflowError:
        return cap


def _allows(policy: Retry, attempt: Attempt) -> bool:
    return policy.attempts > 1 and _wanted(policy, attempt)


def _wanted(policy: Retry, attempt: Attempt) -> bool:
    if attempt.exit_code is not None and attempt.exit_code in policy.never:
        return False
    return (
        attempt.status.value in policy.on
        or (attempt.cause is not None and attempt.cause in policy.on)
        or (attempt.exit_code is not None and attempt.exit_code in policy.exit_codes)
    )
