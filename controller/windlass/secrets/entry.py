"""One entry of what a store or a file holds.

In: a tree of dicts, lists and scalars, or the text of one (JSON or YAML, as vals reads it); keys from the outside in.
Out: the entry as text. No message holds a value.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from windlass.errors import SecretError
from windlass.secrets.sops.scalars import to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

DEEPEST = 100


def entry(tree: Any, keys: Sequence[str], place: str, *, text_only: bool = True) -> str:
    """`place` says whose entry it is; without `text_only`, bytes that are no UTF-8 are escaped. Raises SecretError."""
    found = tree
    shown = "/" + "/".join(keys)
    for key in keys:
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        else:
            raise SecretError("secret-not-found", f"{place} has no entry {shown}")
    if isinstance(found, (dict, list)):
        raise SecretError("secret-failed", f"{place}: the entry {shown} holds further entries: name one of them")
    text = to_text(found)
    if text_only and any("\udc80" <= char <= "\udcff" for char in text):
        raise SecretError("secret-failed", f"{place}: the entry {shown} is no text: keep it as base64")
    return text


def entry_of_text(text: str, keys: Sequence[str], place: str) -> str:
    """The whole text without keys. Raises SecretError."""
    return entry(_tree(text, place), keys, place) if keys else text


def text_of(data: bytes, place: str) -> str:
    """Raises SecretError for bytes that are no UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise SecretError("secret-failed", f"{place} is no text: keep it as base64") from None


def _tree(text: str, place: str) -> Any:
    from windlass.secrets.sops.yaml_tree import read_yaml

    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass  # no JSON, but maybe YAML
    try:
        found = read_yaml(text.encode("utf-8", "surrogateescape"), DEEPEST)
    except ValueError:
        found = []
    if len(found) != 1 or not isinstance(found[0], (dict, list)):
        raise SecretError("secret-failed", f"{place} is neither JSON nor YAML with entries: leave #/KEY out") from None
    return found[0]
