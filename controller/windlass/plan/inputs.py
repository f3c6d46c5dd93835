"""Given values → the inputs of a run, checked against what the workflow declares.

In: declarations, values as JSON (API, `with`, triggers) or as text (flags, forms). Out: every declared input with its
value: given, default, or null for an optional one. All mistakes at once, each with a JSON pointer below the inputs.
Rules: fine print, "Types" and "Command line"; the same checker (plan/values.py) serves defaults at load time.
"""

from __future__ import annotations

import re
from types import NoneType
from typing import TYPE_CHECKING, Any

from windlass.errors import InputError, InputProblem
from windlass.nearest import did_you_mean
from windlass.plan.values import Mismatch, ValueMismatchError, escaped, fit, from_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass_schemas.declaration import Declaration
    from windlass_schemas.inputs import Input

MOST = 1000  # given values; the answer to more is one sentence and not ten thousand


def parse_inputs(
    declared: Mapping[str, Input], values: Mapping[str, Any], *, texts: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The inputs of a run. `values` are JSON values; `texts` win over them and are parsed by the declared type.

    Raises InputError with every mistake: unknown, missing, wrong.
    """
    texts = texts or {}
    if len(values) + len(texts) > MOST:
        raise InputError([InputProblem("", f"more than {MOST} values")])
    problems = [_unknown(name, declared) for name in dict.fromkeys((*values, *texts)) if name not in declared]
    result: dict[str, Any] = {}
    for name, declaration in declared.items():
        try:
            result[name] = _value(name, declaration, values, texts)
        except ValueMismatchError as error:
            pointer = f"/{escaped(name)}"
            problems += [InputProblem(pointer + found.pointer, found.message) for found in error.mismatches]
        except _MissingError:
            problems.append(InputProblem(f"/{escaped(name)}", "is required"))
    if problems:
        raise InputError(problems)
    return result


class _MissingError(Exception):
    pass


def _value(name: str, declared: Input, values: Mapping[str, Any], texts: Mapping[str, str]) -> Any:
    schema = declared.json_schema() | {"type": declared.type}
    if declared.type == "secret" and name in values and not isinstance(values[name], (str, NoneType)):
        raise ValueMismatchError([Mismatch("", "must be a text")])  # the value itself is in no message
    if name in texts:
        return fit(schema, from_text(schema, texts[name]))
    if name in values:
        if values[name] is None and not declared.is_required and not declared.has_default:
            return None
        return fit(schema, values[name])
    if declared.has_default:
        return fit(schema, declared.default)
    if declared.is_required:
        raise _MissingError
    return None


def _unknown(name: str, declared: Mapping[str, Any]) -> InputProblem:
    hint = did_you_mean(name, declared)
    return InputProblem(f"/{escaped(name)}", f"there is no such input{f'; {hint}' if hint else ''}")


def input_variable(name: str) -> str:
    """INPUT_<NAME>: upper case, every other character than A–Z, 0–9 as _ (fine print, "A step")."""
    return "INPUT_" + re.sub(r"[^A-Z0-9]", "_", name.upper())


def default_mistakes(declared: Declaration, default: Any) -> list[tuple[str, str]]:
    """What is wrong with a default: (JSON pointer below it, message)."""
    try:
        fit(declared.json_schema() | {"type": declared.type}, default)
    except ValueMismatchError as error:
        return [(found.pointer, found.message) for found in error.mismatches]
    return []
