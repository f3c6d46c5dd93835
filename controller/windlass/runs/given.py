"""The inputs of an action: `with` evaluated, checked, and turned into variables.

In: what a planned step is given, the names and functions of its expressions. Out: inputs by name, checked against their
declarations by the same checker as everywhere (`plan/inputs.py`); `INPUT_<NAME>` variables. An expression that comes
out as null is as if nothing were given: then the default holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.expressions import evaluate_all, to_text
from windlass.plan.inputs import input_variable, parse_inputs
from windlass.plan.uses import model_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from windlass.plan.model import Given
    from windlass_schemas.inputs import Input


LARGEST = 128 * 1024  # of one variable with its name: MAX_ARG_STRLEN of Linux, with the NUL at its end


def given_inputs(
    given: Given, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]
) -> dict[str, Any]:
    """Every declared input with its value, None for an optional one that is absent.

    Raises ExpressionError, and InputError when a value does not fit.
    """
    found = evaluate_all(dict(given.values), values, functions)
    return parse_inputs(_declared(given), {name: value for name, value in found.items() if value is not None})


def shown_inputs(given: Given, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Those that may stand in a file: secrets are left out."""
    secrets = {name for name, declared in _declared(given).items() if declared.type == "secret"}
    return {name: value for name, value in inputs.items() if name not in secrets}


def with_variables(env: Mapping[str, str], inputs: Mapping[str, Any]) -> dict[str, str]:
    """`env` with a variable for each input. They are what was checked, so no layer changes them: one that is absent is
    not set, whatever a layer says. Nor is one that is larger than a program could be given: that is in the file.
    """
    texts = {input_variable(name): None if value is None else to_text(value) for name, value in inputs.items()}
    others = {name: value for name, value in env.items() if name not in texts}
    return others | {name: text for name, text in texts.items() if text is not None and _fits(name, text)}


def _fits(name: str, text: str) -> bool:
    return len(text) < LARGEST and len(f"{name}={text}".encode("utf-8", "surrogateescape")) < LARGEST


def _declared(given: Given) -> dict[str, Input]:
    from windlass_schemas.inputs import Input

    return {name: model_of(Input, written) for name, written in given.declared.items()}
