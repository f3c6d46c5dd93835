"""The formats of SOPS files, the way out: a tree that is encrypted → the bytes of its file.

In: the document with `sops` behind it. Out: YAML, JSON or dotenv that sops reads to the same values: a text that its
parser would take for a number or a date stands in quotes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from windlass.secrets.sops.scalars import to_text
from windlass.secrets.sops.trees import METADATA
from windlass.secrets.sops.yaml_tree import write_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator


def emitted(tree: dict[str, Any], format_: str) -> bytes:
    if format_ == "yaml":
        return write_yaml(tree)
    if format_ == "dotenv":
        return _dotenv(tree)
    return json.dumps(tree, indent=4, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n"


def _dotenv(tree: dict[str, Any]) -> bytes:
    flat = {key: value for key, value in tree.items() if key != METADATA}
    flat |= {f"{METADATA}_{name}": value for name, value in _flattened(tree[METADATA])}
    lines = [f"{key}={to_text(value)}".replace("\n", "\\n") for key, value in flat.items()]
    return "\n".join([*lines, ""]).encode("utf-8", "surrogateescape")


def _flattened(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """`enc` of the first of `age` is `age__list_0__map_enc` (sops: stores/flatten.go)."""
    items: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        items = [(f"{name}__map_{key}" if name else key, one) for key, one in value.items()]
    elif isinstance(value, list):
        items = [(f"{name}__list_{index}", one) for index, one in enumerate(value)]
    else:
        yield name, value
    for inner, one in items:
        yield from _flattened(one, inner)
