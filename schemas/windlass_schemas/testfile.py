"""Workflow tests: results instead of execution, and what is expected (language page, "Workflow tests")."""

from typing import Any, Literal

from pydantic import Field

from windlass_schemas.command import Env
from windlass_schemas.head import Document
from windlass_schemas.metadata import Metadata
from windlass_schemas.names import StepName, ValueName, WorkflowReference
from windlass_schemas.written import Maybe, Text, Written

StepEnd = Literal["succeeded", "failed", "errored", "cancelled", "skipped"]
RunEnd = Literal["succeeded", "failed", "errored", "cancelled"]


class GivenResult(Written):
    """How a step ends in a test, without being run."""

    status: StepEnd = Field(default="succeeded", description="The status of the step.")
    outputs: dict[ValueName, Any] = Field(default_factory=dict, description="The outputs of the step.")
    items: Maybe[tuple["GivenResult", ...]] = Field(default=None, description="The items of a loop, in order.")


class Expected(Written):
    """What must be true at the end; what is absent is not looked at."""

    status: Maybe[RunEnd] = Field(default=None, description="The status of the run.")
    ran: Maybe[tuple[StepName, ...]] = Field(default=None, description="The steps that ran, in any order.")
    skipped: Maybe[tuple[StepName, ...]] = Field(default=None, description="The steps that were skipped.")
    outputs: Maybe[dict[ValueName, Any]] = Field(default=None, description="The outputs of the run.")


class Case(Written):
    """One case."""

    name: Text = Field(min_length=1, description="What the case shows.")
    inputs: dict[ValueName, Any] = Field(default_factory=dict, description="The inputs of the run.")
    env: Env = Field(default_factory=dict, description="The trigger's layer of the environment.")
    event: dict[str, Any] = Field(default_factory=dict, description="What started the run, as `event` in expressions.")
    steps: dict[StepName, GivenResult] = Field(
        default_factory=dict,
        description="Results instead of execution; a step without one succeeds with empty outputs.",
    )
    expect: Expected = Field(default_factory=Expected, description="What must be true at the end.")


class Test(Document):
    """Tests of one workflow."""

    __test__ = False  # not a test class of pytest

    kind: Literal["Test"] = Field(description="The kind of document.")
    metadata: Maybe[Metadata] = Field(default=None, description="What people need to know about the tests.")
    workflow: WorkflowReference = Field(description="The workflow under test.")
    cases: tuple[Case, ...] = Field(min_length=1, description="The cases, each with a run of its own.")
