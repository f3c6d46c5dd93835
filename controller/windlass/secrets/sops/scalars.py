"""Values of a SOPS file: how its parser reads them, and how they stand in the MAC.

In: a plain YAML scalar, or a value. Out: what sops' YAML library makes of it (go.yaml.in/yaml/v3, resolve.go); the
bytes that sops hashes (sops.go, ToBytes). Both must be followed exactly: a MAC that matches is the only proof of a
whole file.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from math import isnan

Scalar = str | int | float | bool | None
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INT = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)")
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_TIME = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?(Z|[+-]\d\d:\d\d)"
    r"| (\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?)"
)
_LOW, _HIGH = -(2**63), 2**63 - 1


def plain_scalar(text: str) -> Scalar:
    """What an unquoted YAML scalar is. A moment comes out as its RFC 3339 text, as sops writes it."""
    if text in _WORDS:
        return _WORDS[text]
    if not text or text[0] not in "+-.0123456789":
        return text
    if text[0] == ".":
        return float(text) if _FLOAT.fullmatch(text) else text
    moment = _moment(text)
    if moment is not None:
        return moment
    digits = text.replace("_", "")
    if _INT.fullmatch(digits):
        number = _whole(digits)
        if _LOW <= number <= _HIGH:
            return number
    return float(digits) if _FLOAT.fullmatch(digits) else text


def _whole(digits: str) -> int:
    sign, body = (-1, digits[1:]) if digits[0] == "-" else (1, digits.lstrip("+"))
    if len(body) > 1 and body[0] == "0" and body[1].isdigit():
        return sign * int(body, 8)
    return sign * int(body, 0)


def _moment(text: str) -> str | None:
    date = _DATE.fullmatch(text)
    if date is not None:
        year, month, day = date.groups()
        return _checked(f"{year}-{int(month):02}-{int(day):02}T00:00:00", "", "Z")
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    year, month, day, h, m, s, part, zone, h2, m2, s2, part2 = found.groups()
    hour, minute, second = (int(one) for one in ((h, m, s) if h is not None else (h2, m2, s2)))
    whole = f"{year}-{int(month):02}-{int(day):02}T{hour:02}:{minute:02}:{second:02}"
    fraction = (part or part2 or "")[:10].rstrip("0").rstrip(".")
    return _checked(whole, fraction, "Z" if zone in (None, "+00:00", "-00:00") else zone)


def _checked(whole: str, fraction: str, zone: str) -> str | None:
    try:
        datetime.fromisoformat(whole)
    except ValueError:
        return None
    return f"{whole}{fraction}{zone}"


def to_bytes(value: Scalar) -> bytes:
    """As it stands in the MAC; nothing for null."""
    if value is None:
        return b""
    if isinstance(value, bool):
        return b"True" if value else b"False"
    return to_text(value).encode("utf-8", "surrogateescape")


def to_text(value: Scalar) -> str:
    """As a step is given it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _decimal(value) if isinstance(value, float) else str(value)


def _decimal(value: float) -> str:
    """The shortest digits without an exponent (Go: FormatFloat(v, 'f', -1, 64))."""
    if isnan(value):
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
