"""Workflow: the read-only picture of one live workflow. What it says comes from git; editing it changes nothing."""

from pydantic import Field

from windlass_schemas.names import LABEL_PATTERN
from windlass_schemas.resources.conditions import ResourceStatus
from windlass_schemas.resources.workflow_repository import ProblemShown
from windlass_schemas.written import Flag, Later, Maybe, Text, Whole, Written


class WorkflowSpec(Written):
    """Which workflow is shown."""

    repository: Text = Field(description="The WorkflowRepository it comes from.", max_length=63, pattern=LABEL_PATTERN)
    workflow: Text = Field(description="Its name in that repository.", max_length=63, pattern=LABEL_PATTERN)


class NextFire(Written):
    """A fire of a schedule that is still to come."""

    trigger: Text = Field(description="The trigger, for example schedule[0].")
    at: Text = Field(description="When it fires.", json_schema_extra={"format": "date-time"})


class WorkflowStatus(ResourceStatus):
    """What git says of the workflow."""

    title: Maybe[Text] = Field(default=None, description="Its title.")
    path: Maybe[Text] = Field(default=None, description="Its file, below the repository's root.")
    commit: Maybe[Text] = Field(default=None, description="The commit that its live definition comes from.")
    stale: Maybe[Flag] = Field(
        default=None, description="Whether git says something newer that is broken; the last good definition is live."
    )
    enabled: Maybe[Flag] = Field(default=None, description="Whether it may be started.")
    triggers: tuple[Text, ...] = Field(default=(), description="What starts it.")
    inputs: tuple[Text, ...] = Field(default=(), description="The names of its inputs.")
    next: Maybe[Later[NextFire]] = Field(default=None, description="The next fire of its schedules.")
    errors: Maybe[Whole] = Field(default=None, description="How many errors its file has.")
    warnings: Maybe[Whole] = Field(default=None, description="How many warnings its file has.")
    problems: tuple[Later[ProblemShown], ...] = Field(default=(), description="The first of them.")


class Workflow(Written):
    """A workflow as git says it is, shown by Windlass. It is changed by a commit; create a WorkflowRun to start it."""

    spec: Later[WorkflowSpec] = Field(description="Which workflow is shown.")
    status: Maybe[Later[WorkflowStatus]] = Field(default=None, description="What git says of it.")
