"""What a live workflow looks like in the status of its picture. Pure.

In: the workflow object of the API, the problems of its file. Out: the status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.operator.conditions import Said, conditions
from windlass.operator.problems_shown import first_error, problems_shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.clock import Millis


def workflow_status(
    view: Mapping[str, Any],
    problems: Sequence[Mapping[str, Any]],
    before: Mapping[str, Any],
    generation: int,
    now: Millis,
) -> dict[str, Any]:
    """`problems` are those of its file."""
    own = [problem for problem in problems if problem["file"] == view["path"]]
    following = view["next"][0] if view["next"] else None
    return {
        "observedGeneration": generation,
        "conditions": conditions(_said(view, first_error(own)), before, generation, now),
        "title": view["title"],
        "path": view["path"],
        "commit": view["commit"],
        "stale": view["stale"],
        "enabled": view["enabled"],
        "triggers": [trigger["name"] for trigger in view["triggers"] if trigger["enabled"]],
        "inputs": sorted(view["inputs"].get("properties", {})),
        "next": dict(following) if following is not None else None,
        **problems_shown(own),
    }


def _said(view: Mapping[str, Any], error: str | None) -> list[Said]:
    if view["stale"]:
        why = error or "its file is gone, and so many others that a person has to confirm it"
        wrong = f"git says something newer that cannot be used; the last good definition is live: {why}"
        return [Said("Ready", False, "Stale", wrong), Said("Valid", False, "ProblemsFound", wrong)]
    return [
        Said("Ready", True, "Live", f"live from {view['commit'][:12]}"),
        Said("Valid", True, "Valid", "its file is valid"),
    ]


def absent_status(reason: str, message: str, before: Mapping[str, Any], generation: int, now: Millis) -> dict[str, Any]:
    """Of an object that shows nothing: git has no such workflow."""
    said = [Said("Ready", False, reason, message)]
    return {"observedGeneration": generation, "conditions": conditions(said, before, generation, now)}
