"""An action: a step with typed inputs and outputs that workflows use by name (language page, "Action")."""

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from windlass_schemas.command import Args, Command, Env, Run
from windlass_schemas.head import Document
from windlass_schemas.inputs import Inputs
from windlass_schemas.metadata import Metadata
from windlass_schemas.outputs import Outputs
from windlass_schemas.shell import Shell
from windlass_schemas.written import Flag, Maybe, Text, Written, exactly_one, published

ActionKind = Literal["run", "entrypoint", "command"]
ACTION_KINDS: tuple[ActionKind, ...] = ("run", "entrypoint", "command")


class Permissions(Written):
    """What an action needs beside its inputs."""

    network: Flag = Field(default=True, description="Whether it uses the network.")
    docker: Flag = Field(default=False, description="Whether it needs Docker inside the step.")


class Action(Document):
    """An action."""

    model_config = published(
        **exactly_one(*ACTION_KINDS),
        dependencies={"args": ["command"], "shell": {"not": {"required": ["command"]}}},
    )

    kind: Literal["Action"] = Field(description="The kind of document.")
    metadata: Metadata = Field(description="Its name, and what people need to know.")
    inputs: Inputs = Field(default_factory=dict, description="What it is given, as INPUT_<NAME>.")
    outputs: Outputs = Field(default_factory=dict, description="What it writes to $WINDLASS_OUTPUT.")
    image: Maybe[Text] = Field(default=None, min_length=1, description="The container image.")
    shell: Maybe[Shell] = Field(default=None, description="The program that runs the script; bash when absent.")
    run: Maybe[Run] = Field(default=None, description="The script, or a list of parts.")
    entrypoint: Maybe[Text] = Field(
        default=None,
        min_length=1,
        description="A script file of the action's folder.",
        examples=["main.py"],
    )
    command: Maybe[Command] = Field(default=None, description="A program and its arguments, without a shell.")
    args: Maybe[Args] = Field(default=None, description="More arguments for `command`.")
    env: Env = Field(default_factory=dict, description="Environment variables, the weakest layer.")
    permissions: Permissions = Field(default_factory=Permissions, description="What it needs beside its inputs.")
    deprecated: Maybe[Text] = Field(
        default=None, min_length=1, description="Why not to use it any more, and what instead."
    )

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        written = self.model_fields_set
        kinds = [kind for kind in ACTION_KINDS if kind in written]
        if len(kinds) != 1:
            raise PydanticCustomError(
                "action-kind",
                "an action has exactly one of run, entrypoint, command; this one has {found}",
                {"found": " and ".join(kinds) or "none"},
            )
        if "args" in written and "command" not in written:
            raise PydanticCustomError("action-kind", "args goes with command")
        if "shell" in written and "command" in written:
            raise PydanticCustomError("action-kind", "shell goes with run or entrypoint")
        return self

    @property
    def action_kind(self) -> ActionKind:
        """Which of the three kinds of action this is."""
        return next(kind for kind in ACTION_KINDS if kind in self.model_fields_set)
