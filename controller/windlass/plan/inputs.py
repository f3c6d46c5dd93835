"""Check the inputs of a run against their declarations: flags, API, form, triggers and defaults, all alike.

In: declarations, values by name (JSON, already typed) and texts by name (command line, form: parsed by the declared
type). Out: the checked inputs with defaults; an absent optional one is None. Raises InputError with every reason at
once.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from windlass.errors import InputError, InputProblem
from windlass.plan.values import ValueMismatchError, escaped, fit, from_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass_schemas.inputs import Input


def parse_inputs(
    declared: Mapping[str, Input], values: Mapping[str, Any], texts: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """`texts` win over `values` of the same name. Pointers of problems are `/NAME…`."""
    problems: list[InputProblem] = []
    texts = texts or {}
    result: dict[str, Any] = {}
    for name in (*values, *texts):
        if name not in declared:
            problems.append(InputProblem(f"/{escaped(name)}", _unknown(name, declared)))
    for name, spec in declared.items():
        schema = spec.json_schema()
        try:
            if name in texts:
                result[name] = fit(schema, from_text(schema, texts[name]))
            elif values.get(name) is not None:
                result[name] = fit(schema, values[name])
            elif name in values and spec.is_required:
                problems.append(InputProblem(f"/{escaped(name)}", "must not be null"))
            elif spec.is_required:
                problems.append(InputProblem(f"/{escaped(name)}", "is required and missing"))
            else:
                result[name] = spec.default
        except ValueMismatchError as error:
            problems += [InputProblem(f"/{escaped(name)}{m.pointer}", m.message) for m in error.mismatches]
    if problems:
        raise InputError(problems)
    return result


def _unknown(name: str, declared: Mapping[str, Input]) -> str:
    close = difflib.get_close_matches(name, declared, 1)
    if close:
        return f"is no input of this workflow; did you mean {close[0]}?"
    return f"is no input of this workflow (inputs: {', '.join(declared) or 'none'})"


def texts_by_schema(properties: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """Texts of the command line typed by a server's JSON Schema; names it does not have are left to the server.

    Raises InputError.
    """
    result: dict[str, Any] = {}
    problems = []
    for name, text in texts.items():
        try:
            result[name] = from_text(properties.get(name, {}), text)
        except ValueMismatchError as error:
            problems += [InputProblem(f"/{escaped(name)}{m.pointer}", m.message) for m in error.mismatches]
    if problems:
        raise InputError(problems)
    return result
