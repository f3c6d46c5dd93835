"""The spec of an object → its model, whatever the API server let through.

In: plain values. Out: the model, or a SpecError that names each wrong field: an object that an older definition took
gets a condition, never a crash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from windlass.errors import WindlassError

if TYPE_CHECKING:
    from collections.abc import Iterable

Model = TypeVar("Model", bound=BaseModel)
SHOWN = 5


class SpecError(WindlassError):
    """The spec cannot be used; only a change of it helps."""


def read_spec(model: type[Model], spec: Any) -> Model:
    """Raises SpecError."""
    try:
        return model.model_validate(spec)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        told = [f"{_path(one['loc'])}: {one['msg']}" for one in found[:SHOWN]]
        more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        raise SpecError("; ".join(told + more)) from error


def _path(loc: Iterable[Any]) -> str:
    words = "".join(f"[{word}]" if isinstance(word, int) else f".{word}" for word in loc)
    return f"spec{words}"
