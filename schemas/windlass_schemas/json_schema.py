"""Writes the JSON Schemas that editors use: draft 7, as yaml-language-server wants it.

In: the models. Out: schemas/json/{workflow,action,repository,test}.json, checked in.
`python -m windlass_schemas.json_schema` writes them; with `--check` it exits 1 when one is stale.
pydantic writes draft 2020-12; the words that differ are changed here.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from windlass_schemas.document import MODELS
from windlass_schemas.generated_files import command
from windlass_schemas.written import MODEL_KEY

FOLDER = Path(__file__).parents[1] / "json"
DRAFT = "http://json-schema.org/draft-07/schema#"
ADDRESS = "https://windlass.dev/schemas/v1/{name}.json"
REFERENCE_PREFIX = "#/$defs/"
DATA_KEYS = frozenset({"default", "examples", "enum", "const"})  # what is below is data and no schema


def schema_of(kind: str) -> dict[str, Any]:
    """The draft-7 JSON Schema of one kind of document."""
    definitions: dict[str, dict[str, Any]] = {}
    schema = _collected(MODELS[kind], definitions)
    schema["patternProperties"] = {"^x-": {"description": "A place for anchors; ignored."}}
    return {
        "$schema": DRAFT,
        "$id": ADDRESS.format(name=kind.lower()),
        **schema,
        "definitions": dict(sorted(definitions.items())),
    }


def _collected(model: type[BaseModel], definitions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A model's own schema; those it refers to go into `definitions`, each once, recursion included."""
    raw = model.model_json_schema(by_alias=True)
    named = raw.pop("$defs", {})
    schema: dict[str, Any] = draft7(_referred(raw, definitions))
    for name, part in named.items():
        definitions.setdefault(name, draft7(_referred(part, definitions)))
    return schema


def _referred(schema: Any, definitions: dict[str, dict[str, Any]]) -> Any:
    """The same schema with references in the place of models that are built later."""
    if isinstance(schema, list):
        return [_referred(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _referred(part, definitions) for key, part in schema.items() if key != MODEL_KEY}
    if MODEL_KEY in schema:
        model = schema[MODEL_KEY]
        found["$ref"] = REFERENCE_PREFIX + model.__name__
        if model.__name__ not in definitions:
            definitions[model.__name__] = {}  # known from now on, should it refer to itself
            definitions[model.__name__] = _collected(model, definitions)
    return found


def draft7(schema: Any) -> Any:
    """A 2020-12 schema in the words of draft 7. In draft 7 the neighbours of `$ref` are ignored: it is wrapped."""
    if isinstance(schema, list):
        return [draft7(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    renamed: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "$defs":
            renamed["definitions"] = {name: draft7(part) for name, part in value.items()}
        elif key == "properties":
            renamed[key] = {name: {**draft7(part), "title": name} for name, part in value.items()}
        elif key == "$ref":
            renamed[key] = value.replace(REFERENCE_PREFIX, "#/definitions/")
        elif key == "prefixItems":
            renamed["items"] = draft7(value)
        elif key == "default" and value is None:
            continue  # absent, and not null
        else:
            renamed[key] = value if key in DATA_KEYS else draft7(value)
    return _checked_names(_wrapped_reference(renamed))


def _wrapped_reference(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema or len(schema) == 1:
        return schema
    reference = schema.pop("$ref")
    return {**schema, "allOf": [{"$ref": reference}]}


def _checked_names(schema: dict[str, Any]) -> dict[str, Any]:
    """A map with a pattern for its keys refuses keys that do not match it."""
    patterns = schema.get("patternProperties")
    if isinstance(patterns, dict) and "properties" not in schema:
        schema["additionalProperties"] = False
    return schema


def text_of(kind: str) -> str:
    """The file as it is checked in."""
    return json.dumps(schema_of(kind), indent=2, ensure_ascii=False) + "\n"


def texts() -> dict[str, str]:
    """By the file's name."""
    return {f"{kind.lower()}.json": text_of(kind) for kind in MODELS}


def main(arguments: list[str] | None = None) -> int:
    return command("Write the JSON Schemas of the language.", FOLDER, texts, arguments)


if __name__ == "__main__":
    sys.exit(main())
