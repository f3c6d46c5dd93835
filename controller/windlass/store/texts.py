"""Values as the ledger's texts, and back.

In: JSON values and free text from anywhere. Out: text that both databases store unchanged. JSON is written in
ASCII, so NUL and lone surrogates survive as escapes; free text cannot hold them (PostgreSQL refuses NUL), so U+FFFD
stands in their place.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

LONGEST_INDEXED = 200  # characters; longer values are found by their digest

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, check_circular=False).encode
_decode = json.JSONDecoder().decode


def to_json(value: Any) -> str:
    """Compact JSON of plain values; mappings and sequences of any kind are taken."""
    if not value and isinstance(value, Mapping):
        return "{}"
    return _encode(value if isinstance(value, dict) else dict(value) if isinstance(value, Mapping) else value)


def from_json(text: str) -> Any:
    return {} if text == "{}" else _decode(text)


def to_json_or_null(value: Any) -> str | None:
    return None if value is None else to_json(value)


def from_json_or_null(text: str | None) -> Any:
    return None if text is None else from_json(text)


def to_plain(text: str | None) -> str | None:
    """Free text without what a database cannot hold."""
    if text is None or (text.isascii() and "\0" not in text):
        return text
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def to_indexed(value: Any) -> str:
    """A label or input as lists look for it: its text, or the digest of a long one."""
    text = value if isinstance(value, str) else _short(value)
    if len(text) > LONGEST_INDEXED:
        return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return to_plain(text) or ""


def _short(value: Any) -> str:
    """Numbers in shortest form, everything else as compact JSON (fine print, "Expressions")."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _encode(value)
