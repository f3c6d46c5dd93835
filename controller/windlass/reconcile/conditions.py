"""Conditions of a source: type, status, reason, message, and the time of the last change of status.

The shape is Kubernetes' (KEP-1623); `Ready`, `Fetched` and `Valid` are those of design.md; `LibrariesFetched` is there
for repositories that name libraries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass.clock import to_rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.clock import Millis


@dataclass(frozen=True, slots=True)
class Condition:
    """`status` True, False or None (unknown); `since` moves only when the status does."""

    type: str
    status: bool | None
    reason: str
    message: str
    since: Millis

    def to_json(self) -> dict[str, Any]:
        status = {True: "True", False: "False", None: "Unknown"}[self.status]
        return {
            "type": self.type,
            "status": status,
            "reason": self.reason,
            "message": self.message,
            "lastTransitionTime": to_rfc3339(self.since),
        }


def settled(
    before: Sequence[Condition],
    now: Millis,
    *,
    fetched: Condition,
    valid: Condition,
    libraries: Condition | None = None,
) -> tuple[Condition, ...]:
    """All of them, with `Ready` summed up; transition times carried over where the status stayed."""
    known = {condition.type: condition for condition in before}
    parts = [fetched, *([libraries] if libraries is not None else []), valid]
    bad = next((c for c in parts if c.status is not True), None)
    ready = (
        Condition("Ready", True, "Reconciled", "what runs is equal to what git says", now)
        if bad is None
        else Condition("Ready", bad.status, bad.reason, bad.message, now)
    )
    return tuple(_carried(condition, known) for condition in (ready, *parts))


def _carried(fresh: Condition, known: Mapping[str, Condition]) -> Condition:
    old = known.get(fresh.type)
    if old is None or old.status is not fresh.status:
        return fresh
    return Condition(fresh.type, fresh.status, fresh.reason, fresh.message, old.since)
