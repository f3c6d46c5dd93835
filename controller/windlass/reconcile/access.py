"""`access` of a workflow: who may start its runs by hand, and who may cancel one.

In: the actor, the workflow. Out: nothing, or a ForbiddenError. The rules are those that are live; of a workflow that is
gone, those that its run was planned with. Triggers start runs by what is committed and ask nobody; only requests to
start a run, to run one again or to cancel one are judged, and approvals that name nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from windlass.errors import ForbiddenError, NotFoundError
from windlass.plan.codec import from_bytes
from windlass.plan.planner import access_rules
from windlass.reconcile.people import INITIATOR, person_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.reconcile.server_parts import Parts
    from windlass.runs.model import RunHead

What = Literal["run", "cancel"]


def check_may_start(parts: Parts, rules: Mapping[str, Any], workflow: str, actor: Mapping[str, Any]) -> None:
    """Raises ForbiddenError."""
    _check(parts, rules.get("run"), f"run {workflow}", actor, None)


def check_may(parts: Parts, head: RunHead, what: What, actor: Mapping[str, Any]) -> None:
    """For a run that exists: run it again or answer its approvals (`run`), or cancel it. Raises ForbiddenError."""
    initiator = head.actor.get("name")
    _check(parts, _rules_of(parts, head).get(what), f"{what} {head.workflow}", actor, initiator)


def _rules_of(parts: Parts, head: RunHead) -> Mapping[str, Any]:
    try:
        return access_rules(parts.catalog.get(head.repository, head.workflow).model) or {}
    except NotFoundError:
        return from_bytes(parts.reads.plan(head.id)).access or {}


def _check(
    parts: Parts, allowed: Sequence[str] | None, what: str, actor: Mapping[str, Any], initiator: str | None
) -> None:
    if allowed is None:
        return
    person = person_of(actor, parts.settings.groups_of(actor))
    if any(person.is_one_of(entry) for entry in allowed if entry != INITIATOR):
        return
    if INITIATOR in allowed and initiator == person.name:
        return
    raise ForbiddenError(f"{person.name} is none of those who may {what}: {', '.join(allowed) or 'nobody may'}")
