"""An answer to an approval: from a request to a vote that the ledger holds.

In: the run, the step, the answer, who gives it. Out: nothing once the vote is recorded, or an error of windlass.errors.
What a person may do is judged here, from what the ledger says; the engine judges once more by what is true when it
takes the answer in, so that two answers at the same moment cannot both decide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from windlass.errors import ConflictError, InputError, InputProblem, LedgerError, NotFoundError
from windlass.plan.approval import check_answers
from windlass.plan.values import ValueMismatchError, fit
from windlass.reconcile.access import check_may
from windlass.reconcile.people import check_may_answer, person_of
from windlass.runs.approvals import given_before, has_approved, waits
from windlass.runs.model import Answered, StepKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.reconcile.server_parts import Parts
    from windlass.runs.model import RunHead, Step
    from windlass.store.tx import Tx

PATIENCE = 10.0  # seconds until the engine has recorded an answer; it takes milliseconds unless the ledger is away
LONGEST_COMMENT = 4000


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody says."""

    approve: bool
    comment: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)


def answer(parts: Parts, run: str, key: StepKey, given: Answer, actor: Mapping[str, Any]) -> None:
    """Returns when the vote is in the ledger; a second approval of the same person changes nothing.

    Raises NotFoundError, ConflictError (it does not wait for an answer), ForbiddenError, InputError, LedgerError.
    """
    head, step = _found(parts, run, key)
    who = person_of(actor, parts.settings.groups_of(actor))
    _check_waits(step)
    asked = step.detail["approval"]
    check_may_answer(who, asked, head.actor.get("name"))
    if not asked["by"]:
        check_may(parts, head, "run", actor)
    if given.approve and has_approved(step, who.name):
        return
    answered = Answered(key, parts.clock.now(), who.name, given.approve, _comment(given.comment), _inputs(step, given))

    def audit(tx: Tx) -> None:
        said = {"step": key.path, "item": key.item or None, "comment": answered.comment, "inputs": answered.inputs}
        tx.add_audit(answered.at, dict(actor), f"run.{'approve' if given.approve else 'reject'}", run, None, said)

    parts.writer.write(audit)
    if not parts.engine.answer(run, answered).wait(PATIENCE):
        raise LedgerError("the answer could not be recorded yet: the ledger is away")
    _check_counted(_found(parts, run, key)[1], answered)


def _found(parts: Parts, run: str, key: StepKey) -> tuple[RunHead, Step]:
    found = parts.reads.whole_run(run)
    if found is None:
        raise NotFoundError(f"no run {run}")
    head, steps = found
    step = next((s for s in steps if s.key == key), None)
    if step is None:
        raise NotFoundError(f"run {run} has no step {_shown(key)}")
    return head, step


def _check_waits(step: Step) -> None:
    if waits(step):
        return
    if step.status.terminal:
        raise ConflictError(f"step {_shown(step.key)} has ended: {step.status.value}")
    raise ConflictError(f"step {_shown(step.key)} does not wait for an approval: it is {step.status.value}")


def _check_counted(step: Step, answered: Answered) -> None:
    """Somebody or something else may have been quicker."""
    votes = step.detail.get("votes", ())
    if any(vote["by"] == answered.who and vote["approve"] == answered.approve for vote in votes):
        return
    if waits(step):
        raise LedgerError("the answer could not be recorded yet")
    raise ConflictError(f"step {_shown(step.key)} has ended: {step.status.value}")


def _comment(text: str | None) -> str | None:
    """Raises InputError."""
    try:
        return None if text is None else fit({"type": "string", "maxLength": LONGEST_COMMENT}, text) or None
    except ValueMismatchError as error:
        raise InputError([InputProblem("/comment", found.message) for found in error.mismatches]) from error


def _inputs(step: Step, given: Answer) -> dict[str, Any]:
    """Raises InputError."""
    if not given.approve:
        return {}
    try:
        return check_answers(step.detail["approval"]["inputs"], given.inputs, given_before(step))
    except InputError as error:
        raise InputError([InputProblem("/inputs" + p.pointer, p.message) for p in error.problems]) from error


def _shown(key: StepKey) -> str:
    return f"{key.path} with item {key.item}" if key.item else key.path
