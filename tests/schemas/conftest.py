"""Documents to read: the examples of the language page, and small ones that a test changes."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from windlass.loading.document import read_document
from windlass_schemas.document import MODELS

HERE = Path(__file__).parent
SCHEMAS = HERE.parents[1] / "schemas" / "json"
HEAD = {"apiVersion": "windlass.dev/v1"}
SMALLEST: dict[str, dict[str, Any]] = {
    "Workflow": {**HEAD, "kind": "Workflow", "metadata": {"name": "w"}, "steps": {"a": {"run": "true"}}},
    "Action": {**HEAD, "kind": "Action", "metadata": {"name": "a"}, "run": "true"},
    "Repository": {**HEAD, "kind": "Repository"},
    "Test": {**HEAD, "kind": "Test", "workflow": "w", "cases": [{"name": "it runs"}]},
}
Mistake = tuple[tuple[str | int, ...], str]


class Reader:
    """Reads values by the model and by the JSON Schema that is checked in."""

    def smallest(self, kind: str, **changes: Any) -> dict[str, Any]:
        return {**copy.deepcopy(SMALLEST[kind]), **changes}

    def fixture(self, kind: str) -> dict[str, Any]:
        document, faults = read_document((HERE / "fixtures" / f"{kind.lower()}.yaml").read_bytes())
        assert not [fault for fault in faults if fault.severity == "error"]
        assert isinstance(document.value, dict)
        return document.value

    def model(self, value: dict[str, Any]) -> Any:
        return MODELS[value["kind"]].model_validate(value)

    def mistakes(self, value: dict[str, Any]) -> list[Mistake]:
        try:
            self.model(value)
        except ValidationError as error:
            return [(found["loc"], found["type"]) for found in error.errors()]
        return []

    def schema_accepts(self, value: dict[str, Any]) -> bool:
        return bool(self.validator(value["kind"]).is_valid(value))

    def validator(self, kind: str) -> Any:
        return jsonschema.Draft7Validator(json.loads((SCHEMAS / f"{kind.lower()}.json").read_text()))


@pytest.fixture(scope="session")
def reader() -> Reader:
    return Reader()


@pytest.fixture
def step_mistakes(reader: Reader) -> Callable[[dict[str, Any]], list[Mistake]]:
    """What the model says of one step, with the path below it."""

    def read(step: dict[str, Any]) -> list[Mistake]:
        found = reader.mistakes(reader.smallest("Workflow", steps={"a": step}))
        return [(loc[2:], code) for loc, code in found]

    return read
