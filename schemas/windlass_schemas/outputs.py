"""Outputs: what a step, an action or a workflow gives back.

In: the map under `outputs`. Out: `Output` for steps and actions (declared, written to `$WINDLASS_OUTPUT`),
`WorkflowOutput` or text for workflows (an expression, with or without a type).
"""

from typing import Annotated, Any

from pydantic import Field
from pydantic_core import PydanticCustomError

from windlass_schemas.declaration import Declaration, ValueType
from windlass_schemas.expression import Templated, holds_expression
from windlass_schemas.names import ValueName
from windlass_schemas.size import Size
from windlass_schemas.written import Branches, Later, Maybe, Text, Written


class Output(Declaration):
    """One declared output of a step or an action."""

    size: Maybe[Size] = Field(
        default=None,
        description="A limit of its own in bytes; outputs without one count together against 4 KiB.",
        examples=["1Mi"],
    )


class WorkflowOutput(Written):
    """An output of a workflow with a declared type."""

    value: Templated = Field(description="The expression that gives the value.")
    type: Maybe[ValueType] = Field(default=None, description="The type; that of the expression when absent.")
    description: Maybe[Text] = Field(default=None, description="What the output is, in Markdown.")


def _workflow_output(value: Any) -> Any:
    if isinstance(value, dict):
        return WorkflowOutput
    if holds_expression(value):
        return Templated
    raise PydanticCustomError(
        "invalid-output", "an output of a workflow is an expression in ${{ }} or a map with value and type"
    )


Outputs = dict[ValueName, Later[Output]]
WorkflowOutputs = dict[
    ValueName,
    Annotated[str | WorkflowOutput, Branches(_workflow_output, (Templated, WorkflowOutput))],
]
