"""The formats and patterns of inputs: each a pure test of a text.

Patterns are matched by the Rust `regex` engine inside pydantic-core, which is linear in the text: a pattern from a
file can never hang the controller (reliability catalogue E04).
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic_core import SchemaValidator

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)*")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
SPAN = re.compile(r"(\d+(\.\d+)?(ms|s|m|h|d))+")
RFC3339_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


class PatternError(ValueError):
    """The text is no regular expression that can be matched in linear time."""


@lru_cache(maxsize=512)
def compiled(pattern: str) -> SchemaValidator:
    """The pattern's matcher. Raises PatternError."""
    from pydantic_core import SchemaError, SchemaValidator

    try:
        return SchemaValidator({"type": "str", "pattern": pattern, "strict": True})
    except SchemaError as error:
        raise PatternError(str(error).splitlines()[-1].strip()) from error


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern occurs anywhere in the text (JSON Schema's meaning). Raises PatternError."""
    return compiled(pattern).isinstance_python(text)


def is_uri(text: str) -> bool:
    """Absolute, with a scheme that cannot run code in a browser; control characters and blanks never."""
    if any(char <= " " or char == "\x7f" for char in text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    if not SCHEME.fullmatch(parts.scheme) or parts.scheme.lower() in ("javascript", "vbscript", "data"):
        return False
    return bool(parts.netloc or parts.path)


def is_email(text: str) -> bool:
    return len(text) <= 254 and EMAIL.fullmatch(text) is not None


def is_date(text: str) -> bool:
    try:
        return len(text) == 10 and date.fromisoformat(text) is not None
    except ValueError:
        return False


def is_date_time(text: str) -> bool:
    """RFC 3339 with an offset: a local time without one is refused (catalogue I07)."""
    if not RFC3339_TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text.upper().replace(" ", "T"))
    except ValueError:
        return False
    return True


def is_duration(text: str) -> bool:
    return SPAN.fullmatch(text) is not None


FORMATS: dict[str, Callable[[str], bool]] = {
    "uri": is_uri,
    "email": is_email,
    "date": is_date,
    "date-time": is_date_time,
    "duration": is_duration,
    "markdown": lambda _text: True,
}
