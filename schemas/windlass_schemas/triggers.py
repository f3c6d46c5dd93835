"""`triggers` of a workflow: what starts it, beside people. A kind of trigger is imported when a workflow has one."""

from typing import TYPE_CHECKING

from pydantic import Field

from windlass_schemas.written import Later, Written

if TYPE_CHECKING:
    import windlass_schemas.other_triggers
    import windlass_schemas.schedule


class Triggers(Written):
    """What starts a workflow, beside people."""

    schedule: tuple[Later["windlass_schemas.schedule.ScheduleTrigger"], ...] = Field(
        default=(), description="By the clock."
    )
    webhook: tuple[Later["windlass_schemas.other_triggers.WebhookTrigger"], ...] = Field(
        default=(), description="By a request from outside."
    )
    git: tuple[Later["windlass_schemas.other_triggers.GitTrigger"], ...] = Field(
        default=(), description="By a change of the repository."
    )
    queue: tuple[Later["windlass_schemas.other_triggers.QueueTrigger"], ...] = Field(
        default=(), description="By a message of a queue."
    )
    postgres: tuple[Later["windlass_schemas.other_triggers.PostgresTrigger"], ...] = Field(
        default=(), description="By a change in PostgreSQL."
    )
    workflow: tuple[Later["windlass_schemas.other_triggers.WorkflowTrigger"], ...] = Field(
        default=(), description="By the end of another run."
    )
    event: tuple[Later["windlass_schemas.other_triggers.EventTrigger"], ...] = Field(
        default=(), description="By a custom event."
    )
