"""Conditions as Kubernetes keeps them, and a whole status that is written only when it says something new.

In: what holds now, what the object's status said before. Out: conditions whose transition times move only with their
status (KEP-1623). Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass.clock import to_rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from windlass.clock import Millis

LONGEST_MESSAGE = 2048  # characters; the whole text is in the API
STATUSES = {True: "True", False: "False", None: "Unknown"}


@dataclass(frozen=True, slots=True)
class Said:
    """What holds: `status` True, False or None (unknown)."""

    type: str
    status: bool | None
    reason: str
    message: str

    @classmethod
    def of(cls, condition: Mapping[str, Any]) -> Said:
        """From a condition of the API."""
        status = {"True": True, "False": False}.get(condition["status"])
        return cls(condition["type"], status, condition["reason"], condition["message"])


def seconds(now: Millis) -> str:
    """A time as Kubernetes writes it."""
    return to_rfc3339(now - now % 1000).replace(".000Z", "Z")


def conditions(said: Iterable[Said], before: Mapping[str, Any], generation: int, now: Millis) -> list[dict[str, Any]]:
    """`before`: the status as it is on the object."""
    known = {one.get("type"): one for one in before.get("conditions") or () if isinstance(one, dict)}
    return [_condition(one, known.get(one.type), generation, now) for one in said]


def _condition(one: Said, old: Mapping[str, Any] | None, generation: int, now: Millis) -> dict[str, Any]:
    status = STATUSES[one.status]
    same = old is not None and old.get("status") == status and "lastTransitionTime" in old
    return {
        "type": one.type,
        "status": status,
        "observedGeneration": generation,
        "lastTransitionTime": old["lastTransitionTime"] if same and old is not None else seconds(now),
        "reason": one.reason,
        "message": one.message if len(one.message) <= LONGEST_MESSAGE else one.message[: LONGEST_MESSAGE - 1] + "…",
    }


def merge_patch(wanted: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON merge patch (RFC 7386) that makes a status of another: what is gone is null. Empty: nothing is new."""
    patch: dict[str, Any] = {}
    for key in {*wanted, *before}:
        old, new = before.get(key), wanted.get(key)
        if old == new:
            continue
        patch[key] = merge_patch(new, old) if isinstance(new, dict) and isinstance(old, dict) else new
    return patch
