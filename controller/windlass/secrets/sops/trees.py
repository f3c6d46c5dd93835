"""The formats of SOPS files: YAML, JSON, dotenv, binary.

In: the bytes of an encrypted file and its format. Out: its documents as dicts and lists with sops' own scalars, the
metadata apart. Comments are left out: they are in no MAC. Refused, with the cause secret-failed: what is no such file,
duplicate keys, YAML's aliases (sops writes none, and they are how bombs are built), more than 100 levels.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from windlass.errors import SecretError
from windlass.secrets.sops.yaml_tree import read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FORMATS = ("yaml", "json", "dotenv", "binary")
METADATA = "sops"
DEEPEST = 100
_PART = re.compile(r"(?:^|__)(list_\d+|map_(?:(?!__).)+|(?:(?!__).)+)")


def format_of(path: str) -> str:
    """By the ending, as sops does."""
    for format_, endings in (("yaml", (".yaml", ".yml")), ("json", (".json",)), ("dotenv", (".env",))):
        if path.endswith(endings):
            return format_
    if path.endswith(".ini"):
        raise SecretError("secret-failed", f"{path}: INI files are not read: use YAML, JSON or dotenv")
    return "binary"


def read_tree(data: bytes, format_: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """(documents, metadata). Raises SecretError, whose text holds nothing of the file."""
    documents = read_documents(data, format_)
    metadata = documents[0].get(METADATA) if documents else None
    if not isinstance(metadata, dict) or "mac" not in metadata:
        raise SecretError("secret-failed", "it is not encrypted by sops: it has no metadata")
    return [{key: value for key, value in one.items() if key != METADATA} for one in documents], metadata


def read_documents(data: bytes, format_: str) -> list[dict[str, Any]]:
    """Every document, the metadata still in it. Raises SecretError."""
    try:
        return _READERS[format_](data)
    except (ValueError, RecursionError) as error:
        said = str(error) if isinstance(error, TreeError) else f"it is no {format_} file"
        raise SecretError("secret-failed", said) from None


class TreeError(ValueError):
    """What no tree of a SOPS file is; the text names no part of the file."""


def _json(data: bytes) -> list[dict[str, Any]]:
    try:
        found = json.loads(data, object_pairs_hook=_distinct, parse_constant=_refuse, parse_int=_number)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise TreeError("it is no JSON file") from error
    if not isinstance(found, dict):
        raise TreeError("its top level is no object")
    _measure(found, 0)
    return [found]


def _number(digits: str) -> int | float:
    whole = int(digits) if len(digits) < 20 else None
    return whole if whole is not None and -(2**63) <= whole < 2**63 else float(digits)


def _refuse(_name: str) -> Any:
    raise TreeError("it holds a number that is no JSON")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise TreeError("a key stands in it twice")
    return found


def _measure(value: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise TreeError(f"it is nested more than {DEEPEST} levels deep")
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _measure(one, depth + 1)


def _dotenv(data: bytes) -> list[dict[str, Any]]:
    pairs = []
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        if line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            if not equals:
                raise TreeError("a line of it is no NAME=VALUE")
            pairs.append((key, value.replace("\\n", "\n")))
    flat = _distinct(pairs)
    prefix = f"{METADATA}_"
    found: dict[str, Any] = {key: value for key, value in flat.items() if not key.startswith(prefix)}
    metadata = _unflattened({key.removeprefix(prefix): v for key, v in flat.items() if key.startswith(prefix)})
    return [{**found, METADATA: metadata}] if metadata else [found]


def _unflattened(flat: Mapping[str, str]) -> dict[str, Any]:
    """`age__list_0__map_enc` is the `enc` of the first of `age` (sops: stores/flatten.go)."""
    whole: dict[Any, Any] = {}
    for name, value in flat.items():
        parts: list[Any] = []
        for part in _PART.findall(name):
            parts.append(int(part[5:]) if part.startswith("list_") else part.removeprefix("map_") if parts else part)
        place = whole
        for part in parts[:-1]:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise TreeError("its metadata is malformed")
        place[parts[-1]] = value
    found = _lists(whole)
    return found if isinstance(found, dict) else {}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(isinstance(key, int) for key in value):
        return [_lists(value[key]) for key in sorted(value)]
    return {str(key): _lists(one) for key, one in value.items()}


def _yaml(data: bytes) -> list[dict[str, Any]]:
    try:
        documents = read_yaml(data, DEEPEST)
    except ValueError as error:
        raise TreeError(str(error)) from None
    if not all(isinstance(one, dict) for one in documents):
        raise TreeError("its top level is no mapping")
    return documents


_READERS: dict[str, Callable[[bytes], list[dict[str, Any]]]] = {
    "yaml": _yaml,
    "json": _json,
    "dotenv": _dotenv,
    "binary": _json,
}
