"""A step: exactly one of run, uses, command, approval and wait, and how it is carried out.

In: an entry of `steps` or `finally`. Out: a `Step`. Values that hold expressions stay text; durations are
milliseconds, sizes bytes.
"""

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from windlass_schemas.command import Args, Command, Env, Run
from windlass_schemas.expression import (
    Condition,
    CountOrExpression,
    DurationOrExpression,
    FlagOrExpression,
)
from windlass_schemas.loop import ForEach, MatrixOrExpression
from windlass_schemas.names import Label, StepName, ValueName
from windlass_schemas.outputs import Outputs
from windlass_schemas.shell import Shell
from windlass_schemas.storage import CheckoutOrFlag
from windlass_schemas.written import Later, Maybe, Parsed, Text, Written, exactly_one, published

if TYPE_CHECKING:
    import windlass_schemas.approval
    import windlass_schemas.concurrency
    import windlass_schemas.pod
    import windlass_schemas.retry
    import windlass_schemas.storage

StepKind = Literal["run", "uses", "command", "approval", "wait"]
STEP_KINDS: tuple[StepKind, ...] = ("run", "uses", "command", "approval", "wait")
COMPANIONS = {"args": "command", "with_": "uses", "shell": "run"}  # keys that mean nothing without another

USES_PATTERN = r"^(\./\S.*|[a-z0-9][a-z0-9-]*(/[A-Za-z0-9._-]+)+)$"


def read_uses(value: Any) -> str:
    """`alias/name` or `./path`, never an expression: what runs is known before it runs. Raises `invalid-uses`."""
    if isinstance(value, str) and "${{" not in value and re.fullmatch(USES_PATTERN, value):
        return value
    raise PydanticCustomError(
        "invalid-uses", "uses names an action (std/notify, ./actions/x) or a workflow (./workflows/x.yaml)"
    )


Uses = Annotated[str, Parsed(read_uses, {"type": "string", "pattern": USES_PATTERN})]
Needs = tuple[StepName, ...]


class Execution(Written):
    """How a step is carried out; what `defaults` may set."""

    image: Maybe[Text] = Field(default=None, min_length=1, description="The container image.", examples=["debian:12"])
    shell: Maybe[Shell] = Field(default=None, description="The program that runs `run`; bash when absent.")
    retry: Maybe[Later["windlass_schemas.retry.Retry"]] = Field(
        default=None, description="When a failed attempt is tried again."
    )
    timeout: Maybe[DurationOrExpression] = Field(default=None, description="How long an attempt may take.")
    quiet_timeout: Maybe[DurationOrExpression] = Field(
        default=None, description="How long an attempt may go without writing anything."
    )
    kill_after: Maybe[DurationOrExpression] = Field(
        default=None, description="The time between TERM and KILL; 10s when absent."
    )
    runner: Maybe[Text] = Field(
        default=None, min_length=1, description="The runner; the server's default when absent.", examples=["local"]
    )
    resources: Maybe[Later["windlass_schemas.pod.Resources"]] = Field(
        default=None, description="What the step is promised and may use."
    )
    checkout: Maybe[CheckoutOrFlag] = Field(
        default=None,
        description="Put the repository at the run's commit into the working directory; with {git: true} its history.",
        examples=[True, {"git": True}],
    )
    working_directory: Maybe[Text] = Field(
        default=None, min_length=1, description="A folder below the working directory to start in."
    )
    docker: Maybe[FlagOrExpression] = Field(
        default=None, description="Offer Docker inside the step, if the tenant's policy allows it."
    )
    pod: Maybe[Later["windlass_schemas.pod.Pod"]] = Field(
        default=None, description="A typed part of the pod spec, checked by policy."
    )


