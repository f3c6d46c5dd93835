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
    return {
        **_source(view, before, generation, now),
        "name": view["name"],
        "branch": view["branch"],
        "workflows": view["workflows"],
    }


def library_status(view: Mapping[str, Any], before: Mapping[str, Any], generation: int, now: Millis) -> dict[str, Any]:
    """Of an ActionLibrary."""
    actions = view["actions"]
    return {**_source(view, before, generation, now), "actions": actions, "actionCount": len(actions)}


def _source(view: Mapping[str, Any], before: Mapping[str, Any], generation: int, now: Millis) -> dict[str, Any]:
    said = [Said.of(condition) for condition in view["conditions"]] or [
        Said(aspect, None, "Progressing", PROGRESSING) for aspect in ASPECTS
    ]
    commit = view["commit"]
    return {
        "observedGeneration": generation,
        "conditions": conditions(said, before, generation, now),
        "commit": commit,
        "revision": f"{view['branch'] or 'HEAD'}@{commit[:12]}" if commit is not None else None,
        **problems_shown(view["problems"]),
    }


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
