"""Parts: the scripts of one attempt that run one after another (fine print, "Data").

In: a planned step with `run` as a list, and what an executor saw of it. Out: the parts of a Launch, each with the two
answers that its `if` can have, and the list of parts that an attempt shows: names, states, places in the log.
The executor alone knows in time whether an earlier part has failed, and evaluates nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from windlass.errors import ExpressionError
from windlass.expressions import evaluate, evaluate_bool
from windlass.expressions import functions as functions_in
from windlass.plan.model import EnvLayer
from windlass.runs.model import LaunchPart, Status
from windlass.runs.scope import layered, unset_by
from windlass_schemas.duration import parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from windlass.clock import Millis
    from windlass.plan.model import PlannedStep
    from windlass.plan.program import Part
    from windlass.runs.model import Attempt, Ended, PartRecord

    Functions = Mapping[str, Callable[..., Any]]

_LOOKS_BACK = frozenset({"success", "failure", "always"})


def launch_parts(planned: PlannedStep, values: Mapping[str, Any], functions: Functions) -> tuple[LaunchPart, ...]:
    """Raises ExpressionError, which names the part."""
    strongest = [layer for layer in planned.env if layer.name == "trigger"]
    parts = []
    for part in planned.parts:
        layers = [EnvLayer("part", part.env), *strongest]
        try:
            env = layered(layers, values, functions)
            timeout = part.timeout if not isinstance(part.timeout, str) else _span(part.timeout, values, functions)
            on_success, on_failure = (_runs(part.condition, values, functions, failed=f) for f in (False, True))
        except ExpressionError as error:
            raise ExpressionError(f"part {part.name}: {error}") from error
        parts.append(
            LaunchPart(
                script=part.script,
                script_name=part.script_name,
                argv=part.argv,
                env=env,
                unset=unset_by(layers),
                on_success=on_success,
                on_failure=on_failure,
                timeout=timeout,
            )
        )
    return tuple(parts)


def _span(written: str, values: Mapping[str, Any], functions: Functions) -> Millis:
    """Raises ExpressionError."""
    try:
        span: Millis = parse_duration(evaluate(written, values, functions))
    except ValueError as error:
        raise ExpressionError(f"timeout: {error}") from error
    return span


def _runs(condition: str | bool | None, values: Mapping[str, Any], functions: Functions, *, failed: bool) -> bool:
    """An `if` that does not ask how the parts before it ended means success() as well."""
    if failed and not (isinstance(condition, str) and functions_in(condition) & _LOOKS_BACK):
        return False
    states: Functions = {"success": lambda: not failed, "failure": lambda: failed, "always": lambda: True}
    return condition is None or evaluate_bool(condition, values, {**functions, **states})


def waiting(planned: PlannedStep) -> Mapping[str, Any]:
    """The detail of an attempt that is about to start."""
    return {"parts": [_object(part.name, None, Status.PENDING) for part in planned.parts]} if planned.parts else {}


def failed_part(planned: PlannedStep, ended: Ended) -> Part | None:
    """The first part that failed: the attempt ends as it did."""
    for record in ended.parts:
        if _broken(record) and record.index < len(planned.parts):
            return planned.parts[record.index]
    return None


def running(planned: PlannedStep, attempt: Attempt, records: Iterable[PartRecord]) -> Attempt:
    """The attempt with what is known of its parts now; the same one when that is nothing new."""
    found = {record.index: record for record in records}
    latest = max(found, default=-1)
    listed = [
        _object(part.name, found.get(index), _while_running(found.get(index), passed=index < latest))
        for index, part in enumerate(planned.parts)
    ]
    if listed == attempt.detail.get("parts"):
        return attempt
    return replace(attempt, detail={**attempt.detail, "parts": listed})


def ended(planned: PlannedStep, attempt: Attempt, end: Ended, status: Status) -> Mapping[str, Any]:
    """The attempt's detail at its end: a part that was cut off ends as the attempt does, those after it never ran."""
    if not planned.parts:
        return attempt.detail
    if not end.parts and "parts" in attempt.detail:  # nobody could say how it ended
        listed = [_cut_off(part, end.at, status) for part in attempt.detail["parts"]]
        return {**attempt.detail, "parts": listed}
    found = {r.index: r if r.ended_at is not None else replace(r, ended_at=end.at) for r in end.parts}
    cut_off = {r.index for r in end.parts if r.ended_at is None}
    listed = [
        _object(part.name, found.get(index), status if index in cut_off else _at_the_end(found.get(index)))
        for index, part in enumerate(planned.parts)
    ]
    return {**attempt.detail, "parts": listed}


def _cut_off(part: Mapping[str, Any], at: int, status: Status) -> dict[str, Any]:
    if part["status"] == Status.RUNNING:
        return {**part, "status": status.value, "endedAt": at}
    return {**part, "status": Status.SKIPPED.value} if part["status"] == Status.PENDING else dict(part)


def _broken(record: PartRecord) -> bool:
    return record.cause is not None or bool(record.exit_code)


def _while_running(record: PartRecord | None, *, passed: bool) -> Status:
    if record is None:
        return Status.SKIPPED if passed else Status.PENDING
    return Status.RUNNING if record.ended_at is None else _of(record)


def _at_the_end(record: PartRecord | None) -> Status:
    return Status.SKIPPED if record is None else _of(record)


def _of(record: PartRecord) -> Status:
    if record.cause is not None and record.cause != "timeout":
        return Status.ERRORED
    return Status.FAILED if _broken(record) else Status.SUCCEEDED


def _object(name: str, record: PartRecord | None, status: Status) -> dict[str, Any]:
    """Times in milliseconds; null where there is nothing to say."""
    return {
        "name": name,
        "status": status.value,
        "cause": (record.cause or ("exit-code" if record.exit_code else None)) if record else None,
        "exitCode": record.exit_code if record else None,
        "offset": record.offset if record else None,
        "startedAt": record.started_at if record else None,
        "endedAt": record.ended_at if record else None,
    }
