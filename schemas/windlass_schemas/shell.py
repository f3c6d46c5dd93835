"""Shells: which program runs a script."""

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from windlass_schemas.written import Branches, Text, Written

ShellName = Literal["bash", "sh", "python", "node", "ruby", "php", "perl", "go", "pwsh"]
SHELLS: tuple[str, ...] = get_args(ShellName)


class CustomShell(Written):
    """A program of one's own that runs the script."""

    command: tuple[Text, ...] = Field(
        min_length=1,
        description="The program and its arguments; {script} stands for the script's path.",
        examples=[["my-tool", "{script}"]],
    )

    @model_validator(mode="after")
    def _names_the_script(self) -> Self:
        if not any("{script}" in word for word in self.command):
            raise PydanticCustomError("invalid-shell", "one word of the command holds {script}, the script's path")
        return self


def _shell(value: Any) -> Any:
    if isinstance(value, dict):
        return CustomShell
    if isinstance(value, str) and value in SHELLS:
        return ShellName
    raise PydanticCustomError(
        "invalid-shell",
        'a shell is one of {names}, or {command: [my-tool, "{script}"]}',
        {"names": ", ".join(SHELLS)},
    )


Shell = Annotated[str | CustomShell, Branches(_shell, (ShellName, CustomShell))]
