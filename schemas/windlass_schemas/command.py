"""Scripts and commands: `run` as text or parts, `command` with `args`."""

from typing import Annotated, Any

from pydantic import Field, Strict
from pydantic_core import PydanticCustomError

from windlass_schemas.expression import (
    Condition,
    DurationOrExpression,
    Scalar,
    Templated,
    holds_expression,
)
from windlass_schemas.names import EnvName
from windlass_schemas.shell import Shell
from windlass_schemas.written import Branches, Later, Maybe, Text, Written

Script = Annotated[str, Strict(), Field(min_length=1, pattern=r"\S")]
Env = dict[EnvName, Scalar]


class Part(Written):
    """One part of a script: same container and directory, a log section of its own."""

    name: Maybe[Text] = Field(default=None, min_length=1, description="The heading of the log section.")
    run: Script = Field(description="The script; never holds expressions.")
    if_: Maybe[Condition] = Field(
        default=None,
        alias="if",
        description="Whether the part runs; success() when absent.",
        examples=["${{ always() }}"],
    )
    shell: Maybe[Shell] = Field(default=None, description="The program that runs this part.")
    env: Env = Field(default_factory=dict, description="Environment variables of this part alone.")
    timeout: Maybe[DurationOrExpression] = Field(default=None, description="How long the part may take.")


Parts = Annotated[tuple[Later[Part], ...], Field(min_length=1)]


def _run(value: Any) -> Any:
    if isinstance(value, str):
        return Script
    if isinstance(value, list | tuple):
        return Parts
    raise PydanticCustomError("wrong-type", "run is a script, or a list of parts with name and run")


Run = Annotated[str | tuple[Part, ...], Branches(_run, (Script, Parts))]


Program = Annotated[str, Strict(), Field(pattern=r"^\S+$")]
Words = Annotated[tuple[Scalar, ...], Field(min_length=1)]
Arguments = tuple[Scalar, ...]


def _command(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return Words
    if isinstance(value, str) and (len(value.split()) == 1 or not value):
        return Program
    raise PydanticCustomError("invalid-command", 'command is a list of words, for example [echo, "hello there"]')


def _args(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return Arguments
    if holds_expression(value):
        return Templated
    raise PydanticCustomError("invalid-command", "args is a list of words, or an expression that gives one")


Command = Annotated[str | tuple[Any, ...], Branches(_command, (Words, Program))]
Args = Annotated[str | tuple[Any, ...], Branches(_args, (Arguments, Templated))]
