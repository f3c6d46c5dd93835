"""Approvals: a step that people end. It waits for as many of them as it wants, or for its timeout.

In: a draft, a step that begins, an answer, a timeout. Out: the step `waiting` with what it asks in `Step.detail`
(`approval` as it was when the step began, `votes` in their order), or its end: `succeeded` with the answers as outputs,
`failed` with cause `rejected`. Who may answer is decided outside, where people and groups are known; here one name
counts once. Everything stands in the ledger, so a restart changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from windlass.errors import ExpressionError
from windlass.expressions import evaluate, to_text
from windlass.plan.approval import completed
from windlass.runs.model import Status
from windlass.runs.scope import functions_of, values_for
from windlass_schemas.duration import parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from windlass.plan.approval import Approval
    from windlass.runs.draft import Draft
    from windlass.runs.model import Answered, Step, StepKey

SILENCE = "nobody answered"


def ask(draft: Draft, key: StepKey) -> None:
    """Begin: what is asked is evaluated now and kept. Ends the step `errored` when that cannot be done."""
    planned = draft.planned(key.path)
    assert planned.approval is not None
    try:
        asked, span = _asked(draft, planned.approval, values_for(draft, planned, key.item))
    except ExpressionError as error:
        draft.end(key, Status.ERRORED, "expression", f"approval: {error}")
        return
    step = draft.step(key)
    draft.put(
        replace(
            step,
            status=Status.WAITING,
            started_at=draft.now,
            retry_at=None if span is None else draft.now + span,
            message=_waits(asked, ()),
            detail={**step.detail, "approval": asked, "votes": []},
        )
    )


def _asked(draft: Draft, approval: Approval, values: Mapping[str, Any]) -> tuple[dict[str, Any], int | None]:
    """What `Step.detail` keeps, and the timeout. Raises ExpressionError."""
    functions = functions_of(draft)

    def now(written: Any) -> Any:
        return evaluate(written, values, functions) if isinstance(written, str) else written

    minimum, span = now(approval.minimum), now(approval.timeout)
    if isinstance(minimum, bool) or not isinstance(minimum, int) or minimum < 1:
        raise ExpressionError(f"minimum is a whole number of at least 1, not {to_text(minimum)}")
    try:
        span = parse_duration(span) if isinstance(span, str) else span
    except ValueError as error:
        raise ExpressionError(f"timeout: {error}") from error
    asked = {
        "by": _names(map(now, approval.by)),
        "notBy": _names(map(now, approval.not_by)),
        "minimum": minimum,
        "message": None if approval.message is None else to_text(now(approval.message)),
        "inputs": dict(approval.inputs),
    }
    return asked, span


def _names(values: Iterable[Any]) -> list[str]:
    """An entry that is an expression may give several."""
    found: list[str] = []
    for value in values:
        found += map(to_text, value) if isinstance(value, (list, tuple)) else [to_text(value)]
    return found


def _waits(asked: Mapping[str, Any], votes: Iterable[Any]) -> str:
    whom = f" by {' or '.join(asked['by'])}" if asked["by"] else ""
    return f"waits for approval{whom} ({len(list(votes))} of {asked['minimum']})"


def waits(step: Step | None) -> bool:
    """Whether the step waits for an answer."""
    return step is not None and step.status is Status.WAITING and "approval" in step.detail


def has_approved(step: Step, who: str) -> bool:
    return any(vote["by"] == who and vote["approve"] for vote in step.detail.get("votes", ()))


def given_before(step: Step) -> dict[str, Any]:
    """The answers so far: whoever comes later may leave them out, and wins when not."""
    return {name: value for vote in step.detail.get("votes", ()) for name, value in vote["inputs"].items()}


def take(draft: Draft, answer: Answered) -> None:
    """A second approval of the same person changes nothing, nor does an answer that comes too late."""
    step = draft.state_of(draft.local(answer.key))
    if step is None or not waits(step):
        return
    if answer.approve and not answer.decides and has_approved(step, answer.who):
        return
    vote = {
        "by": answer.who,
        "approve": answer.approve,
        "comment": answer.comment,
        "inputs": dict(answer.inputs),
        "at": answer.at,
    }
    votes = [*step.detail["votes"], vote]
    asked = step.detail["approval"]
    step = replace(step, detail={**step.detail, "votes": votes})
    if not answer.approve:
        why = f": {answer.comment}" if answer.comment else ""
        _end(draft, step, Status.FAILED, f"rejected by {answer.who}{why}")
    elif answer.decides or len(votes) >= asked["minimum"]:
        _end(draft, step, Status.SUCCEEDED)
    else:
        draft.put(replace(step, message=_waits(asked, votes)))


def time_is_up(draft: Draft, step: Step) -> None:
    approval = draft.planned(step.key.path).approval
    assert approval is not None
    if approval.on_timeout == "approve":
        _end(draft, step, Status.SUCCEEDED)
    else:
        _end(draft, step, Status.FAILED, SILENCE)


def _end(draft: Draft, step: Step, status: Status, message: str | None = None) -> None:
    draft.put(
        replace(
            step,
            status=status,
            cause=None if status is Status.SUCCEEDED else "rejected",
            message=message,
            outputs=_outputs(step, approved=status is Status.SUCCEEDED),
            retry_at=None,
            ended_at=draft.now,
        )
    )


def _outputs(step: Step, *, approved: bool) -> dict[str, Any]:
    """The answers, who approved, and what was said; of a rejection only the latter two."""
    votes = step.detail["votes"]
    said = [vote["comment"] for vote in votes if vote["comment"]]
    answers = completed(step.detail["approval"]["inputs"], given_before(step)) if approved else {}
    return {
        **answers,
        "by": [vote["by"] for vote in votes if vote["approve"]],
        "comment": "\n".join(said) if said else None,
    }