class Step(Execution):
    """One step of a workflow."""

    model_config = published(
        **exactly_one(*STEP_KINDS),
        dependencies={key.rstrip("_"): [companion] for key, companion in COMPANIONS.items()},
        **{"not": {"required": ["forEach", "matrix"]}},
    )

    name: Maybe[StepName] = Field(
        default=None,
        description="The name of a step in a list; step-1, step-2… when absent, counted on through finally.",
    )
    run: Maybe[Run] = Field(
        default=None, description="A script, or a list of parts; never holds expressions: use `env`."
    )
    uses: Maybe[Uses] = Field(
        default=None,
        description="An action of a library or of this repository, or a workflow.",
        examples=["std/notify"],
    )
    command: Maybe[Command] = Field(default=None, description="A program and its arguments, without a shell.")
    approval: Maybe[Later["windlass_schemas.approval.Approval"]] = Field(
        default=None, description="Waits until people agree."
    )
    wait: Maybe[Later["windlass_schemas.approval.Wait"]] = Field(
        default=None, description="Waits for a span of time or until a moment."
    )
    args: Maybe[Args] = Field(default=None, description="More arguments for `command`.")
    with_: dict[ValueName, Any] = Field(
        default_factory=dict, alias="with", description="The inputs of the action or workflow in `uses`."
    )
    needs: Needs = Field(default=(), description="Steps that must end before; references imply it.")
    if_: Maybe[Condition] = Field(default=None, alias="if", description="Whether the step runs; success() when absent.")
    env: Env = Field(default_factory=dict, description="Environment variables; null unsets one.")
    files: dict[Text, Later["windlass_schemas.storage.File"]] = Field(
        default_factory=dict, description="Path to a file that is there at the start."
    )
    outputs: Outputs = Field(default_factory=dict, description="What the step writes to $WINDLASS_OUTPUT.")
    for_each: Maybe[ForEach] = Field(
        default=None, description="Run once for each item; `item` and `index` are known in expressions."
    )
    matrix: Maybe[MatrixOrExpression] = Field(default=None, description="Run once for each combination of values.")
    max_parallel: Maybe[CountOrExpression] = Field(
        default=None, description="How many items of a loop run at once; 10 when absent."
    )
    fail_fast: Maybe[FlagOrExpression] = Field(
        default=None, description="Stop a loop at its first failure; true when absent."
    )
    continue_on_error: Maybe[FlagOrExpression] = Field(
        default=None, description="Count as succeeded for dependents and the run."
    )
    artifacts: Maybe[Later["windlass_schemas.storage.Artifacts"]] = Field(
        default=None, description="Files that outlive the step."
    )
    cache: Maybe[Later["windlass_schemas.storage.Cache"]] = Field(
        default=None, description="Folders or outputs kept between runs."
    )
    services: dict[Label, Later["windlass_schemas.pod.Service"]] = Field(
        default_factory=dict, description="Helper containers beside the step."
    )
    concurrency: Maybe[Later["windlass_schemas.concurrency.Concurrency"]] = Field(
        default=None, description="A group that limits the step."
    )
    idempotent: Maybe[FlagOrExpression] = Field(
        default=None, description="May be started again when it is not known whether it ran."
    )

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        written = self.model_fields_set
        kinds = [kind for kind in STEP_KINDS if kind in written]
        if len(kinds) != 1:
            raise PydanticCustomError(
                "step-kind",
                "a step has exactly one of run, uses, command, approval, wait; this one has {found}",
                {"found": " and ".join(kinds) or "none"},
            )
        for key, companion in COMPANIONS.items():
            if key in written and companion not in written:
                raise PydanticCustomError(
                    "step-kind", "{key} goes with {companion}", {"key": key.rstrip("_"), "companion": companion}
                )
        if "for_each" in written and "matrix" in written:
            raise PydanticCustomError("step-kind", "a step has forEach or matrix, not both", {"key": "matrix"})
        return self

    @property
    def kind(self) -> StepKind:
        """Which of the five kinds of step this is."""
        return next(kind for kind in STEP_KINDS if kind in self.model_fields_set)
