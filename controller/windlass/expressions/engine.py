"""CEL itself: type-checking an expression, and running one.

In: sources whose names were replaced by typed or numbered variables (check.py, program.py). Out: a type or mistakes
with line and column; a compiled program. There is one environment for checking and one for running, made on first use.

This is the only place that imports `cel_expr_python` (github.com/cel-expr/cel-python, the CEL project's C++
engine). It is loaded on first use, since `--help` does not need it.
"""

from __future__ import annotations

import re
import threading
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from windlass.errors import ExpressionError
from windlass.expressions.functions import (
    GUARDED_METHODS,
    MAX_FORMAT,
    MAX_GLOBS,
    OWN_GLOBALS,
    STATUS_FUNCTIONS,
    WITHOUT_ARGUMENTS,
)
from windlass.expressions.limits import MAX_NAMES
from windlass.expressions.types import Kind, Type
from windlass.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from windlass.expressions.budget import Account

_ERROR = re.compile(r"^(?:[A-Z_]+: )?ERROR: <input>:(-?\d+):(-?\d+): (.*)$", re.MULTILINE)
_CODE = re.compile(r"^[A-Z_]+: ")
_KINDS = {
    "STRING": Type.STRING, "INT": Type.INT, "UINT": Type.INT, "DOUBLE": Type.DOUBLE, "BOOL": Type.BOOL,
    "NULL": Type.NULL, "DYN": Type.DYN, "secret": Type.SECRET, "TIMESTAMP": Type.TIMESTAMP,
    "DURATION": Type.DURATION, "LIST": Type.LIST, "MAP": Type.MAP,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CelMistake:
    """Line counts from 1, column from 1 in characters; both -1 when CEL does not know."""

    line: int
    column: int
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    type: Type | None
    mistakes: tuple[CelMistake, ...]


class _Evaluation(threading.local):
    """What the functions need of the evaluation that this thread is in."""

    account: Account
    given: Mapping[str, Callable[..., Any]]


_evaluation = _Evaluation()

# The variable that stands for any name of a type while checking; no longer than the shortest name (`item`, `env`).
_VARIABLES = {
    Type.STRING: "_s", Type.INT: "_i", Type.DOUBLE: "_d", Type.BOOL: "_b", Type.NULL: "_n", Type.DYN: "_y",
    Type.MAP: "_m", Type.SECRET: "_x", Type.LIST: "_l", Type.TIMESTAMP: "_t", Type.DURATION: "_u",
    Type.STRING.or_null(): "_S", Type.INT.or_null(): "_I", Type.DOUBLE.or_null(): "_D", Type.BOOL.or_null(): "_B",
    Type.list_of(Type.STRING): "_ls", Type.list_of(Type.INT): "_li", Type.list_of(Type.DOUBLE): "_ld",
    Type.list_of(Type.BOOL): "_lb",
}  # fmt: skip


def variable_of(type_: Type) -> str:
    """The variable to check a name of this type by."""
    found = _VARIABLES.get(type_)
    if found is not None:
        return found
    if type_.kind is Kind.SECRET:
        return _VARIABLES[Type.SECRET]
    return "_l" if type_.kind is Kind.LIST and not type_.nullable else "_y"


@cache
def _checker() -> Any:
    from cel_expr_python import cel
    from cel_expr_python.ext import ext_strings

    kinds = cel.Type
    simple = {
        "_s": kinds.STRING, "_i": kinds.INT, "_d": kinds.DOUBLE, "_b": kinds.BOOL, "_n": kinds.NULL, "_y": kinds.DYN,
        "_t": kinds.TIMESTAMP, "_u": kinds.DURATION, "_m": kinds.Map(kinds.STRING, kinds.DYN),
        "_l": kinds.List(kinds.DYN), "_ls": kinds.List(kinds.STRING), "_li": kinds.List(kinds.INT),
        "_ld": kinds.List(kinds.DOUBLE), "_lb": kinds.List(kinds.BOOL), "_x": kinds.AbstractType("secret"),
        "_S": kinds("google.protobuf.StringValue"), "_I": kinds("google.protobuf.Int64Value"),
        "_D": kinds("google.protobuf.DoubleValue"), "_B": kinds("google.protobuf.BoolValue"),
    }  # fmt: skip

    def declare(name: str, result: Any, *parameters: list[Any]) -> Any:
        overloads = [
            cel.Overload(f"{name}_{number}", return_type=result, parameters=found)
            for number, found in enumerate(parameters)
        ]
        return cel.FunctionDecl(name, overloads)

    text = kinds.STRING
    declared = [
        declare("toJson", text, [kinds.DYN]),
        declare("fromJson", kinds.DYN, [text]),
        # CEL's strings have a method of that name, which would clash: same length, so columns stay true.
        declare("Format", text, *([text, *[kinds.DYN] * count] for count in range(MAX_FORMAT + 1))),
        declare("hashFiles", text, *([text] * count for count in range(1, MAX_GLOBS + 1))),
        declare("now", text, []),
        *(declare(name, kinds.BOOL, []) for name in sorted(STATUS_FUNCTIONS)),
    ]
    extensions = [ext_strings.ExtStrings(), cel.CelExtension("windlass", declared)]
    return cel.NewEnv(variables=simple, extensions=extensions)


@lru_cache(maxsize=4096)
def check_source(source: str) -> Checked:
    """The type of an expression, or what is wrong with it."""
    try:
        return Checked(_type_of(_checker().compile(source).return_type().name()), ())
    except RuntimeError as error:
        text = str(error)
        found = [CelMistake(int(line), int(column), said) for line, column, said in _ERROR.findall(text)]
        return Checked(None, tuple(found) or (CelMistake(-1, -1, text),))


def _type_of(name: str) -> Type:
    kind, _, element = name.partition("<")
    if kind == "LIST" and element:
        return Type.list_of(_type_of(element.removesuffix(">")))
    return _KINDS.get(kind, Type(Kind.OTHER))


def _own(made: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments: made(_evaluation.account, *arguments)


def _hash_files(*globs: str) -> str:
    return str(_evaluation.given["hashFiles"](*globs))


@cache
def _runner() -> Any:
    from cel_expr_python import cel
    from cel_expr_python.ext import ext_strings

    any_value, text, whole = cel.Type.DYN, cel.Type.STRING, cel.Type.INT

    def declare(name: str, result: Any, made: Callable[..., Any], member: bool, *parameters: list[Any]) -> Any:
        overloads = [
            cel.Overload(f"{name}{n}", return_type=result, parameters=found, is_member=member, impl=made)
            for n, found in enumerate(parameters)
        ]
        return cel.FunctionDecl(f"{name}_", overloads)

    own = {name: _own(made) for name, made in (GUARDED_METHODS | OWN_GLOBALS).items()}
    texts = cel.Type.List(any_value)
    declared = [
        declare("toJson", text, own["toJson"], False, [any_value]),
        declare("fromJson", any_value, own["fromJson"], False, [text]),
        declare("format", text, own["format"], False, *([text, *[any_value] * n] for n in range(MAX_FORMAT + 1))),
        declare("replace", text, own["replace"], True, [text, text, text], [text, text, text, whole]),
        declare("join", text, own["join"], True, [texts], [texts, text]),
        declare("split", cel.Type.List(text), own["split"], True, [text, text], [text, text, whole]),
        declare("hashFiles", text, _hash_files, False, *([text] * n for n in range(1, MAX_GLOBS + 1))),
    ]
    variables = {f"_{number}": any_value for number in range(MAX_NAMES)}
    variables |= {f"_{name}": any_value for name in WITHOUT_ARGUMENTS}
    return cel.NewEnv(variables=variables, extensions=[ext_strings.ExtStrings(), cel.CelExtension("own", declared)])


def compile_source(source: str) -> Any:
    """A program for `run`. Raises ExpressionError with CEL's message."""
    try:
        return _runner().compile(source)
    except RuntimeError as error:
        found = _ERROR.search(str(error))
        said = found.group(3) if found else _CODE.sub("", str(error).partition("\n")[0])
        raise ExpressionError(said.partition(" expecting ")[0]) from error


def run(program: Any, data: dict[str, Any], account: Account, given: Mapping[str, Callable[..., Any]]) -> Any:
    """The value of a program over `data`. Raises ExpressionError with CEL's message, without its code."""
    before = dict(_evaluation.__dict__)
    _evaluation.account, _evaluation.given = account, given
    try:
        result = program.eval(data=data)
        value = result.plain_value()
        failed = isinstance(value, str) and result.type().name() == "ERROR"
    except (RuntimeError, ValueError, OverflowError, TypeError) as error:
        raise ExpressionError(_CODE.sub("", str(error).partition("\n")[0])) from error
    finally:
        _evaluation.__dict__.clear()
        _evaluation.__dict__.update(before)  # not empty when a given function evaluates in turn
    if failed:
        raise ExpressionError(_CODE.sub("", value))
    return value
