"""The examples of the language page are read by the models and by the JSON Schemas."""

from __future__ import annotations

from typing import Any

import pytest

from windlass_schemas.document import MODELS

KINDS = sorted(MODELS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_is_read(reader: Any, kind: str) -> None:
    value = reader.fixture(kind)
    assert reader.mistakes(value) == []
    assert [error.message for error in reader.validator(kind).iter_errors(value)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_smallest_document_is_read(reader: Any, kind: str) -> None:
    value = reader.smallest(kind)
    assert reader.mistakes(value) == []
    assert reader.schema_accepts(value)


def test_the_workflow_means_what_it_says(reader: Any) -> None:
    workflow = reader.model(reader.fixture("Workflow"))
    assert workflow.timeout == 7_200_000
    assert workflow.triggers.schedule[2].every == 900_000
    assert workflow.triggers.schedule[2].enabled is False
    assert workflow.triggers.webhook[0].verify.secret == "WEBHOOK_KEY"
    assert workflow.expect.slower_than == 130
    assert workflow.defaults.retry.attempts == 1
    steps = {item.name: item.step for item in workflow.step_items()}
    assert steps["test"].retry.exit_codes == (75,)
    assert steps["test"].retry.on == ("errored", "timeout")
    assert [part.name for part in steps["test"].run] == ["install", "unit", "tidy"]
    assert steps["approve"].approval.timeout == 86_400_000
    assert steps["approve"].kind == "approval"
    assert [item.path for item in workflow.finally_items()] == [("finally", "tell")]


def test_a_key_with_x_in_front_is_a_place_for_anchors(reader: Any) -> None:
    value = reader.smallest("Workflow", **{"x-anything": {"at": ["all"]}})
    assert reader.mistakes(value) == []
    assert reader.schema_accepts(value)
