"""The value of a text that may hold `${{ }}`, at run time.

In: a text, the nested plain values that its names stand for, and the functions that the caller knows. Out: a plain
value; or an ExpressionError that names the expression and what is missing, never a value.

Everything that depends on the text alone is cached. A missing key is false under `has()`, an error where it is read.
Thread-safe.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from windlass.errors import ExpressionError
from windlass.expressions.budget import Account, Demand, check_affordable
from windlass.expressions.engine import run
from windlass.expressions.limits import MAX_BYTES
from windlass.expressions.program import Program, Segments, doubtful, program
from windlass.expressions.template import OPEN, Literal, TemplateError, parse_template
from windlass.expressions.values import Size, plain, to_text

if TYPE_CHECKING:
    from collections.abc import Callable

_MISSING = object()
_UNBOUND = re.compile(r'No value with name "_(\d+)" found')
_SAYS = (
    (re.compile(r"Iteration budget exceeded"), "its loops take more than 10,000 rounds"),
    (re.compile(r"recursion"), "it is nested too deeply"),
    (re.compile(r"Key not found in map : (.*)"), r"there is no key \1"),
    (re.compile(r"Index error: index=(-?\d+) size=(\d+).*"), r"there is no item \1 in a list of \2"),
    (re.compile(r"No matching overloads? found : _?(.*?)_?(\(.*\))"), r"`\1` does not take \2"),
    (re.compile(r"no matching overload for '_?(.*?)_?' applied to '(.*)'"), r"`\1` does not take \2"),
    (re.compile(r"Applying SELECT to non-message type"), "a name after a dot, but the value is not a map"),
)
_NO_FUNCTIONS: Mapping[str, Callable[..., Any]] = {}


def evaluate(text: str, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] = _NO_FUNCTIONS) -> Any:
    """The value of `text`.

    Without an expression it is the text itself; a text that is one expression has that expression's value; otherwise
    a text with the values written into it. `values` is nested: `{"inputs": {…}, "steps": {"build-image": {"status":
    …, "outputs": {…}}}, …}`; numbers declared as `number` should be floats, as CEL does not mix the two. `functions`
    gives `success`, `failure`, `cancelled`, `always`, `now`, `hashFiles`, as far as they make sense.
    Raises ExpressionError.
    """
    if OPEN not in text:
        return text
    try:
        template = parse_template(text)
    except TemplateError as error:
        raise ExpressionError(f"{_short(text)}: {error}") from error
    if template.is_pure:
        return _value(template.expressions[0].source, values, functions)
    pieces, size = [], 0
    for part in template.parts:
        piece = part.text if isinstance(part, Literal) else to_text(_value(part.source, values, functions))
        pieces.append(piece)
        size += len(piece)
        if size > MAX_BYTES:
            raise ExpressionError(f"{_short(text)}: the text is over {MAX_BYTES // 1024 // 1024} MiB")
    return "".join(pieces)


def evaluate_all(
    written: Any, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] = _NO_FUNCTIONS
) -> Any:
    """A written value with every text in it evaluated, however deep in lists and maps. Raises ExpressionError."""
    if isinstance(written, str):
        return evaluate(written, values, functions)
    if isinstance(written, (list, tuple)):
        return [evaluate_all(part, values, functions) for part in written]
    if isinstance(written, dict):
        return {name: evaluate_all(part, values, functions) for name, part in written.items()}
    return written


def evaluate_bool(
    text: str | bool,
    values: Mapping[str, Any],
    functions: Mapping[str, Callable[..., Any]] = _NO_FUNCTIONS,
) -> bool:
    """The value of an `if`: a boolean, or one expression that is one. Raises ExpressionError; nothing is "truthy"."""
    if isinstance(text, bool):
        return text
    value = evaluate(text, values, functions)
    if isinstance(value, bool):
        return value
    raise ExpressionError(f"{_short(text)}: true or false is needed, this is {_kind(value)}")


def _value(source: str, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> Any:
    try:
        ready = program(source, _meant(source, values))
        path = ready.direct
        if path is not None:
            return _direct(path, values)
        return _computed(ready, values, functions)
    except ExpressionError as error:
        raise ExpressionError(f"{_short('${{ ' + source + ' }}')}: {_in_words(str(error))}") from error


def _meant(source: str, values: Mapping[str, Any]) -> tuple[tuple[Segments, str], ...]:
    """Where a hyphen is a subtraction, because the longer name does not exist and a shorter one does."""
    different: dict[Segments, str] = {}
    for above, candidates in doubtful(source):
        known = _look_up(above, values)
        if isinstance(known, Mapping):
            found = next((candidate for candidate in candidates if candidate in known), candidates[0])
            if found != candidates[0]:
                different[*above, candidates[0]] = found
    return tuple(different.items())


def _look_up(path: Segments, values: Mapping[str, Any]) -> Any:
    found: Any = values
    for segment in path:
        if not isinstance(found, Mapping) or segment not in found:
            return _MISSING
        found = found[segment]
    return found


def _direct(path: Segments, values: Mapping[str, Any]) -> Any:
    found = _look_up(path, values)
    if found is _MISSING:
        raise ExpressionError(_what_is_missing(path, values))
    size = Size()
    value = plain(found, size)
    _refuse_large(size)
    return value


def _computed(ready: Program, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> Any:
    data: dict[str, Any] = {}
    demand = Demand()
    for slot in ready.slots:
        found = _look_up(slot.segments, values)
        if slot.has:
            data[slot.name] = found is not _MISSING
        elif found is not _MISSING:
            size = Size()
            data[slot.name] = plain(found, size)
            demand.bytes += slot.uses * size.bytes
            demand.looped_bytes += slot.looped_uses * size.bytes
            demand.items += slot.uses * size.longest
    for name in ready.calls:
        if name not in functions:
            raise ExpressionError(f"{name}() cannot be used here")
        if name != "hashFiles":
            data[f"_{name}"] = functions[name]()
    check_affordable(ready.shape, demand)
    try:
        value = run(ready.compiled, data, Account(ready.shape), functions)
    except ExpressionError as error:
        raise ExpressionError(_explained(str(error), ready, values)) from error
    size = Size()
    result = plain(value, size)
    _refuse_large(size)
    return result


def _refuse_large(size: Size) -> None:
    if size.bytes > MAX_BYTES:
        raise ExpressionError(f"the value is over {MAX_BYTES // 1024 // 1024} MiB")


def _explained(message: str, ready: Program, values: Mapping[str, Any]) -> str:
    unbound = _UNBOUND.search(message)
    if unbound is not None:
        return _what_is_missing(ready.slots[int(unbound.group(1))].segments, values)
    return message


def _in_words(message: str) -> str:
    for pattern, instead in _SAYS:
        found = pattern.search(message)
        if found is not None:
            return found.expand(instead) if "\\" in instead else instead
    return message


def _what_is_missing(path: Segments, values: Mapping[str, Any]) -> str:
    """`inputs.x has no value: …`, with the first step of the path that does not exist."""
    name = ".".join(path)
    for length in range(1, len(path)):
        above = _look_up(path[:length], values)
        upper = ".".join(path[:length])
        if above is _MISSING:
            return f"`{name}` has no value: there is no `{upper}`"
        if not isinstance(above, Mapping):
            return f"`{name}` has no value: `{upper}` is {_kind(above)}"
    return f"`{name}` has no value"


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {str: "a text", bool: "a boolean", int: "a number", float: "a number", list: "a list", tuple: "a list"}
    return names.get(type(value), "a map")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"`{line}`" if len(line) <= 200 else f"`{line[:200]}…`"
