"""Planned from text: a workflow and windlass.yaml as users write them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from windlass.plan.planner import Occasion, make_plan
from windlass_schemas.repository import Repository
from windlass_schemas.workflow import Workflow

HEAD = {"apiVersion": "windlass.dev/v1"}


def workflow_of(text: str) -> Workflow:
    metadata = {"kind": "Workflow", "metadata": {"name": "deploy"}}
    return Workflow.model_validate({**HEAD, **metadata, **yaml.safe_load(text)})


def settings_of(text: str) -> Repository:
    return Repository.model_validate({**HEAD, "kind": "Repository", **yaml.safe_load(text)})


@pytest.fixture
def plan() -> Any:
    def make(text: str, settings: str | None = None, **occasion: Any) -> Any:
        facts: dict[str, Any] = {"inputs": {}, "event": {"kind": "manual"}, **occasion}
        repository = settings_of(settings) if settings is not None else None
        return make_plan(workflow_of(text), repository, Occasion("shop", "c" * 40, **facts))

    return make


@pytest.fixture
def workflow() -> Any:
    return workflow_of


@pytest.fixture
def settings() -> Any:
    return settings_of
