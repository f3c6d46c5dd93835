"""What a repository's or a library's view says in the status of its object. Pure.

In: the view (the repository object of the API), the object's generation and status. Out: the new status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.operator.conditions import Said, conditions
from windlass.operator.problems_shown import problems_shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.clock import Millis

PROGRESSING = "it has not been looked at yet"
ASPECTS = ("Ready", "Fetched", "Valid")


def repository_status(
    view: Mapping[str, Any], before: Mapping[str, Any], generation: int, now: Millis
) -> dict[str, Any]:
    """Of a WorkflowRepository."""
    status = _source(view, before, generation, now)
    branch = view["branch"] or before.get("branch")
    return {**status, "name": view["name"], "branch": branch, "workflows": view["workflows"]}


def library_status(view: Mapping[str, Any], before: Mapping[str, Any], generation: int, now: Millis) -> dict[str, Any]:
    """Of an ActionLibrary."""
    status = _source(view, before, generation, now)
    if view["commit"] is None:
        return status
    return {**status, "actions": view["actions"], "actionCount": len(view["actions"])}


def _source(view: Mapping[str, Any], before: Mapping[str, Any], generation: int, now: Millis) -> dict[str, Any]:
    said = [Said.of(condition) for condition in view["conditions"]]
    if not said:
        unknown = [Said(aspect, None, "Progressing", PROGRESSING) for aspect in ASPECTS]
        return {
            **before,
            "observedGeneration": generation,
            "conditions": conditions(unknown, before, generation, now),
        }
    commit = view["commit"] or before.get("commit")  # what is live from an earlier life stays live
    return {
        "observedGeneration": generation,
        "conditions": conditions(said, before, generation, now),
        "commit": commit,
        "revision": f"{view['branch'] or 'HEAD'}@{commit[:12]}" if commit is not None else None,
        **problems_shown(view["problems"]),
    }


def keeps_silent(view: Mapping[str, Any], before: Mapping[str, Any], generation: int) -> bool:
    """Nobody has looked in this life, and what was known speaks of the same spec: it stays as it is."""
    return not view["conditions"] and bool(before.get("conditions")) and before.get("observedGeneration") == generation


def refused_status(
    aspect: str, reason: str, message: str, before: Mapping[str, Any], generation: int, now: Millis
) -> dict[str, Any]:
    """What was known stays, one aspect does not hold, and so the object is not Ready."""
    kept = [Said.of(one) for one in before.get("conditions") or () if one.get("type") not in ("Ready", aspect)]
    wrong: Sequence[Said] = [Said(kind, False, reason, message) for kind in ("Ready", aspect)]
    return {
        **before,
        "observedGeneration": generation,
        "conditions": conditions([*wrong, *kept], before, generation, now),
    }
