"""Inputs: what a workflow or an action is given; form, flags and API body are made from them.

In: the map under `inputs`. Out: one `Input` for each name. Values are checked elsewhere, by one checker for
flags, API, form, `with` and defaults alike.
"""

from typing import Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from windlass_schemas.declaration import CONSTRAINT_RULES, Declaration
from windlass_schemas.expression import SingleExpression
from windlass_schemas.names import ValueName
from windlass_schemas.written import Flag, Later, Maybe, published


class Input(Declaration):
    """One declared input."""

    model_config = published(
        allOf=[
            *CONSTRAINT_RULES,
            {"not": {"required": ["default", "type"], "properties": {"type": {"const": "secret"}}}},
        ]
    )

    default: Maybe[Any] = Field(default=None, description="The value when none is given.")
    required: Maybe[Flag] = Field(
        default=None, description="Whether a value must be given; by default true without a `default`."
    )
    show_if: Maybe[SingleExpression] = Field(
        default=None,
        description="The form shows it only while the expression is true; while it is false, no value is needed.",
        examples=["${{ 'web' in inputs.parts }}"],
    )

    @model_validator(mode="after")
    def _keeps_secrets_out(self) -> Self:
        if self.type == "secret" and self.has_default:
            raise PydanticCustomError(
                "secret-default", "an input of type secret has no default: git is no place for it", {"key": "default"}
            )
        return self

    @property
    def has_default(self) -> bool:
        """Whether a `default` is written; a written null counts as none."""
        return self.default is not None

    @property
    def is_required(self) -> bool:
        """Whether a value must be given: without a default, unless `required: false` (fine print, "Types")."""
        return not self.has_default and self.required is not False

    @property
    def is_always_required(self) -> bool:
        """Whether a value must be given whatever the other inputs are: one with `showIf` may be hidden."""
        return self.is_required and self.show_if is None

    def json_schema(self) -> dict[str, Any]:
        """`x-showIf` is the expression as it is written; JSON Schema itself has no word for it."""
        schema = super().json_schema()
        if self.has_default:
            schema["default"] = self.default
        if self.show_if is not None:
            schema["x-showIf"] = self.show_if
        return schema


Inputs = dict[ValueName, Later[Input]]


def inputs_json_schema(inputs: dict[str, Input]) -> dict[str, Any]:
    """All inputs as one closed JSON Schema object, as the API publishes it."""
    return {
        "type": "object",
        "properties": {name: declared.json_schema() for name, declared in inputs.items()},
        "required": [name for name, declared in inputs.items() if declared.is_always_required],
        "additionalProperties": False,
    }
