"""What is right in a file whose shape is wrong, so that all its mistakes are shown at once.

In: a document that its model refused. Out: the model of the rest and the value it was made of, or None when a mistake
stands where whatever refers to it would look wrong too (an input, a missing key).
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from windlass_schemas.document import MODELS

if TYPE_CHECKING:
    from windlass.loading.checks.site import Path
    from windlass.loading.positions import Document


def read_rest(document: Document, kind: str) -> tuple[Any, dict[str, Any]] | None:
    """The model of what is right in a broken document, None when too little is left.

    Keys of steps that cannot be used, and keys that do not exist, are left out, so that the rest of the file can be
    checked at once. A mistake elsewhere (an input, a missing key) would make what refers to it look wrong too.
    """
    value = copy.deepcopy(document.value)
    try:
        MODELS[kind].model_validate(value)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            if not _leave_out(value, detail["loc"], detail["type"]):
                return None
    try:
        return MODELS[kind].model_validate(value), value
    except ValidationError:
        return None


def _leave_out(value: Any, path: Path, code: str) -> bool:
    """Delete the key that an error is about; False when it is none that can be spared."""
    path = path[:-1] if path and path[-1] == "[key]" else path
    spare = code == "extra_forbidden" or (len(path) > 2 and path[0] in ("steps", "finally") and code != "missing")
    if not spare:
        return False
    cut = path if code == "extra_forbidden" else path[:4] if len(path) > 3 and path[2] == "env" else path[:3]
    for part in cut[:-1]:
        value = _child(value, part)
    if isinstance(value, dict):
        value.pop(cut[-1], None)
    return True


def _child(value: Any, part: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(part)
    return value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None
