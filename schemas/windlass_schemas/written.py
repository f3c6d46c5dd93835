"""The base of every model, and the small type forms that keep errors readable and start-up cheap.

In: plain Python values as YAML 1.2 gives them (dict, list, str, int, float, bool, None). Out: frozen models.
Three rules hold everywhere: unknown keys are refused, scalars are never converted, and an empty value
(`timeout:`) is an error and not the same as an absent key: an empty `if:` must not run a step.
Errors carry the written path only: no union tags get into `loc`, because branches are picked by functions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Optional, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Strict,
    TypeAdapter,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema

T = TypeVar("T")


class Written(BaseModel):
    """A mapping that a user wrote: closed, frozen, keys in camelCase; input never shows in error texts."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=False,
        serialize_by_alias=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
        defer_build=True,
    )


MODEL_KEY = "windlass-model"  # stands for a reference to a model until json_schema.py writes the definitions


def exactly_one(*keys: str) -> dict[str, Any]:
    """JSON Schema of "exactly one of these keys"."""
    return {"oneOf": [{"required": [key]} for key in keys]}


def published(**schema: Any) -> ConfigDict:
    """The `model_config` of a model whose JSON Schema says more than its fields do."""
    return ConfigDict(json_schema_extra=schema)


@dataclass(frozen=True, slots=True)
class BuiltLater:
    """Marks a nested model whose validator is built when a document first uses it: start-up stays cheap."""

    model: Callable[[], type[BaseModel]]  # called when it is needed: a model may name one that comes after it

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: Any) -> BaseModel:
            return self.model().model_validate(value)

        return core_schema.no_info_plain_validator_function(read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {MODEL_KEY: self.model()}


@dataclass(frozen=True, slots=True)
class Parsed:
    """Marks a value that one function reads: it returns the value or raises PydanticCustomError.

    `json` is the JSON Schema of what `read` accepts.
    """

    read: Callable[[Any], Any]
    json: Mapping[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(self.json)


@dataclass(frozen=True, slots=True)
class Branches:
    """Marks a value that has one of several forms: `choose` looks at its shape and returns that form.

    `choose` returns one of `forms`, or raises PydanticCustomError. So a mistake inside a branch is reported
    once, at its place, and not once for each form that was tried.
    """

    choose: Callable[[Any], Any]
    forms: tuple[Any, ...]

    def read(self, value: Any) -> Any:
        return adapter(self.choose(value)).validate_python(value)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [_form_schema(form) for form in self.forms]}


@cache
def _imported(name: str) -> type[BaseModel]:
    module, _, model = name.rpartition(".")
    found: type[BaseModel] = getattr(import_module(module), model)
    return found


def _form_schema(form: Any) -> dict[str, Any]:
    if isinstance(form, type) and issubclass(form, BaseModel):
        return {MODEL_KEY: form}
    return adapter(form).json_schema()


_ADAPTERS: dict[int, tuple[Any, TypeAdapter[Any]]] = {}  # by identity: forms with markers have no hash


def adapter(form: Any) -> TypeAdapter[Any]:
    """The validator of a form, built once, on first use."""
    known = _ADAPTERS.get(id(form))
    if known is None:
        known = _ADAPTERS[id(form)] = (form, TypeAdapter(form))  # the form is kept so that its id stays its own
    return known[1]


if TYPE_CHECKING:
    Later = Annotated[T, "built on first use"]
    Maybe = Optional[T]  # noqa: UP045  # a generic alias for type checkers
else:

    class Later:
        """`Later[Model]`: the model, built on first use; `Later["package.module.Model"]`: imported then, too."""

        def __class_getitem__(cls, model: Any) -> Any:
            return Annotated[Any, BuiltLater(partial(_imported, model) if isinstance(model, str) else lambda: model)]

    class Maybe:
        """`Maybe[X]`: an X when the key is written, None when it is absent; a written null is refused."""

        def __class_getitem__(cls, kind: Any) -> Any:
            return kind


Text = Annotated[str, Strict()]
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict()]
Flag = Annotated[bool, Strict()]
