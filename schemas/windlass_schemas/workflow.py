"""A workflow: inputs, triggers, steps (language page, "Workflow").

In: the mapping of a file of kind Workflow. Out: a `Workflow`; `step_items` and `finally_items` give steps one
shape, whether they are written as a map or as a list.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field
from pydantic_core import PydanticCustomError

from windlass_schemas.command import Env
from windlass_schemas.duration import Duration
from windlass_schemas.expression import Scalar
from windlass_schemas.head import Document
from windlass_schemas.inputs import Inputs
from windlass_schemas.metadata import Metadata
from windlass_schemas.names import PlainName, StepName
from windlass_schemas.outputs import WorkflowOutputs
from windlass_schemas.size import Percent
from windlass_schemas.step import Execution, Step
from windlass_schemas.written import Branches, Flag, Later, Maybe, Text, Written

if TYPE_CHECKING:
    import windlass_schemas.concurrency
    import windlass_schemas.triggers

StepMap = Annotated[dict[StepName, Later[Step]], Field(min_length=1)]
StepList = Annotated[tuple[Later[Step], ...], Field(min_length=1)]
Path = tuple[str | int, ...]


def _steps(value: Any) -> Any:
    if isinstance(value, dict):
        return StepMap
    if isinstance(value, list | tuple):
        return StepList
    raise PydanticCustomError("wrong-type", "write a map from name to step, or a list of steps that run in order")


Steps = Annotated[Mapping[str, Step] | tuple[Step, ...], Branches(_steps, (StepMap, StepList))]


class Retention(Written):
    """How long things are kept; the server's limits when absent."""

    runs: Maybe[Duration] = Field(default=None, description="How long runs are kept.", examples=["90d"])
    logs: Maybe[Duration] = Field(default=None, description="How long logs are kept.", examples=["30d"])
    artifacts: Maybe[Duration] = Field(default=None, description="How long artifacts are kept.", examples=["14d"])


class Expect(Written):
    """What is normal; an alert is sent otherwise."""

    success_within: Maybe[Duration] = Field(
        default=None, description="The longest time between two successful runs.", examples=["26h"]
    )
    slower_than: Maybe[Percent] = Field(
        default=None, description="Too slow, in percent of the median of the last 20 runs.", examples=["130%"]
    )


class Access(Written):
    """Who may do what; narrows the tenant's rules and never widens them."""

    run: Maybe[tuple[Text, ...]] = Field(default=None, description="Who may start a run.", examples=[["group:ops"]])
    cancel: Maybe[tuple[Text, ...]] = Field(
        default=None, description="Who may cancel one; `initiator` is whoever started it."
    )


@dataclass(frozen=True, slots=True)
class StepItem:
    """A step with its name, where it is written, and the step before it when steps are a list."""

    name: str
    step: Step
    path: Path
    after: str | None = None


class Workflow(Document):
    """A workflow."""

    kind: Literal["Workflow"] = Field(description="The kind of document.")
    metadata: Metadata = Field(description="Its name, and what people need to know.")
    enabled: Flag = Field(default=True, description="Whether its triggers fire; people can start it either way.")
    inputs: Inputs = Field(default_factory=dict, description="What it is given; form, flags and API are made from it.")
    outputs: WorkflowOutputs = Field(default_factory=dict, description="What it gives back.")
    triggers: Maybe[Later["windlass_schemas.triggers.Triggers"]] = Field(
        default=None, description="What starts it, beside people."
    )
    env: Env = Field(default_factory=dict, description="Environment variables of all steps; take expressions.")
    environment: Maybe[Text] = Field(
        default=None,
        min_length=1,
        description="Picks env, secrets and protection from windlass.yaml; takes expressions.",
    )
    concurrency: Maybe[Later["windlass_schemas.concurrency.Concurrency"]] = Field(
        default=None, description="How many runs go at once."
    )
    run_title: Maybe[Text] = Field(default=None, min_length=1, description="The title of a run; takes expressions.")
    run_labels: dict[PlainName, Scalar] = Field(default_factory=dict, description="Labels of a run; take expressions.")
    retention: Maybe[Later[Retention]] = Field(default=None, description="How long runs, logs, artifacts are kept.")
    expect: Maybe[Later[Expect]] = Field(default=None, description="What is normal; an alert otherwise.")
    access: Maybe[Later[Access]] = Field(default=None, description="Who may start and cancel runs.")
    timeout: Maybe[Duration] = Field(default=None, description="How long a run may take.", examples=["2h"])
    runner: Maybe[Text] = Field(
        default=None, min_length=1, description="The runner of its steps; the server's default when absent."
    )
    defaults: Maybe[Later[Execution]] = Field(default=None, description="Keys for steps that do not set them.")
    steps: Steps = Field(description="A map is a graph; a list runs in order.")
    finally_: Maybe[Steps] = Field(
        default=None, alias="finally", description="Steps that run whatever happened, also after a cancel."
    )

    def step_items(self) -> list[StepItem]:
        """The steps in written order; item i of a list waits for item i-1."""
        return list(_items("steps", self.steps))

    def finally_items(self) -> list[StepItem]:
        """The steps of `finally`, in the same form; the numbers of those without a name go on."""
        return list(_items("finally", self.finally_ or {}, len(self.steps) if isinstance(self.steps, tuple) else 0))


def _items(section: str, steps: Mapping[str, Step] | tuple[Step, ...], so_far: int = 0) -> Iterator[StepItem]:
    if isinstance(steps, Mapping):
        for name, step in steps.items():
            yield StepItem(name, step, (section, name))
        return
    before: str | None = None
    for index, step in enumerate(steps):
        name = step.name or f"step-{so_far + index + 1}"
        yield StepItem(name, step, (section, index), after=before)
        before = name
