"""What an attempt asks of the place where it runs, with its expressions evaluated.

In: the plan's `Placement`. Out: the fields of a Launch that executors read. Raises ExpressionError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.errors import ExpressionError
from windlass.expressions import evaluate, evaluate_all, to_text
from windlass.plan.model import EnvLayer
from windlass.runs.beside import LaunchService
from windlass.runs.scope import layered, unset_by
from windlass_schemas.expression import read_flag
from windlass_schemas.pod import read_quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from windlass.plan.placement import Placement, PlannedService, Resources

    Functions = Mapping[str, Callable[..., Any]]


def launch_placement(planned: Placement | None, values: Mapping[str, Any], functions: Functions) -> dict[str, Any]:
    """Fields of Launch by name; empty for a step that asks for nothing."""
    if planned is None:
        return {}
    return {
        "resources": _resources(planned.resources, values, functions),
        "services": tuple(_service(one, values, functions) for one in planned.services),
        "docker": _flag(planned.docker, values, functions),
        "pod": evaluate_all(dict(planned.pod), values, functions),
    }


def _flag(written: bool | str, values: Mapping[str, Any], functions: Functions) -> bool:
    try:
        return read_flag(evaluate(written, values, functions) if isinstance(written, str) else written)
    except ValueError as error:
        raise ExpressionError(f"docker: {error}") from error


def _resources(planned: Resources, values: Mapping[str, Any], functions: Functions) -> dict[str, dict[str, str]]:
    """Quantities; parts that are not given are left out."""
    parts = {"requests": planned.requests, "limits": planned.limits}
    return {
        part: {name: _quantity(part, name, text, values, functions) for name, text in given.items()}
        for part, given in parts.items()
        if given
    }


def _quantity(part: str, name: str, written: str, values: Mapping[str, Any], functions: Functions) -> str:
    try:
        return read_quantity(evaluate(written, values, functions))
    except ValueError as error:
        raise ExpressionError(f"resources.{part}.{name}: {error}") from error


def _service(planned: PlannedService, values: Mapping[str, Any], functions: Functions) -> LaunchService:
    layers = (EnvLayer("step", planned.env),)
    more = evaluate(planned.args, values, functions) if planned.args is not None else []
    if more is not None and not isinstance(more, list):
        more = [more]
    return LaunchService(
        name=planned.name,
        image=to_text(evaluate(planned.image, values, functions)),
        env=layered(layers, values, functions),
        unset=unset_by(layers),
        argv=tuple(
            to_text(evaluate(word, values, functions) if isinstance(word, str) else word)
            for word in (*planned.argv, *(more or ()))
        ),
        ports=planned.ports,
        resources=_resources(planned.resources, values, functions),
    )
