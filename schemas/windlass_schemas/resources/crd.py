"""Writes the custom resource definitions, deploy/crds/*.yaml, from the models.

In: `kinds.KINDS`. Out: one file a kind, checked in. `python -m windlass_schemas.resources.crd` writes them; with
`--check` it exits 1 when one is stale. A structural schema (KEP-1693) has no references, no `additionalProperties:
false` and no alternatives: what the models say beyond that is a CEL rule, or the operator's to refuse.
"""

import sys
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from windlass_schemas.generated_files import command
from windlass_schemas.resources.kinds import CATEGORY, GROUP, KINDS, VERSION, Kind
from windlass_schemas.written import MODEL_KEY

FOLDER = Path(__file__).parents[3] / "deploy/crds"
NOTE = "# Written by `make generate`: edits are lost.\n"
KEPT = frozenset(
    {
        *("type", "description", "properties", "required", "enum", "pattern", "format", "default", "items"),
        *("minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "maxProperties"),
        "additionalProperties",
    }
)


def crd_of(kind: Kind) -> dict[str, Any]:
    """The definition as the API server takes it."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{kind.plural}.{GROUP}",
            "labels": {"app.kubernetes.io/name": "windlass", "app.kubernetes.io/part-of": "windlass"},
        },
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind.kind,
                "listKind": f"{kind.kind}List",
                "plural": kind.plural,
                "singular": kind.singular,
                "shortNames": [kind.short],
                "categories": [CATEGORY],
            },
            "versions": [_version(kind)],
        },
    }


def _version(kind: Kind) -> dict[str, Any]:
    schema = structural(kind.model())
    if kind.rules:
        schema["x-kubernetes-validations"] = [dict(rule) for rule in kind.rules]
    head = {
        "apiVersion": {"type": "string", "description": f"{GROUP}/{VERSION}"},
        "kind": {"type": "string", "description": kind.kind},
        "metadata": {"type": "object"},
    }
    schema["properties"] = {**head, **schema["properties"]}
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [column.to_json() for column in kind.columns],
        "schema": {"openAPIV3Schema": schema},
    }


def structural(model: type[BaseModel]) -> dict[str, Any]:
    """The model's schema with everything in place that it refers to."""
    raw = model.model_json_schema(by_alias=True)
    return _converted(raw, raw.get("$defs", {}))


def _converted(schema: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    found = dict(schema)
    if MODEL_KEY in found:
        found = {**structural(found.pop(MODEL_KEY)), **found}
    if "$ref" in found:
        found = {**_converted(named[found.pop("$ref").rpartition("/")[2]], named), **found}
    if "const" in found:
        found["enum"] = [found.pop("const")]
    result = {key: value for key, value in found.items() if key in KEPT or key.startswith("x-kubernetes-")}
    if result.get("default") in ([], {}, None):
        result.pop("default", None)
    if "x-kubernetes-validations" in result:
        result.pop("pattern", None)  # the rule has the better message
    if "description" in result:
        result["description"] = " ".join(result["description"].split())
    if "properties" in result:
        result["properties"] = {name: _converted(part, named) for name, part in result["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(result.get(key), dict):
            result[key] = _converted(result[key], named)
        elif key in result:
            del result[key]  # unknown fields are pruned, or refused, by the API server itself
    return result


class _Plain(yaml.SafeDumper):
    """Lists below their key, as kubectl prints them; no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def text_of(kind: Kind) -> str:
    """The file as it is checked in."""
    return NOTE + yaml.dump(crd_of(kind), Dumper=_Plain, sort_keys=False, width=120, allow_unicode=True)


def texts() -> dict[str, str]:
    """By the file's name."""
    return {f"{GROUP}_{kind.plural}.yaml": text_of(kind) for kind in KINDS}


def main(arguments: list[str] | None = None) -> int:
    return command("Write the custom resource definitions.", FOLDER, texts, arguments)


if __name__ == "__main__":
    sys.exit(main())
