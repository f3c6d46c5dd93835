"""What is right in a file whose shape is wrong, so that all its mistakes are shown at once.

In: a document that its model refused. Out: a `Rest`: the model of the file without the parts that cannot be used, the
value it was made of, and the names that went with those parts, so that what refers to them is not called unknown.
None when too little is left.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from windlass.loading.positions import written
from windlass_schemas.document import API_VERSION, MODELS
from windlass_schemas.step import COMPANIONS, STEP_KINDS

if TYPE_CHECKING:
    from windlass.loading.checks.texts import Path
    from windlass.loading.positions import Document
    from windlass.problems import Problem

ROUNDS = 4  # a part that was left out may be what another one needs
KIND_KEYS = (*STEP_KINDS, *(key.rstrip("_") for key in COMPANIONS))
LOOPS: dict[str, Any] = {"forEach": [], "matrix": {"x": [1]}}  # a step that is no loop knows no `item`
NAMED = {"unknown-name": "", "unknown-step": "steps.", "unknown-input": "inputs."}
KEPT_OF_TRIGGERS = ("if", "inputs", "env")


@dataclass(slots=True)
class Rest:
    """`value` has the shape of `kind`; `gaps` are names (`inputs.x`) and written paths of what was left out."""

    kind: str
    value: dict[str, Any]
    model: Any = None
    gaps: set[str] = field(default_factory=set)

    def knows(self, problem: Problem, document: Document) -> bool:
        """The problem is one of the file, and none that leaving out made."""
        if problem.rule in ("unused-input", "unused-output"):
            return False  # it may be used in what was left out
        if problem.rule == "missing-input":
            return problem.path not in self.gaps
        prefix = NAMED.get(problem.rule)
        if prefix is None:
            return True
        token = document.text.split("\n")[problem.span.line - 1][problem.span.column - 1 : problem.span.end_column - 1]
        name = prefix + re.sub(r"""\[["']([^"']*)["']\]""", r".\1", token.strip("\"'"))
        return not any(name == gap or name.startswith(f"{gap}.") for gap in self.gaps)


def read_rest(document: Document, kind: str) -> Rest | None:
    """The model of what is right in a broken document, None when too little is left."""
    rest = Rest(kind, copy.deepcopy(document.value))
    for _ in range(ROUNDS):
        try:
            rest.model = MODELS[kind].model_validate(rest.value)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                if not _leave_out(rest, detail["loc"], detail["type"]):
                    return None
        else:
            return rest
    return None


def _leave_out(rest: Rest, path: Path, code: str) -> bool:
    """Leave out the smallest part that an error is about and that can be spared; False when there is none."""
    is_key = bool(path) and path[-1] == "[key]"
    path = path[:-1] if is_key else path
    if not path:
        return False
    if code == "extra_forbidden":
        _drop(rest.value, path)
    elif code == "missing" and len(path) == 1:
        _stand_in(rest, str(path[0]))
    else:
        _part_out(rest, path[:-1] if code == "missing" else path, is_key=is_key)
    return True


def _part_out(rest: Rest, path: Path, *, is_key: bool) -> None:
    top = path[0]
    if top in ("steps", "finally") and rest.kind == "Workflow" and len(path) > 1:
        _step_out(rest, path, is_key=is_key)
    elif top == "triggers" and len(path) > 1:
        _trigger_out(rest, path)
    elif top in ("inputs", "outputs", "env", "runLabels") and len(path) > 1:
        rest.gaps.add(f"{top}.{path[1]}")
        _drop(rest.value, path[:2])
    elif top in ("metadata", "steps", "apiVersion", "kind"):
        _stand_in(rest, str(top))
    else:
        rest.gaps.add({"environment": "env", "finally": "steps"}.get(str(top), str(top)))
        _drop(rest.value, path[:1])


def _stand_in(rest: Rest, key: str) -> None:
    """For a top-level key that must be there."""
    rest.gaps.add(key)
    stand_ins: dict[str, Any] = {
        "apiVersion": API_VERSION,
        "kind": rest.kind,
        "metadata": {"name": "x"},
        "steps": {"x": {"run": ":"}},
    }
    if key in stand_ins:
        rest.value[key] = stand_ins[key]


def _step_out(rest: Rest, path: Path, *, is_key: bool) -> None:
    """One key of a step, or what kind of step it is; a step without a good name altogether."""
    step = _at(rest.value, path[:2])
    key = path[2] if len(path) > 2 else None
    if key is None or key == "outputs" or key in KIND_KEYS:
        rest.gaps.add(f"steps.{_name(rest, step, path)}.outputs")
    if not isinstance(step, dict) or (key is None and is_key):
        rest.gaps.add(f"steps.{path[1]}")
        _put(rest.value, path[:2], {"run": ":"})
        if is_key:
            _drop(rest.value, path[:2])
    elif key is None or key in KIND_KEYS:
        for kind_key in (*KIND_KEYS, "matrix") if key is None else KIND_KEYS:
            step.pop(kind_key, None)
        step["run"] = ":"
    elif key in LOOPS:
        step[key] = LOOPS[str(key)]
    elif key == "env" and len(path) > 3:
        _drop(rest.value, path[:4])
    else:
        if key == "name":
            rest.gaps.add(f"steps.{step.get('name')}")
        step.pop(key, None)


def _name(rest: Rest, step: Any, path: Path) -> str:
    """As `Workflow.step_items` and `finally_items` name it."""
    written, place = step.get("name") if isinstance(step, dict) else None, path[1]
    if written or not isinstance(place, int):
        return str(written or place)
    main = rest.value.get("steps")
    so_far = len(main) if path[0] == "finally" and isinstance(main, list) else 0
    return f"step-{so_far + place + 1}"


def _trigger_out(rest: Rest, path: Path) -> None:
    """One key of a schedule or webhook, or what makes it one; other triggers as a whole."""
    kind, item = path[1], _at(rest.value, path[:3])
    if kind not in ("schedule", "webhook") or len(path) < 3:
        _drop(rest.value, path[:2])
        return
    rest.gaps.add(written(path[:3]))
    if isinstance(item, dict) and len(path) > 3:
        _drop(rest.value, path[:5] if path[3] in ("inputs", "env") and len(path) > 4 else path[:4])
        return
    new = {"every": "1h"} if kind == "schedule" else {"name": f"x{path[2]}", "verify": {"scheme": "none"}}
    kept = {key: item[key] for key in KEPT_OF_TRIGGERS if key in item} if isinstance(item, dict) else {}
    _put(rest.value, path[:3], {**new, **kept})


def _at(value: Any, path: Path) -> Any:
    """What stands at a path; None where it leads nowhere."""
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def _drop(value: Any, path: Path) -> None:
    """Delete a key; an item of a list stays, and what it belongs to goes: places are counted."""
    owner = _at(value, path[:-1])
    if isinstance(owner, dict):
        owner.pop(path[-1], None)
    elif isinstance(owner, list) and len(path) > 1:
        _drop(value, path[:-1])


def _put(value: Any, path: Path, new: Any) -> None:
    owner = _at(value, path[:-1])
    if isinstance(owner, dict) or (isinstance(owner, list) and isinstance(path[-1], int) and path[-1] < len(owner)):
        owner[path[-1]] = new  # type: ignore[index]  # an int where it is a list
