from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel

from windlass_schemas import json_schema
from windlass_schemas.document import MODELS
from windlass_schemas.generated_files import stale_files

KINDS = sorted(MODELS)


def test_what_is_checked_in_is_what_the_models_say() -> None:
    assert stale_files(json_schema.FOLDER, json_schema.texts()) == [], "run python -m windlass_schemas.json_schema"


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_draft_7(reader: Any, kind: str) -> None:
    schema = reader.validator(kind).schema
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert schema["$id"] == f"https://windlass.dev/schemas/v1/{kind.lower()}.json"
    text = json.dumps(schema)
    for word in ("$defs", "prefixItems", "unevaluatedProperties", "dependentRequired", "windlass-model"):
        assert word not in text


@pytest.mark.parametrize("kind", KINDS)
def test_every_reference_leads_somewhere_and_every_key_is_described(reader: Any, kind: str) -> None:
    schema = reader.validator(kind).schema
    definitions = schema["definitions"]
    for name in _references(schema):
        assert definitions[name.removeprefix("#/definitions/")]
    for owner in (schema, *definitions.values()):
        assert owner["description"]
        for key, part in owner.get("properties", {}).items():
            assert part["description"].endswith("."), (owner["title"], key)
            assert part["title"] == key


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_and_examples_fit_their_own_schema(reader: Any, kind: str) -> None:
    schema = reader.validator(kind).schema
    for owner in (schema, *schema["definitions"].values()):
        for part in owner.get("properties", {}).values():
            check = jsonschema.Draft7Validator({**part, "definitions": schema["definitions"]})
            for value in (*([part["default"]] if "default" in part else []), *part.get("examples", [])):
                assert check.is_valid(value), (owner["title"], part["title"], value)


def test_the_command_writes_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--folder", str(tmp_path)]
    assert json_schema.main([*arguments, "--check"]) == 1
    assert json_schema.main(arguments) == 0
    assert json_schema.main([*arguments, "--check"]) == 0
    file = tmp_path / "test.json"
    file.write_text(file.read_text() + " ")
    capsys.readouterr()
    assert json_schema.main([*arguments, "--check"]) == 1
    assert capsys.readouterr().out == "stale test.json\n"


def test_every_key_is_in_camel_case_and_says_what_it_is() -> None:
    for model in _models():
        for name, field in model.model_fields.items():
            assert field.alias, (model, name)
            assert "_" not in field.alias, (model, name)
            assert field.description, (model, name)


def _models() -> list[type[BaseModel]]:
    from windlass_schemas.written import Written

    found, open_ = [], [Written]
    while open_:
        children = open_.pop().__subclasses__()
        found += children
        open_ += children
    return [model for model in found if model.__module__.startswith("windlass_schemas")]


def _references(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [name for part in schema for name in _references(part)]
    if not isinstance(schema, dict):
        return []
    own = [schema["$ref"]] if isinstance(schema.get("$ref"), str) else []
    return own + [name for part in schema.values() for name in _references(part)]
