"""WorkflowRun: create one to start a run; delete it to cancel. Every other run of the namespace gets one, too."""

from typing import Any

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from windlass_schemas.names import LABEL_PATTERN
from windlass_schemas.resources.conditions import ResourceStatus, one_rule, ruled
from windlass_schemas.written import Later, Maybe, Text, Whole, Written

RUN_PATTERN = r"^[0-9A-HJKMNP-TV-Z]{26}$"
ANYTHING: JsonDict = {"x-kubernetes-preserve-unknown-fields": True}


class WorkflowRunSpec(Written):
    """What to run. It is taken once, when the object is created."""

    model_config = ConfigDict(
        json_schema_extra=ruled(
            one_rule(
                "self == oldSelf", "a WorkflowRun is not changed: delete it to cancel, create another one to run again"
            )
        )
    )

    repository: Text = Field(
        description="The WorkflowRepository, in this namespace.", min_length=1, max_length=63, pattern=LABEL_PATTERN
    )
    workflow: Text = Field(
        description="The name of the workflow in it.", min_length=1, max_length=63, pattern=LABEL_PATTERN
    )
    inputs: dict[Text, Any] = Field(
        default_factory=dict,
        description="Values by the names of the workflow's inputs, each of its declared type. No secrets: whoever "
        "may read the object reads them.",
        json_schema_extra=ANYTHING,
    )
    env: dict[Text, Text] = Field(
        default_factory=dict, max_length=256, description="The trigger's layer of the environment."
    )
    ttl_seconds_after_finished: Maybe[Whole] = Field(
        default=None,
        ge=0,
        le=315_360_000,
        description="How long this object stays after the end of the run; the ledger keeps the run longer. The "
        "server's setting when absent.",
        json_schema_extra={"format": "int64"},
    )
    run: Maybe[Text] = Field(
        default=None,
        min_length=26,
        max_length=26,
        pattern=RUN_PATTERN,
        description="Set by Windlass: the run of the ledger that this object shows. Leave it out to start one.",
    )


class StepCounts(Written):
    """How far the steps are."""

    total: Whole = Field(description="All steps.")
    succeeded: Whole = Field(description="Those that succeeded.")
    failed: Whole = Field(description="Those that failed or errored.")
    skipped: Whole = Field(description="Those that were skipped or cancelled.")
    running: Whole = Field(description="Those that run or wait.")
    summary: Text = Field(description="Ended steps of all, for people.")


class Setback(Written):
    """An attempt that waits for its start, or that did not succeed."""

    step: Text = Field(description="Its step; of a loop `step[item]`, of a nested workflow `outer/inner`.")
    attempt: Whole = Field(description="Its number, from 1.")
    state: Text = Field(description="Waiting or Ended.")
    cause: Text = Field(description="Why, as a stable code: unschedulable, image-pull, evicted, exit-code…")
    message: Text = Field(description="Why, for people: the cluster's own words where it has any.")


class WorkflowRunStatus(ResourceStatus):
    """What became of the run, as the ledger has it."""

    id: Maybe[Text] = Field(default=None, description="The run's id in the API, in URLs and on the command line.")
    phase: Maybe[Text] = Field(
        default=None,
        description="Queued, Running, Waiting, Cancelling, then Succeeded, Failed, Errored or Cancelled; Refused when "
        "no run could be started.",
    )
    cause: Maybe[Text] = Field(default=None, description="Why it did not succeed, as a stable code.")
    message: Maybe[Text] = Field(default=None, description="Why, for people.")
    commit: Maybe[Text] = Field(default=None, description="The commit that it runs.")
    title: Maybe[Text] = Field(default=None, description="Its title.")
    trigger: Maybe[Text] = Field(default=None, description="What started it: manual, schedule, webhook, git…")
    actor: Maybe[Text] = Field(default=None, description="Who started it.")
    created_at: Maybe[Text] = Field(
        default=None, description="When it was accepted.", json_schema_extra={"format": "date-time"}
    )
    started_at: Maybe[Text] = Field(
        default=None, description="When its first step began.", json_schema_extra={"format": "date-time"}
    )
    finished_at: Maybe[Text] = Field(
        default=None, description="When it ended.", json_schema_extra={"format": "date-time"}
    )
    duration: Maybe[Text] = Field(default=None, description="From the start to the end, for people.")
    steps: Maybe[Later[StepCounts]] = Field(default=None, description="How far the steps are.")
    setbacks: tuple[Later[Setback], ...] = Field(
        default=(),
        max_length=10,
        description="What keeps steps from starting, and the newest attempts that did not succeed.",
    )
    outputs: dict[Text, Any] = Field(
        default_factory=dict,
        description="The workflow's outputs, when they are small; all of them are in the API.",
        json_schema_extra=ANYTHING,
    )


class WorkflowRun(Written):
    """A run of a workflow. Create one to start a run, in this namespace; its status follows the ledger. Deleting it
    cancels a run that has not ended. Runs that other triggers start get an object of their own.
    """

    spec: Later[WorkflowRunSpec] = Field(description="What to run.")
    status: Maybe[Later[WorkflowRunStatus]] = Field(default=None, description="What became of it.")
