"""Plain values: what may go into an expression and come out of it, and the text of a value.

In: Python values of inputs, outputs, events. Out: texts, integers, floats, booleans, None, lists and maps with text
keys, measured on the way; or an ExpressionError that says what does not fit. CEL's integers have 64 bits.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from windlass.clock import to_rfc3339
from windlass.errors import ExpressionError
from windlass.expressions.limits import INT_MAX, INT_MIN

MAX_NESTING = 100
_NODE = 16  # bytes that any value costs, at least


@dataclass(slots=True)
class Size:
    """Roughly how many bytes a value takes, and its longest list or map."""

    bytes: int = 0
    longest: int = 0


def plain(value: Any, size: Size, depth: int = 0) -> Any:
    """A copy of `value` in plain types. Maps are in the order of their keys, since CEL does not keep another.

    Raises ExpressionError for what no expression can hold, so that the library never sees it.
    """
    if value is None or isinstance(value, (bool, float)):
        size.bytes += _NODE
        return value
    if isinstance(value, str):
        size.bytes += _NODE + len(value)
        return value if value.isascii() and "\0" not in value else _fit(value)
    if isinstance(value, int):
        if not INT_MIN <= value <= INT_MAX:
            raise ExpressionError("an integer does not fit into 64 bits")
        size.bytes += _NODE
        return value
    return _container(value, size, depth)


def _container(value: Any, size: Size, depth: int) -> Any:
    if depth >= MAX_NESTING:
        raise ExpressionError(f"a value is nested deeper than {MAX_NESTING} levels")
    if isinstance(value, (list, tuple)):
        size.bytes += _NODE
        size.longest = max(size.longest, len(value))
        return [plain(item, size, depth + 1) for item in value]
    if isinstance(value, Mapping):
        size.bytes += _NODE
        size.longest = max(size.longest, len(value))
        if not all(isinstance(key, str) for key in value):
            raise ExpressionError("the keys of a map must be texts")
        return {plain(key, size): plain(value[key], size, depth + 1) for key in sorted(value)}
    size.bytes += _NODE
    if isinstance(value, datetime):
        return to_rfc3339(round(value.timestamp() * 1000))
    if isinstance(value, timedelta):
        return _seconds(value)
    raise ExpressionError("the result is no plain value: only texts, numbers, booleans, lists and maps can be used")


def _fit(text: str) -> str:
    if "\0" in text:  # the library ends a text there without a word: `ref == 'main'` would hold for `main\0x`
        raise ExpressionError("a text holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ExpressionError("a text holds a lone surrogate, which is no character") from error
    return text


def _seconds(span: timedelta) -> str:
    """CEL's own text of a duration: seconds, `5400s`, `0.25s`."""
    micros = span // timedelta(microseconds=1)
    whole, rest = divmod(abs(micros), 1_000_000)
    fraction = f".{rest:06d}".rstrip("0") if rest else ""
    return f"{'-' if micros < 0 else ''}{whole}{fraction}s"


def to_text(value: Any) -> str:
    """The text of a value in `env`, `INPUT_*`, `args` and mixed text (fine print, "Expressions").

    Texts as they are, numbers in their shortest form (`3`, also for 3.0; `2.5`), `true`/`false`, null as nothing,
    lists and maps as compact JSON. Raises ExpressionError for a list or map that JSON cannot hold.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    return to_json(value)


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value).removesuffix(".0")


def to_json(value: Any) -> str:
    """Compact JSON. Raises ExpressionError for numbers that JSON does not know (NaN, infinity) and for odd types."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_as_json)
    except (ValueError, TypeError, RecursionError) as error:
        raise ExpressionError(f"the value cannot be written as JSON: {error}") from error


def _as_json(value: Any) -> Any:
    return plain(dict(value) if isinstance(value, Mapping) else value, Size())
