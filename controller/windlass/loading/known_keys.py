"""Which keys a mapping may have at a path of a document.

In: a model class, the written value, a path. Out: the keys. The walk follows the models' own markers (`Later`,
`Branches`), so that it takes the same branch as validation did; it runs only when something is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from windlass_schemas.written import Branches, BuiltLater

if TYPE_CHECKING:
    from collections.abc import Sequence


def keys_at(model: type[BaseModel], value: Any, path: Sequence[str | int]) -> list[str]:
    """The keys that the mapping at `path` of `value` may have; none for a free mapping."""
    form: Any = model
    metadata: Sequence[Any] = ()
    for part in path:
        form, metadata = _inside(_resolved(form, metadata, value), part)
        value = _child(value, part)
    found = _resolved(form, metadata, value)
    if isinstance(found, type) and issubclass(found, BaseModel):
        return [field.alias or name for name, field in found.model_fields.items()]
    return []


def _child(value: Any, part: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(part)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return None


def _resolved(form: Any, metadata: Sequence[Any], value: Any) -> Any:
    """The form itself: markers followed until a model or a plain type is left."""
    while True:
        if get_origin(form) is not None and hasattr(form, "__metadata__"):
            metadata, form = (*form.__metadata__, *metadata), form.__origin__
        marker = next((m for m in metadata if isinstance(m, (Branches, BuiltLater))), None)
        if marker is None:
            return form
        metadata = ()
        if isinstance(marker, BuiltLater):
            form = marker.model()
            continue
        try:
            form = marker.choose(value)
        except (PydanticCustomError, ValidationError):
            return None


def _inside(form: Any, part: str | int) -> tuple[Any, Sequence[Any]]:
    if isinstance(form, type) and issubclass(form, BaseModel):
        field = next((f for name, f in form.model_fields.items() if (f.alias or name) == part), None)
        return (_of_extras(form), ()) if field is None else (field.annotation, field.metadata)
    arguments = get_args(form)
    if not arguments:
        return None, ()
    return (arguments[1] if len(arguments) == 2 and arguments[1] is not Ellipsis else arguments[0]), ()


def _of_extras(form: type[BaseModel]) -> Any:
    """What stands below a key of any name, where a model has those beside its own."""
    extras = get_args(form.__annotations__.get("__pydantic_extra__"))
    return extras[1] if len(extras) == 2 else None
