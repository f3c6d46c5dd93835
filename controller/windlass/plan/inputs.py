"""Given values → the inputs of a run, checked against what the workflow declares.

In: declarations, values as JSON (API, `with`, triggers) or as text (flags, forms). Out: every declared input with its
value: given, default, or null for an optional one and for one that its `showIf` hides. All mistakes at once, each with
a JSON pointer below the inputs.
Rules: fine print, "Types" and "Command line"; the same checker (plan/values.py) serves defaults at load time.
"""

from __future__ import annotations

import re
from types import NoneType
from typing import TYPE_CHECKING, Any

from windlass.errors import ExpressionError, InputError, InputProblem
from windlass.expressions import evaluate_bool
from windlass.nearest import did_you_mean
from windlass.plan.placeholders import is_placeholder
from windlass.plan.values import Mismatch, ValueMismatchError, escaped, fit, from_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass_schemas.inputs import Input

MOST = 1000  # given values; the answer to more is one sentence and not ten thousand
LARGEST_FILE = 1 << 20  # bytes of an input of type file, which is given as its text


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
    missing = []
    for name, declaration in declared.items():
        try:
            result[name] = _value(name, declaration, values, texts)
        except ValueMismatchError as error:
            pointer = f"/{escaped(name)}"
            problems += [InputProblem(pointer + found.pointer, found.message) for found in error.mismatches]
        except _MissingError:
            result[name] = None
            missing.append(name)
    hidden = hidden_inputs({name: declared[name] for name in missing}, result)
    problems += [InputProblem(f"/{escaped(name)}", "is required") for name in missing if name not in hidden]
    if problems:
        raise InputError(problems)
    return result


def hidden_inputs(declared: Mapping[str, Input], values: Mapping[str, Any]) -> set[str]:
    """Those whose `showIf` is false with these values of the inputs. One that cannot be evaluated (it compares a value
    that is not there) hides nothing."""
    return {name for name, one in declared.items() if one.show_if is not None and not _shows(one.show_if, values)}


def _shows(expression: str, values: Mapping[str, Any]) -> bool:
    try:
        return evaluate_bool(expression, {"inputs": dict(values)})
    except ExpressionError:
        return True


class _MissingError(Exception):
    pass


def _value(name: str, declared: Input, values: Mapping[str, Any], texts: Mapping[str, str]) -> Any:
    schema = declared.json_schema() | {"type": declared.type}
    if declared.type == "secret" and is_placeholder(values.get(name)):
        return values[name]  # of the caller: the value itself was checked when it was given
    if declared.type == "secret" and name in values and not isinstance(values[name], (str, NoneType)):
        raise ValueMismatchError([Mismatch("", "must be a text")])  # the value itself is in no message
    if name in texts:
        return _checked_file(declared, fit(schema, from_text(schema, texts[name])))
    if name in values:
        if values[name] is None and not declared.is_always_required and not declared.has_default:
            if declared.is_required:
                raise _MissingError  # unless its showIf hides it
            return None
        if declared.type == "file":
            return _checked_file(declared, values[name])
        return fit(schema, values[name])
    if declared.has_default:
        return fit(schema, declared.default)
    if declared.is_required:
        raise _MissingError
    return None


def _checked_file(declared: Input, value: Any) -> Any:
    """A file is its text. Raises ValueMismatchError."""
    if declared.type != "file":
        return value
    if not isinstance(value, str):
        raise ValueMismatchError([Mismatch("", "must be a text: the content of the file")])
    fit({"type": "string"}, value)
    if len(value.encode("utf-8", "surrogatepass")) > LARGEST_FILE:
        raise ValueMismatchError([Mismatch("", "a file has at most 1 MiB")])
    return value


def _unknown(name: str, declared: Mapping[str, Any]) -> InputProblem:
    hint = did_you_mean(name, declared)
    return InputProblem(f"/{escaped(name)}", f"there is no such input{f'; {hint}' if hint else ''}")


def input_variable(name: str) -> str:
    """INPUT_<NAME>: upper case, every other character than A–Z, 0–9 as _ (fine print, "A step")."""
    return "INPUT_" + re.sub(r"[^A-Z0-9]", "_", name.upper())


def default_mistakes(declared: Input, default: Any) -> list[tuple[str, str]]:
    """What is wrong with a default: (JSON pointer below it, message)."""
    try:
        _checked_file(declared, fit(declared.json_schema() | {"type": declared.type}, default))
    except ValueMismatchError as error:
        return [(found.pointer, found.message) for found in error.mismatches]
    return []
