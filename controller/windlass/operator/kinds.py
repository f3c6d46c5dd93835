"""The kinds that the operator speaks of, where the API server keeps them, and what their objects have in common."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from windlass.kube.resources import Resource
from windlass_schemas.resources.kinds import GROUP, KINDS, VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

RESOURCES = {kind.kind: Resource(GROUP, VERSION, kind.plural, kind.kind) for kind in KINDS}
REPOSITORY, LIBRARY, WORKFLOW, RUN = "WorkflowRepository", "ActionLibrary", "Workflow", "WorkflowRun"

Object = dict[str, Any]


def uid_of(found: Mapping[str, Any]) -> str:
    return str(found["metadata"]["uid"])


def generation_of(found: Mapping[str, Any]) -> int:
    return int(found["metadata"].get("generation", 0))


def status_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """Empty for what is none."""
    status = found.get("status")
    return status if isinstance(status, dict) else {}


def spec_of(found: Mapping[str, Any]) -> Any:
    """As written: whoever reads it checks it, whatever the API server let through."""
    return found.get("spec")


def is_leaving(found: Mapping[str, Any]) -> bool:
    """It was deleted; somebody's finalizer may still hold it."""
    return bool(found["metadata"].get("deletionTimestamp"))


def version_of(found: Mapping[str, Any]) -> int:
    """Its resourceVersion as the number that it is; 0 when it is none."""
    text = str(found["metadata"].get("resourceVersion", ""))
    return int(text) if text.isdigit() else 0


def created_at(found: Mapping[str, Any]) -> int:
    """Milliseconds; 0 when nobody says."""
    return millis(found["metadata"].get("creationTimestamp"))


def millis(text: Any) -> int:
    """Of a time in an object; 0 for what is none."""
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except (TypeError, ValueError):
        return 0
