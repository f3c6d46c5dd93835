"""What a value may be: the type and the constraints that inputs, outputs and their parts have in common.

In: a declaration such as `{type: array, items: {type: string}, maxItems: 3}`. Out: a model that refuses
contradictions (a `minimum` of a string), and the same declaration as JSON Schema for API, form and checks.
"""

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from windlass_schemas.names import ValueName
from windlass_schemas.written import BuiltLater, Maybe, Number, Text, Whole, Written, published

ValueType = Literal["string", "integer", "number", "boolean", "array", "object", "secret", "file"]
ValueFormat = Literal["uri", "email", "date", "date-time", "duration", "markdown"]

_NUMERIC = frozenset({"integer", "number"})
_TEXTUAL = frozenset({"string", "secret"})
ALLOWED_TYPES: dict[str, frozenset[str]] = {
    "minimum": _NUMERIC,
    "maximum": _NUMERIC,
    "min_length": _TEXTUAL,
    "max_length": _TEXTUAL,
    "pattern": _TEXTUAL,
    "format": frozenset({"string"}),
    "min_items": frozenset({"array"}),
    "max_items": frozenset({"array"}),
    "items": frozenset({"array"}),
    "properties": frozenset({"object"}),
    "enum": frozenset({"string", "integer", "number", "boolean", "array", "object"}),
}
_KEYS = {name: to_camel(name) for name in ALLOWED_TYPES}

if TYPE_CHECKING:
    PartLater: TypeAlias = "PartDeclaration"
else:
    PartLater = Annotated[Any, BuiltLater(lambda: PartDeclaration)]


def _constraint_rule(key: str, kinds: frozenset[str]) -> dict[str, Any]:
    then: dict[str, Any] = {"properties": {"type": {"enum": sorted(kinds)}}}
    if "string" not in kinds:  # which is the type when none is written
        then["required"] = ["type"]
    return {"if": {"required": [key]}, "then": then}


CONSTRAINT_RULES = [_constraint_rule(_KEYS[name], kinds) for name, kinds in ALLOWED_TYPES.items()]


class Declaration(Written):
    """A value's type and what it must satisfy. `type` is string when it is not written."""

    model_config = published(allOf=CONSTRAINT_RULES)

    type: ValueType = Field(default="string", description="The type of the value.")
    title: Maybe[Text] = Field(default=None, description="A short name for people; the name when absent.")
    description: Maybe[Text] = Field(default=None, description="What the value is for, in Markdown.")
    enum: Maybe[tuple[Any, ...]] = Field(
        default=None, description="The only values that are accepted.", json_schema_extra={"minItems": 1}
    )
    minimum: Maybe[Number] = Field(default=None, description="The least number that is accepted.")
    maximum: Maybe[Number] = Field(default=None, description="The greatest number that is accepted.")
    min_length: Maybe[Whole] = Field(default=None, ge=0, description="The least count of characters.")
    max_length: Maybe[Whole] = Field(default=None, ge=0, description="The greatest count of characters.")
    pattern: Maybe[Text] = Field(
        default=None, description="A regular expression that the text contains; ^ and $ tie it to the ends."
    )
    min_items: Maybe[Whole] = Field(default=None, ge=0, description="The least count of items.")
    max_items: Maybe[Whole] = Field(default=None, ge=0, description="The greatest count of items.")
    format: Maybe[ValueFormat] = Field(
        default=None, description="What the text means; the form shows a fitting field and the value is checked."
    )
    items: Maybe[PartLater] = Field(default=None, description="What each item of an array is.")
    properties: Maybe[dict[ValueName, PartLater]] = Field(default=None, description="What the keys of an object are.")

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        written = self.model_fields_set
        for name in written & ALLOWED_TYPES.keys():
            if self.type not in ALLOWED_TYPES[name]:
                raise PydanticCustomError(
                    "constraint-type",
                    "{key} does not fit type {type}; it is for {fitting}",
                    {
                        "key": _KEYS[name],
                        "type": self.type,
                        "fitting": " and ".join(sorted(ALLOWED_TYPES[name])),
                    },
                )
        for low, high in (("minimum", "maximum"), ("min_length", "max_length"), ("min_items", "max_items")):
            if low in written and high in written and getattr(self, low) > getattr(self, high):
                raise PydanticCustomError(
                    "constraint-range",
                    "{low} is greater than {high}",
                    {"low": _KEYS[low], "high": _KEYS[high], "at": [_KEYS[low]]},
                )
        if self.enum is not None:
            _check_enum(self.type, self.enum)
        if self.pattern is not None:
            _check_pattern(self.pattern)
        return self

    def json_schema(self) -> dict[str, Any]:
        """The declaration as JSON Schema; `secret` and `file` are strings with a format of that name."""
        schema: dict[str, Any] = {"type": self.type}
        if self.type in {"secret", "file"}:
            schema = {"type": "string", "format": "password" if self.type == "secret" else "file"}
        for name in ("title", "description", "format", *ALLOWED_TYPES):
            value = getattr(self, name)
            if value is None or name in {"items", "properties"}:
                continue
            schema[_KEYS.get(name, name)] = list(value) if name == "enum" else value
        if self.items is not None:
            schema["items"] = self.items.json_schema()
        if self.properties is not None:
            schema["properties"] = {name: part.json_schema() for name, part in self.properties.items()}
        return schema


class PartDeclaration(Declaration):
    """The declaration of an array's items or of an object's key."""

    type: Literal["string", "integer", "number", "boolean", "array", "object"] = Field(
        default="string", description="The type of the value."
    )
    required: tuple[ValueName, ...] = Field(
        default=(), description="The keys of an object that must be there.", examples=[["host"]]
    )

    def json_schema(self) -> dict[str, Any]:
        schema = super().json_schema()
        if self.required:
            schema["required"] = list(self.required)
        return schema


def fits(kind: str, value: Any) -> bool:
    """Whether a plain value has a declared type; true and 1 are two things, 1 is an integer and a number."""
    if isinstance(value, bool):
        return kind == "boolean"
    expected: dict[str, tuple[type, ...]] = {
        "integer": (int,),
        "number": (int, float),
        "array": (list, tuple),
        "object": (dict,),
        "boolean": (),
    }
    return isinstance(value, expected.get(kind, (str,)))


def _check_enum(kind: str, values: tuple[Any, ...]) -> None:
    if not values:
        raise PydanticCustomError("invalid-enum", "enum needs at least one value")
    for index, value in enumerate(values):
        if not fits(kind, value):
            raise PydanticCustomError(
                "invalid-enum",
                "value {number} of enum is no {kind}",
                {"number": index + 1, "kind": kind, "at": ["enum", index]},
            )


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise PydanticCustomError(
            "invalid-pattern",
            "pattern is no regular expression: {reason}",
            {"reason": str(error), "at": ["pattern"]},
        ) from error
