"""What the API answers, as models: only for the OpenAPI document, answers themselves are plain JSON.

In: nothing. Out: one model for each object of interfaces.md; a test validates real answers against the document made
from them. Keys are camelCase, times RFC 3339 in UTC with milliseconds, null means none.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from windlass.web.step_shapes import AskedApproval, Attempt, RunStatus, Shape, StepStatus

# ---- errors


class PointedError(Shape):
    pointer: str = Field(description="A JSON pointer into the body of the request; empty: the request as a whole.")
    message: str


class ProblemDetails(Shape):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[PointedError] = Field(default=[], description="For 422: every value that does not fit.")


# ---- runs


class Step(Shape):
    status: StepStatus
    cause: str | None
    message: str | None
    outputs: dict[str, Any]
    started_at: datetime | None
    ended_at: datetime | None
    attempts: list[Attempt]
    items: list[Item] | None = Field(description="null unless the step is a loop.")
    items_next: str | None = Field(
        default=None, description="Only of a loop: the cursor of the items that follow; null when all are listed."
    )
    next_at: datetime | None = Field(
        default=None,
        description="Only of a step that waits: when it is over, the next attempt starts, or time to answer is up.",
    )
    approval: AskedApproval | None = Field(default=None, description="Only of an approval that has begun.")
    reused_from: str | None = Field(default=None, description="The run whose outputs were reused; only then.")


class Item(Step):
    key: str
    steps: dict[str, Step] | None = None


class ItemList(Shape):
    items: list[Item]
    next: str | None = Field(description="The cursor of the following page; null at the end.")


class Trigger(Shape):
    kind: str
    name: str
    scheduled_at: datetime | None


class Actor(Shape):
    kind: str
    name: str


class RunItem(Shape):
    """A run without its steps: an item of a list, the data of an event."""

    id: str
    repository: str
    workflow: str
    commit: str | None
    status: RunStatus
    cause: str | None = Field(description="Why it did not succeed: a stable code in kebab-case.")
    message: str | None
    title: str | None
    labels: dict[str, str]
    trigger: Trigger
    actor: Actor
    rerun_of: str | None
    inputs: dict[str, Any] = Field(description='Those of type secret show "***".')
    outputs: dict[str, Any]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class Run(RunItem):
    steps: dict[str, Step]


class RunList(Shape):
    items: list[RunItem]
    next: str | None = Field(description="The cursor of the following page; null at the end.")


# ---- plans


class Retry(Shape):
    attempts: int
    delay: int = Field(description="Milliseconds.")
    factor: float
    max_delay: int | None
    on: list[str]
    exit_codes: list[int]
    never: list[int]


class EnvLayer(Shape):
    name: str
    values: dict[str, Any]


class DeclaredOutput(Shape):
    schema_: dict[str, Any]
    size: int | None
    file: bool = Field(description="It is the path of a file, which is kept as an artifact.")


class Given(Shape):
    """What a step gives to what it uses; expressions are evaluated when the step starts."""

    target: str = Field(description="What `uses` names.")
    values: dict[str, Any] = Field(description="`with`, as written.")
    declared: dict[str, Any] = Field(description="The inputs of what is used, as written.")


class PlannedStep(Shape):
    """A step, expanded: defaults applied, dependencies resolved, spans in milliseconds."""

    model_config = ConfigDict(extra="allow")  # a plan of a newer Windlass may say more

    name: str
    section: Literal["steps", "finally"]
    needs: list[str]
    reads: list[str]
    condition: str | bool | None
    script: str | None
    argv: list[str]
    env: list[EnvLayer]
    outputs: dict[str, DeclaredOutput]
    timeout: int | None
    retry: Retry
    continue_on_error: bool
    idempotent: bool
    runner: str
    image: str | None
    working_directory: str | None
    given: Given | None


class PlanOrder(Shape):
    steps: list[str]
    finally_: list[str]


class Plan(Shape):
    """What a run is going to do, frozen when it was triggered."""

    model_config = ConfigDict(extra="allow")

    version: int
    repository: str
    workflow: str
    commit: str | None
    inputs: dict[str, Any]
    event: dict[str, Any]
    steps: dict[str, PlannedStep]
    finally_: dict[str, PlannedStep]
    order: PlanOrder = Field(description="The written order of the steps.")
    libraries: dict[str, str] = Field(description="The commit of each library that the run uses, by name.")
    outputs: dict[str, Any]
    env: list[EnvLayer]
    timeout: int | None
    title: str | None


# ---- sources and definitions


class Condition(Shape):
    type: Literal["Ready", "Fetched", "LibrariesFetched", "Valid"]
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str
    last_transition_time: datetime


class FileProblem(Shape):
    """As `windlass check --output json` prints it; lines and columns count from 1."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    path: str
    rule: str
    severity: Literal["error", "warning", "note"]
    message: str
    hint: str | None


class PinnedLibrary(Shape):
    git: str
    ref: str | None
    path: str | None
    commit: str
    hash: str
    newest: str | None = Field(description="The commit that the ref stands for now, as last seen.")


class Repository(Shape):
    name: str
    commit: str | None
    branch: str | None
    conditions: list[Condition]
    problems: list[FileProblem]
    libraries: dict[str, PinnedLibrary] = Field(description="What `windlass.lock` of that commit pins.")


class RepositoryList(Shape):
    items: list[Repository]
    next: str | None


class WorkflowTrigger(Shape):
    name: str
    kind: str
    enabled: bool
    written: dict[str, Any]


class Fire(Shape):
    trigger: str
    at: datetime


class WorkflowItem(Shape):
    """A live workflow; `stale`: git says something newer that is broken."""

    name: str
    repository: str
    title: str | None
    commit: str
    path: str
    stale: bool
    enabled: bool
    inputs: dict[str, Any] = Field(description="JSON Schema.")
    triggers: list[WorkflowTrigger]
    next: list[Fire]


class Workflow(WorkflowItem):
    description: str | None
    owners: list[str]
    definition: str = Field(description="The YAML as written.")


class WorkflowList(Shape):
    items: list[WorkflowItem]
    next: str | None


class Firing(Shape):
    trigger: str
    scheduled_at: datetime | None
    at: datetime
    run: str | None
    reason: str | None = Field(description="Why nothing was started.")


class FiringList(Shape):
    items: list[Firing]
    next: str | None


# ---- concurrency groups


class GroupMember(Shape):
    """A run, or one step of it. `since` it holds its place, or has been waiting for it."""

    run: str
    workflow: str
    step: str | None
    item: str | None
    since: datetime


class Group(Shape):
    repository: str
    group: str
    limit: int = Field(description="Of whoever holds it longest: each brings a limit of its own.")
    holders: list[GroupMember] = Field(description="The oldest first, at most 100.")
    holder_count: int
    waiting: list[GroupMember] = Field(description="The next one first, at most 100.")
    waiting_count: int


class GroupList(Shape):
    items: list[Group]
    next: str | None


# ---- hooks


class StartedRun(Shape):
    id: str
    repository: str
    workflow: str
    url: str


class HookAnswer(Shape):
    runs: list[StartedRun]
    reason: str | None = Field(default=None, description="Why nothing was started.")
    challenge: str | None = Field(default=None, description="Slack's, when it verifies the address.")


class EventAnswer(Shape):
    runs: list[StartedRun]
    reason: str | None = Field(default=None, description="Why nothing was started.")


class PushAnswer(Shape):
    repository: str
