"""Check a value against its declaration: inputs, outputs, defaults and approvals are all checked here, alike.

In: a declaration (the JSON-Schema-like mapping that users write: type, enum, minimum, … items, properties) and a plain
value. Out: the value, or every mismatch with a JSON pointer. Text from the command line or an output file is parsed
by the declared type first (`from_text`).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass.plan.formats import FORMATS, matches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (dict,),
    "secret": (str,),
    "file": (str, dict),
}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """`pointer` is a JSON pointer into the value ("" is the value itself)."""

    pointer: str
    message: str


class ValueMismatchError(ValueError):
    """The value does not fit; `mismatches` has every reason."""

    def __init__(self, mismatches: list[Mismatch]) -> None:
        super().__init__("; ".join(f"{m.pointer}: {m.message}" if m.pointer else m.message for m in mismatches))
        self.mismatches = mismatches


def fit(schema: Mapping[str, Any], value: Any) -> Any:
    """The value, if it fits; an integral number counts as integer, a number becomes a float.

    Raises ValueMismatchError with all reasons.
    """
    if schema.get("type") == "integer" and isinstance(value, float) and value.is_integer():
        value = int(value)
    elif schema.get("type") == "number" and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)  # expressions do not mix whole numbers and fractions: a number is always one kind
    found = list(mismatches(schema, value))
    if found:
        raise ValueMismatchError(found)
    return value


def from_text(schema: Mapping[str, Any], text: str) -> Any:
    """Text as the declared type: booleans only `true` and `false`, arrays and objects as JSON."""
    kind = schema.get("type", "string")
    if kind in ("string", "secret", "file"):
        return text
    if kind == "boolean":
        if text in ("true", "false"):
            return text == "true"
        raise ValueMismatchError([Mismatch("", f"must be true or false, not {shown(text)}")])
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ValueMismatchError([Mismatch("", f"must be {article(kind)}, not {shown(text)}")]) from error
    if kind in ("integer", "number") and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise ValueMismatchError([Mismatch("", f"must be {article(kind)}, not {shown(text)}")])
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def mismatches(schema: Mapping[str, Any], value: Any, pointer: str = "") -> Iterator[Mismatch]:
    """Every reason why `value` does not fit `schema`."""
    kind = schema.get("type", "string")
    if not _is_kind(kind, value):
        yield Mismatch(pointer, f"must be {article(kind)}, not {shown(value)}")
        return
    allowed = schema.get("enum")
    if allowed is not None and not any(value == a and isinstance(value, bool) == isinstance(a, bool) for a in allowed):
        yield Mismatch(pointer, f"must be one of {', '.join(map(str, allowed))}, not {shown(value)}")
    if isinstance(value, str):
        yield from _text(schema, value, pointer)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _number(schema, value, pointer)
    elif isinstance(value, (list, tuple)):
        yield from _array(schema, value, pointer)
    elif isinstance(value, dict):
        yield from _object(schema, value, pointer)


def _is_kind(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    if kind == "number" and isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, KINDS[kind])


def _text(schema: Mapping[str, Any], value: str, pointer: str) -> Iterator[Mismatch]:
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        yield Mismatch(pointer, "must not hold NUL or half of a surrogate pair")
        return
    low, high = schema.get("minLength"), schema.get("maxLength")
    if low is not None and len(value) < low:
        yield Mismatch(pointer, f"must have at least {low} characters, has {len(value)}")
    if high is not None and len(value) > high:
        yield Mismatch(pointer, f"must have at most {high} characters, has {len(value)}")
    pattern = schema.get("pattern")
    if pattern is not None and not matches(pattern, value):
        yield Mismatch(pointer, f"must match the pattern {pattern}")
    name = schema.get("format")
    if name in FORMATS and not FORMATS[name](value):
        yield Mismatch(pointer, f"must be {article(name)}, not {shown(value)}")


def _number(schema: Mapping[str, Any], value: float, pointer: str) -> Iterator[Mismatch]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and value < low:
        yield Mismatch(pointer, f"must be at least {shown(low)}, is {shown(value)}")
    if high is not None and value > high:
        yield Mismatch(pointer, f"must be at most {shown(high)}, is {shown(value)}")


def _array(schema: Mapping[str, Any], value: list[Any] | tuple[Any, ...], pointer: str) -> Iterator[Mismatch]:
    low, high = schema.get("minItems"), schema.get("maxItems")
    if low is not None and len(value) < low:
        yield Mismatch(pointer, f"must have at least {low} items, has {len(value)}")
    if high is not None and len(value) > high:
        yield Mismatch(pointer, f"must have at most {high} items, has {len(value)}")
    items = schema.get("items")
    if items is not None:
        for index, item in enumerate(value):
            yield from mismatches(items, item, f"{pointer}/{index}")


def _object(schema: Mapping[str, Any], value: dict[str, Any], pointer: str) -> Iterator[Mismatch]:
    """`properties` and `required` as in JSON Schema: keys that are not named are let through."""
    properties = schema.get("properties") or {}
    for name, item in value.items():
        if name in properties:
            yield from mismatches(properties[name], item, f"{pointer}/{escaped(name)}")
    for name in schema.get("required") or ():
        if name not in value:
            yield Mismatch(f"{pointer}/{escaped(name)}", "is missing")


def escaped(name: str) -> str:
    """One token of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def shown(value: Any) -> str:
    """A value in a message: short, and never a whole document; whole numbers without a point."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        text = json.dumps(value, ensure_ascii=True)
    except (TypeError, ValueError, RecursionError):
        text = type(value).__name__
    return text if len(text) <= 60 else text[:57] + "…"


def article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeio" else f"a {kind}"
