"""CEL's mistakes in the words of people.

In: a mistake with line and column of the checked source. Out: a `Wrong` at the token that is meant. CEL points at the
operator, at the bracket of a call, at the dot of a selection; people look for the name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from windlass.expressions.limits import MAX_DEPTH
from windlass.expressions.tokens import Wrong

if TYPE_CHECKING:
    from windlass.expressions.engine import CelMistake
    from windlass.expressions.reading import Reading
    from windlass.expressions.tokens import Token

_OVERLOAD = re.compile(r"found no matching overload for '(.+?)' applied to '(.*)'")
_SELECT = re.compile(r"expression of type '(.+?)' cannot be the operand of a select operation")
_UNDECLARED = re.compile(r"undeclared reference to '(.+?)'")
_UNEXPECTED = re.compile(r"(?:extraneous|mismatched) input '(.+?)'|no viable alternative at input '(.+?)'")
_TOO_DEEP = re.compile(r"recursion|too many|exceeds|nesting", re.IGNORECASE)


def explained(mistake: CelMistake, reading: Reading) -> Wrong:
    """The mistake at its token, in words."""
    source = reading.source
    if _TOO_DEEP.search(mistake.message):
        message = f"too deeply nested, or more than {MAX_DEPTH} operators in a row"
        return Wrong(0, len(source), "expression-too-large", message, "split it: put parts into `env` or outputs")
    offset = _offset(mistake, source)
    if (overload := _OVERLOAD.search(mistake.message)) is not None:
        return _overload(overload, reading, offset)
    if (select := _SELECT.search(mistake.message)) is not None:
        token = _after_dot(reading, offset)
        message = f"{_type(select.group(1))} has no `{token.text}`" if token else "this value has no fields"
        return _wrong(token, offset, "expression-type", message)
    if (undeclared := _UNDECLARED.search(mistake.message)) is not None:
        name = _written(undeclared.group(1))
        if any(call.name == name for call in reading.calls):
            message = f"{name}() does not take that many arguments"
            return _wrong(_named(reading, offset, name), offset, "expression-type", message)
        return _wrong(_named(reading, offset, name), offset, "unknown-name", f"unknown name `{name}`")
    return _syntax(mistake.message, reading, offset)


def _offset(mistake: CelMistake, source: str) -> int:
    if mistake.line < 1 or mistake.column < 1:
        return 0
    lines = source.split("\n")
    return min(sum(len(line) + 1 for line in lines[: mistake.line - 1]) + mistake.column - 1, len(source))


def _token(reading: Reading, offset: int) -> Token | None:
    return next((token for token in reading.tokens if token.start <= offset < token.end), None)


def _after_dot(reading: Reading, offset: int) -> Token | None:
    return next((token for token in reading.tokens if token.start > offset and token.kind == "name"), None)


def _named(reading: Reading, offset: int, name: str) -> Token | None:
    """The token of that name at the offset, or the one just before it (CEL points at the bracket of a call)."""
    near = [token for token in reading.tokens if token.text == name and token.start <= offset]
    return near[-1] if near else _token(reading, offset)


def _wrong(token: Token | None, offset: int, rule: str, message: str, hint: str | None = None) -> Wrong:
    if token is None:
        return Wrong(offset, 1, rule, message, hint)
    return Wrong(token.start, token.end - token.start, rule, message, hint)


def _overload(found: re.Match[str], reading: Reading, offset: int) -> Wrong:
    token = _token(reading, offset)
    function, operands = found.group(1), [_type(name) for name in _split(found.group(2))]
    listed = " and ".join(operands)
    hint = _hint(function, operands)
    if function == "_?_:_":
        if operands and operands[0] not in ("bool", "bool or null", "any value"):
            return _wrong(token, offset, "expression-type", f"the condition of `?` is {operands[0]}, not bool", hint)
        return _wrong(token, offset, "expression-type", f"the two sides of `:` differ: {' and '.join(operands[1:])}")
    if function == "_[_]":
        return _wrong(token, offset, "expression-type", f"`[…]` does not take {listed}")
    function = _written(function)
    operator = token is not None and token.kind == "mark" and token.text != "("
    if operator or function == "@in":
        name = token.text if token else function
        return _wrong(token, offset, "expression-type", f"`{name}` does not take {listed}", hint)
    called = _named(reading, offset, function)
    return _wrong(called, offset, "expression-type", f"{function}() does not take {listed or 'nothing'}", hint)


def _written(function: str) -> str:
    """The name in the user's text of a function that is checked by another name."""
    return "format" if function == "Format" else function


def _split(operands: str) -> list[str]:
    """The types of `(int, list(string))`, or of `string.(int)` for a method."""
    target, _, rest = operands.partition(".(") if not operands.startswith("(") else ("", "", operands[1:])
    names, depth, start = [target] if target else [], 0, 0
    inner = rest.removesuffix(")")
    for index, char in enumerate(inner):
        depth += (char in "(<") - (char in ")>")
        if char == "," and depth == 0:
            names.append(inner[start:index].strip())
            start = index + 1
    return [*names, inner[start:].strip()] if inner.strip() else names


def _type(name: str) -> str:
    """`wrapper(int)` is what CEL calls a number that may be null."""
    wrapped = re.fullmatch(r"wrapper\((.+)\)", name)
    if wrapped is not None:
        return f"{wrapped.group(1)} or null"
    return {"dyn": "any value", "null_type": "null"}.get(name, name)


def _hint(function: str, operands: list[str]) -> str | None:
    kinds = {operand.removesuffix(" or null") for operand in operands}
    if "secret" in kinds:
        return "a secret is passed on as it is: give it an environment variable of its own"
    if kinds == {"int", "double"}:
        return "CEL does not mix the two: write 2.0 for 2, or double(…) around the integer"
    if function == "_+_" and "string" in kinds:
        return "write string(…) around what is no text"
    if function in ("_==_", "_!=_") and "string" in kinds and kinds & {"int", "double", "bool"}:
        return "write a number without quotes, or convert one side by string(…)"
    if function in ("!_", "_&&_", "_||_", "_?_:_"):
        return "compare it with something to get a boolean"
    return None


def _syntax(message: str, reading: Reading, offset: int) -> Wrong:
    if offset >= len(reading.source) or "input '<EOF>'" in message:
        last = reading.tokens[-1]
        return _wrong(last, offset, "expression-syntax", "the expression ends too early")
    unexpected = _UNEXPECTED.search(message)
    token = _token(reading, offset)
    if unexpected is not None:
        text = token.text if token is not None else unexpected.group(1) or unexpected.group(2)
        return _wrong(token, offset, "expression-syntax", f"unexpected `{text}`", _instead(text))
    return _wrong(
        token, offset, "expression-syntax", message.removeprefix("Syntax error: ").partition(" expecting ")[0]
    )


def _instead(text: str) -> str | None:
    return {"and": "write `&&`", "or": "write `||`", "not": "write `!`"}.get(text)
