"""The cluster's own OpenAPI as the JSON Schemas that kubeconform reads: it would fetch them from the internet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.cluster.control_plane import ControlPlane

LOCATION = "{{ .ResourceKind }}-{{ .ResourceAPIVersion }}.json"
_TEXTS = ("int-or-string", "quantity")


def write_schemas(plane: ControlPlane, folder: Path) -> str:
    """What kubeconform takes as `-schema-location`."""
    definitions = json.loads(plane.kubectl("get", "--raw", "/openapi/v2"))["definitions"]
    for definition in definitions.values():
        for kind in definition.get("x-kubernetes-group-version-kind", ()):
            whole = _strict(definition, definitions, ())
            whole["properties"] |= {"kind": {"type": "string"}, "apiVersion": {"type": "string"}}
            (folder / f"{kind['kind'].lower()}-{kind['version']}.json").write_text(json.dumps(whole))
    return f"{folder}/{LOCATION}"


def _strict(schema: dict[str, Any], all_of_them: dict[str, Any], way: tuple[str, ...]) -> dict[str, Any]:
    """References written out, unknown fields refused; where a kind contains itself, anything goes."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {} if name in way else _strict(all_of_them[name], all_of_them, (*way, name))
    if schema.get("format") in _TEXTS or "x-kubernetes-int-or-string" in schema:
        return {"type": ["string", "integer", "number"]}
    made = {key: value for key, value in schema.items() if key in ("type", "required", "enum")}
    if made.get("type") == "string" and "quantity" in schema.get("description", "").lower()[:40]:
        made["type"] = ["string", "integer", "number"]
    if "properties" in schema:
        made["properties"] = {key: _strict(one, all_of_them, way) for key, one in schema["properties"].items()}
        made["additionalProperties"] = False
    elif isinstance(schema.get("additionalProperties"), dict):
        made["additionalProperties"] = _strict(schema["additionalProperties"], all_of_them, way)
    if "items" in schema:
        made["items"] = _strict(schema["items"], all_of_them, way)
    return made
