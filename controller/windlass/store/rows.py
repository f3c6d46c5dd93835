"""Runs, steps and attempts as rows, and back: `X_to_row` and `X_from_row` are inverse (tests/store/test_rows.py).

In: the values of `runs.model`. Out: mappings by column for writing, values from tuples in the order of `X_COLUMNS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.runs.model import Attempt, AttemptKey, RunHead, Status, Step, StepKey
from windlass.store.texts import from_json, from_json_or_null, to_indexed, to_json, to_json_or_null, to_plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Row = dict[str, Any]

RUN_COLUMNS = (
    "id", "repository", "workflow", "git_commit", "status", "cause", "message", "inputs", "outputs", "title", "labels",
    "trigger_data", "actor_data", "rerun_of", "created_at", "started_at", "ended_at", "cancel_at", "cancel_cause",
    "killed", "phase", "result",
)  # fmt: skip
STEP_COLUMNS = (
    "run_id", "path", "item", "status", "cause", "message", "outputs", "retry_at", "started_at", "ended_at", "looped",
    "detail",
)  # fmt: skip
ATTEMPT_COLUMNS = (
    "run_id", "path", "item", "number", "status", "cause", "message", "exit_code", "created_at", "started_at",
    "ended_at", "handle", "stop_reason", "stop_at", "detail",
)  # fmt: skip

_STATUS = {status.value: status for status in Status}
_HIDDEN = "***"


def run_to_row(head: RunHead) -> Row:
    trigger_kind, actor_name = head.trigger.get("kind"), head.actor.get("name")
    return {
        "id": head.id,
        "repository": head.repository,
        "workflow": head.workflow,
        "git_commit": head.commit,
        "status": head.status.value,
        "cause": head.cause,
        "message": to_plain(head.message),
        "inputs": to_json(head.inputs),
        "outputs": to_json(head.outputs),
        "title": to_plain(head.title),
        "labels": to_json(head.labels),
        "trigger_data": to_json(head.trigger),
        "actor_data": to_json(head.actor),
        "rerun_of": head.rerun_of,
        "created_at": head.created_at,
        "started_at": head.started_at,
        "ended_at": head.ended_at,
        "cancel_at": head.cancel_at,
        "cancel_cause": head.cancel_cause,
        "killed": int(head.killed),
        "phase": head.phase,
        "result": None if head.result is None else head.result.value,
        "is_open": int(not head.status.terminal),
        "trigger_kind": None if trigger_kind is None else to_plain(str(trigger_kind)),
        "actor_name": None if actor_name is None else to_plain(str(actor_name)),
    }


def run_from_row(row: Sequence[Any]) -> RunHead:
    return RunHead(
        id=row[0],
        repository=row[1],
        workflow=row[2],
        commit=row[3],
        status=_STATUS[row[4]],
        cause=row[5],
        message=row[6],
        inputs=from_json(row[7]),
        outputs=from_json(row[8]),
        title=row[9],
        labels=from_json(row[10]),
        trigger=from_json(row[11]),
        actor=from_json(row[12]),
        rerun_of=row[13],
        created_at=row[14],
        started_at=row[15],
        ended_at=row[16],
        cancel_at=row[17],
        cancel_cause=row[18],
        killed=bool(row[19]),
        phase=row[20],
        result=None if row[21] is None else _STATUS[row[21]],
    )


def run_values(head: RunHead) -> Iterator[Row]:
    """What a list can filter by: each label, and each input that is no secret and not null."""
    for kind, values in (("label", head.labels), ("input", head.inputs)):
        for name, value in values.items():
            if value is not None and value != _HIDDEN:
                yield {
                    "kind": kind,
                    "name": to_indexed(name),
                    "value": to_indexed(value),
                    "created_at": head.created_at,
                    "run_id": head.id,
                }


def step_to_row(run: str, step: Step) -> Row:
    return {
        "run_id": run,
        "path": step.key.path,
        "item": step.key.item,
        "status": step.status.value,
        "cause": step.cause,
        "message": to_plain(step.message),
        "outputs": to_json(step.outputs),
        "retry_at": step.retry_at,
        "started_at": step.started_at,
        "ended_at": step.ended_at,
        "looped": int(step.looped),
        "detail": to_json(step.detail) if step.detail else None,
    }


def step_from_row(row: Sequence[Any], attempts: tuple[Attempt, ...] = ()) -> Step:
    _, path, item, status, cause, message, outputs, retry_at, started_at, ended_at, looped, detail = row
    return Step(
        StepKey(path, item),
        _STATUS[status],
        cause,
        message,
        from_json(outputs),
        attempts,
        retry_at,
        started_at,
        ended_at,
        bool(looped),
        from_json(detail) if detail is not None else {},
    )


def attempt_to_row(run: str, key: StepKey, attempt: Attempt) -> Row:
    return {
        "run_id": run,
        "path": key.path,
        "item": key.item,
        "number": attempt.number,
        "status": attempt.status.value,
        "cause": attempt.cause,
        "message": to_plain(attempt.message),
        "exit_code": attempt.exit_code,
        "created_at": attempt.created_at,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
        "handle": to_json_or_null(attempt.handle),
        "stop_reason": to_plain(attempt.stop_reason),
        "stop_at": attempt.stop_at,
        "detail": to_json(attempt.detail) if attempt.detail else None,
    }


def attempt_from_row(row: Sequence[Any]) -> tuple[AttemptKey, Attempt]:
    key = AttemptKey(row[0], row[1], row[2], row[3])
    return key, Attempt(
        number=row[3],
        status=_STATUS[row[4]],
        cause=row[5],
        message=row[6],
        exit_code=row[7],
        created_at=row[8],
        started_at=row[9],
        ended_at=row[10],
        handle=from_json_or_null(row[11]),
        stop_reason=row[12],
        stop_at=row[13],
        detail=from_json(row[14]) if row[14] is not None else {},
    )
