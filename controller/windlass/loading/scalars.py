"""Plain scalars by the core schema of YAML 1.2, and what YAML 1.1 would have made of them.

In: the text of a plain (unquoted) scalar. Out: its value, and a sentence when a YAML 1.1 reader would have read
something else: those surprises (`on`, `010`, `1:30`) end here, but who moves a file over should hear of them.
Source: YAML 1.2.2 chapter 10.3.2; yaml.org/type for 1.1.
"""

from __future__ import annotations

import re
from functools import lru_cache

Scalar = str | int | float | bool | None

MAX_DIGITS = 400  # more is no number anybody means, and int() refuses some thousand

# A scalar that begins with another character, and is no word of the tables, is text.
NUMBER_STARTS = frozenset("0123456789+-.")
WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# Spelled as YAML 1.1 spells them; text in 1.2.
WORDS_1_1: dict[str, bool] = {
    spelling: meaning
    for words, meaning in ((("y", "yes", "on"), True), (("n", "no", "off"), False))
    for word in words
    for spelling in (word, word.capitalize(), word.upper())
}
_NUMBER = re.compile(
    r"(?P<int>[-+]?[0-9]+)|0o(?P<octal>[0-7]+)|0x(?P<hexadecimal>[0-9a-fA-F]+)"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<inf>[-+]?\.(?:inf|Inf|INF))|(?P<nan>\.(?:nan|NaN|NAN))"
)
_INT_1_1 = re.compile(
    r"(?P<sign>[-+]?)(?:0b(?P<binary>[01_]+)|0x(?P<hexadecimal>[0-9a-fA-F_]+)|0(?P<octal>[0-7_]+)"
    r"|(?P<decimal>0|[1-9][0-9_]*)|(?P<sexagesimal>[1-9][0-9_]*(?::[0-5]?[0-9])+))"
)
_FLOAT_1_1 = re.compile(
    r"[-+]?(?:[0-9][0-9_]*)?\.[0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)


@lru_cache(maxsize=8192)  # durations, versions and counts repeat over files
def plain_scalar(text: str) -> tuple[Scalar, str | None]:
    """The value of a plain scalar, and what YAML 1.1 would have read instead when that differs.

    Raises ValueError for a number of over 400 digits.
    """
    value = WORDS[text] if text in WORDS else number_or_text(text)
    return value, read_by_1_1(text)


def number_or_text(text: str) -> Scalar:
    """The value of a plain scalar that is no word of `WORDS`. Raises ValueError for a number of over 400 digits."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number of {len(text)} characters")
    kind, digits = match.lastgroup, match.group(match.lastgroup or 0)
    if kind == "int":
        return int(digits)
    if kind == "octal":
        return int(digits, 8)
    if kind == "hexadecimal":
        return int(digits, 16)
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


def read_by_1_1(text: str) -> str | None:
    """What a YAML 1.1 reader makes of a plain scalar when it differs: `true`, `8`, `text`; None when it agrees."""
    if text in WORDS_1_1:
        return "true" if WORDS_1_1[text] else "false"
    if len(text) > MAX_DIGITS or text in WORDS:
        return None
    ours = number_or_text(text)
    theirs = _number_1_1(text)
    if isinstance(ours, str):
        return None if theirs is None else str(theirs)
    if theirs is None:
        return "text"
    return None if theirs == ours or ours != ours else str(theirs)  # noqa: PLR0124 (not a number equals nothing)


def _number_1_1(text: str) -> int | float | None:
    whole = _INT_1_1.fullmatch(text)
    if whole is None:
        return _float_1_1(text) if _FLOAT_1_1.fullmatch(text) else None
    kind = whole.lastgroup or "decimal"
    digits = whole.group(kind).replace("_", "")
    if not digits:
        return None
    if kind == "sexagesimal":
        number = _sexagesimal(digits)
    else:
        number = int(digits, {"binary": 2, "octal": 8, "hexadecimal": 16}.get(kind, 10))
    return -number if whole.group("sign") == "-" else number


def _float_1_1(text: str) -> float | None:
    plain = text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan")
    if ":" in plain:
        whole, _, fraction = plain.rpartition(".")
        return _sexagesimal(whole.lstrip("+-")) + float(f"0.{fraction or 0}")
    try:
        return float(plain)
    except ValueError:  # "." alone matches the pattern of 1.1 and is no number anywhere
        return None


def _sexagesimal(text: str) -> int:
    number = 0
    for part in text.split(":"):
        number = number * 60 + int(part)
    return number
