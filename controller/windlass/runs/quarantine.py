"""The end of a run that cannot be decided on, or not even be read: an error of ours must not keep it open for ever
(promises R1, R29)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.runs.model import AttemptKey, Command, Status, Stop
from windlass.runs.state import Decision

if TYPE_CHECKING:
    from collections.abc import Iterable

    from windlass.clock import Millis
    from windlass.runs.model import RunHead, Step
    from windlass.runs.state import RunState


def broken_run(state: RunState, now: Millis, message: str) -> Decision:
    """The decision that ends it."""
    return given_up(state.head, state.every_step(), now, message)


def given_up(run: RunHead, every_step: Iterable[Step], now: Millis, message: str) -> Decision:
    """End every open step and the run as `errored`, cause `internal-error`; stop what may still run."""
    steps, commands = [], list[Command]()
    for step in every_step:
        if step.status.terminal:
            continue
        attempt = step.attempt
        attempts = step.attempts
        if attempt is not None and attempt.ended_at is None:
            commands.append(Stop(AttemptKey(run.id, *step.key, attempt.number), 10_000))
            closed = replace(attempt, status=Status.ERRORED, cause="internal-error", message=message, ended_at=now)
            attempts = (*step.attempts[:-1], closed)
        status = Status.SKIPPED if attempt is None else Status.ERRORED
        cause = "needs-failed" if attempt is None else "internal-error"
        steps.append(
            replace(step, status=status, cause=cause, message=message, attempts=attempts, retry_at=None, ended_at=now)
        )
    head = replace(run, status=Status.ERRORED, cause="internal-error", message=message, phase="done", ended_at=now)
    return Decision(head, True, tuple(steps), tuple(commands))
