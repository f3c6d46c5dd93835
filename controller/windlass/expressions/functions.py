"""The functions of the language beside operators, and those made here rather than in CEL.

In: their arguments as plain values. Out: their result, taken from the evaluation's account before it is made.
`replace`, `join` and `split` are CEL's own by name and meaning; they are made here because the library would make
texts of any size. `success`, `hashFiles` and the like are given by whoever evaluates.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from windlass.errors import ExpressionError
from windlass.expressions.reading import MACROS
from windlass.expressions.values import Size, plain, to_json, to_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.expressions.budget import Account

STATUS_FUNCTIONS = frozenset({"success", "failure", "cancelled", "always"})
GIVEN = STATUS_FUNCTIONS | {"now", "hashFiles"}  # by the caller; in an expression only where the scope allows them
WITHOUT_ARGUMENTS = STATUS_FUNCTIONS | {"now"}
MAX_GLOBS = 8
MAX_FORMAT = 9

GLOBALS = frozenset({
    "bool", "double", "duration", "dyn", "format", "fromJson", "has", "int", "matches", "size", "string", "timestamp",
    "toJson", "type",
})  # fmt: skip
METHODS = MACROS | {
    "charAt", "contains", "endsWith", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear",
    "getHours", "getMilliseconds", "getMinutes", "getMonth", "getSeconds", "indexOf", "join", "lastIndexOf",
    "lowerAscii", "matches", "replace", "reverse", "size", "split", "startsWith", "substring", "trim", "upperAscii",
}  # fmt: skip
_PLACE = re.compile(r"\{\{|\}\}|\{(\d{1,2})\}|[{}]")


def format_text(account: Account, template: str, *arguments: Any) -> str:
    """`format('{0} of {1}', a, b)`; `{{` and `}}` are single braces. Values are written as in mixed text."""

    def fill(found: re.Match[str]) -> str:
        if found.group() in ("{{", "}}"):
            return found.group()[0]
        number = found.group(1)
        if number is None or int(number) >= len(arguments):
            raise ExpressionError(f"format(): nothing to put in place of `{found.group()}`")
        text = to_text(arguments[int(number)])
        account.take(len(text))
        return text

    account.take(len(template))
    return _PLACE.sub(fill, template)


def write_json(account: Account, value: Any) -> str:
    size = Size()
    sorted_value = plain(value, size)
    account.take(size.bytes)
    text = to_json(sorted_value)
    account.take(max(0, len(text) - size.bytes))
    return text


def read_json(account: Account, text: str) -> Any:
    account.take(len(text))
    size = Size()
    try:
        value = plain(json.loads(text, parse_constant=_no_constant), size)
    except RecursionError as error:
        raise ExpressionError("fromJson(): nested too deeply") from error
    except ValueError as error:
        where = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise ExpressionError(f"fromJson(): the text is not JSON{where}") from error
    account.take(0, size.longest)
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def replace_text(account: Account, text: str, old: str, new: str, limit: int = -1) -> str:
    count = text.count(old)
    times = count if limit < 0 else min(limit, count)
    account.take(len(text) + max(0, times * (len(new) - len(old))))
    return text.replace(old, new, times)


def join_texts(account: Account, texts: list[Any], separator: str = "") -> str:
    if not all(isinstance(text, str) for text in texts):
        raise ExpressionError("join() takes a list of texts: write list.map(x, string(x)).join(…)")
    account.take(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


def split_text(account: Account, text: str, separator: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    pieces = len(text) if separator == "" else text.count(separator) + 1
    count = pieces if limit < 0 else min(limit, pieces)
    account.take(len(text) + 16 * count, count)
    if separator == "":
        return [*text[: count - 1], text[count - 1 :]] if text else []
    return text.split(separator, count - 1)


# What runs in place of the library's function of that name: as a method, or as a global function.
GUARDED_METHODS: dict[str, Callable[..., Any]] = {"replace": replace_text, "join": join_texts, "split": split_text}
OWN_GLOBALS: dict[str, Callable[..., Any]] = {"toJson": write_json, "fromJson": read_json, "format": format_text}
