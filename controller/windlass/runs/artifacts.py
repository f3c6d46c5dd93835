"""What a run knows of artifacts: references to them, and files as outputs. The bytes are elsewhere.

In: steps whose attempts saved something (`Attempt.detail["artifacts"]`: name → {size, files, folder, digest}). Out: the
values of `steps.NAME.artifacts`, plain and frozen; what a launch loads; the value of an output of type file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from windlass.errors import ExpressionError
from windlass.runs.model import ArtifactRef
from windlass.runs.rerun import origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.plan.model import PlannedStep
    from windlass.runs.draft import Draft
    from windlass.runs.model import Attempt, AttemptKey, Step

DETAIL = "artifacts"


def saved(attempt: Attempt | None) -> Mapping[str, Mapping[str, Any]]:
    """What an attempt saved, by name."""
    return {} if attempt is None else attempt.detail.get(DETAIL) or {}


def references(draft: Draft, step: Step) -> dict[str, Any]:
    """`steps.NAME.artifacts` of a step, or of one item: those of its last attempt."""
    attempt = step.attempt
    if attempt is None or not saved(attempt):
        return {}
    key = draft.attempt_key(step.key, attempt.number)
    run = origin(key.run, attempt)
    return {
        name: {"run": run, "step": key.path, "item": key.item, "attempt": key.number, "name": name}
        for name in saved(attempt)
    }


def references_of_items(draft: Draft, planned: PlannedStep) -> dict[str, Any]:
    """`steps.NAME.artifacts` of a loop: a name stands for those of all its items, loaded as a folder by their keys."""
    names = [*planned.saves, *(name for name, spec in planned.outputs.items() if spec.file)]
    if not names:
        return {}
    items = [(key.item, references(draft, draft.step(key))) for key in draft.item_keys(planned.name)]
    return {
        name: {"name": name, "items": {item: found[name] for item, found in items if name in found}} for name in names
    }


def loads_of(values: Mapping[str, Any]) -> dict[str, ArtifactRef]:
    """What a launch loads, by path: the artifacts of a loop each below its item's key. Raises ExpressionError."""
    result: dict[str, ArtifactRef] = {}
    for path, value in values.items():
        items = value.get("items") if isinstance(value, dict) else None
        if isinstance(items, dict):
            folder = path.rstrip("/")
            result |= {f"{folder}/{_part(item)}": _reference(path, found) for item, found in items.items()}
        else:
            result[path] = _reference(path, value)
    return result


def _part(item: str) -> str:
    """An item's key as one part of a path: a slash, a control character or a leading dot as `%XX`."""
    text = "".join(quote(char, safe="") if char == "/" or not char.isprintable() else char for char in item)
    return f"%2E{text[1:]}" if text.startswith(".") else text


def _reference(path: str, value: Any) -> ArtifactRef:
    try:
        return ArtifactRef(value["run"], value["step"], value["item"], int(value["attempt"]), value["name"])
    except (TypeError, KeyError, ValueError) as error:
        message = f"artifacts.load: {path}: this is no artifact, write steps.STEP.artifacts.NAME"
        raise ExpressionError(message) from error


def file_value(key: AttemptKey, name: str, path: Any, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The value of an output of type file: `path` as the step wrote it, and where the file can be had."""
    where = {"step": key.path, **({"item": key.item} if key.item else {})}
    url = f"/api/v1/runs/{quote(key.run, safe='')}/artifacts/{quote(name, safe='')}?{urlencode(where)}"
    return {"path": path, "size": kept["size"], "digest": kept["digest"], "url": url}
