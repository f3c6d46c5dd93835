"""Judge how an attempt ended: succeeded, failed (the user's code), errored (we could not), cancelled.

In: the planned step, the attempt, its Ended. Out: status, cause, message and typed outputs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from windlass.plan.duration import for_people
from windlass.runs.artifacts import DETAIL, file_value
from windlass.runs.model import Status
from windlass.runs.outputs import OutputError, read_outputs
from windlass.runs.parts import failed_part
from windlass.runs.reported import reported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.plan.model import PlannedStep
    from windlass.runs.model import Attempt, Ended


_STOPPED = {"fail-fast": "another item failed", "replaced": "a newer one took its place"}


@dataclass(frozen=True, slots=True)
class Outcome:
    status: Status
    cause: str | None = None
    message: str | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)


def judge(planned: PlannedStep, attempt: Attempt, ended: Ended) -> Outcome:
    """A stop that was asked for explains the end, whatever the process made of it (cancel wins, promise R6)."""
    if attempt.stop_reason is not None:
        return stopped(planned, attempt.stop_reason)
    part = failed_part(planned, ended)
    if part is not None and ended.cause == "timeout":
        limit = f" of {for_people(part.timeout)}" if isinstance(part.timeout, int) else ""
        message = f"part {part.name} took longer than its timeout{limit}"
        return Outcome(Status.FAILED, "timeout", message, _kept(planned, ended))
    where = f"part {part.name}: " if part is not None else ""
    if ended.exit_code is None or ended.cause is not None:
        cause = ended.cause or "start-failed"
        return Outcome(Status.ERRORED, cause, where + (ended.message or cause.replace("-", " ")))
    if (own := reported(ended.outputs)) is not None:
        return Outcome(Status.ERRORED, own[0], where + own[1], _kept(planned, ended))
    if ended.exit_code != 0:
        message = where + (ended.message or f"exit code {ended.exit_code}")
        return Outcome(Status.FAILED, "exit-code", message, _kept(planned, ended))
    try:
        outputs = _files_in(planned, ended, read_outputs(planned, ended.outputs))
    except OutputError as error:
        return Outcome(Status.ERRORED, error.cause, str(error), _kept(planned, ended))
    if any(name not in ended.detail.get(DETAIL, {}) for name in planned.saves):
        return Outcome(Status.ERRORED, "artifact-failed", "nothing proves that its artifacts were saved", outputs)
    return Outcome(Status.SUCCEEDED, outputs=outputs)


def stopped(planned: PlannedStep, reason: str) -> Outcome:
    """The end of what was told to end."""
    if reason == "timeout":
        limit = for_people(planned.timeout or 0)
        return Outcome(Status.FAILED, "timeout", f"took longer than its timeout of {limit}")
    if reason == "quiet-timeout":
        limit = for_people(planned.quiet_timeout or 0)
        return Outcome(Status.FAILED, reason, f"wrote nothing for longer than its quietTimeout of {limit}")
    if reason == "deadline":
        return Outcome(Status.CANCELLED, "deadline", "the run took longer than its timeout")
    return Outcome(Status.CANCELLED, reason, _STOPPED.get(reason, "cancelled"))


def _kept(planned: PlannedStep, ended: Ended) -> Mapping[str, Any]:
    """The outputs of an unsuccessful attempt that do fit: `continueOnError` lets others read them."""
    try:
        return _files_in(planned, ended, read_outputs(planned, ended.outputs, partial=True), partial=True)
    except OutputError:
        return {}


def _files_in(
    planned: PlannedStep, ended: Ended, outputs: Mapping[str, Any], *, partial: bool = False
) -> Mapping[str, Any]:
    """The outputs, with the files that were kept in place of their paths. Raises OutputError."""
    result = dict(outputs)
    for name in (name for name in outputs if planned.outputs[name].file):
        kept = ended.detail.get(DETAIL, {}).get(name)
        if kept is not None:
            result[name] = file_value(ended.key, name, outputs[name], kept)
        elif partial:
            del result[name]
        else:
            raise OutputError("artifact-failed", f"output {name}: nothing proves that its file was saved")
    return result
