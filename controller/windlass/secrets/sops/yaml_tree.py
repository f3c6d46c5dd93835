"""YAML as sops reads it: not the language's own YAML, but what sops' library makes of a scalar (`scalars.py`).

In: bytes. Out: documents as plain dicts, lists and scalars; and back again. Read by events and without recursion, so
that neither depth nor aliases cost anything. Raises ValueError, whose text holds nothing of the file.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from windlass.secrets.sops.scalars import plain_scalar

_TEXT = "tag:yaml.org,2002:str"


def read_yaml(data: bytes, deepest: int) -> list[Any]:
    """Every document of a file."""
    building = _Building(deepest)
    try:
        for event in yaml.parse(data, Loader=yaml.CSafeLoader):
            building.take(event)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise ValueError(f"line {mark.line + 1} of it is no YAML" if mark is not None else "it is no YAML") from None
    return building.documents


def write_yaml(tree: dict[str, Any]) -> bytes:
    """One document that sops' library reads to the same values."""
    text = yaml.dump(tree, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=1 << 30, indent=4)
    return text.encode("utf-8", "surrogateescape")


class _Writer(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        """sops' own files have none, and we read none."""
        return True


def _written_text(writer: _Writer, text: str) -> yaml.ScalarNode:
    if _PLAIN.fullmatch(text) and plain_scalar(text) == text:
        return writer.represent_scalar(_TEXT, text)
    return writer.represent_scalar(_TEXT, text, style="|" if text.startswith(_BLOCK) else '"')


_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*|ENC\[[A-Za-z0-9_+/=,:]*\]")
_BLOCK = "-----BEGIN AGE"  # reads better over its lines
_Writer.add_representer(str, _written_text)


class _Building:
    """What is open, outermost first; a mapping has the key that waits for its value beside it."""

    def __init__(self, deepest: int) -> None:
        self.documents: list[Any] = []
        self._deepest = deepest
        self._open: list[Any] = []
        self._keys: list[Any] = []

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("it has an alias, which sops never writes")
        if isinstance(event, yaml.ScalarEvent):
            self._put(_scalar(event))
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._begin({} if isinstance(event, yaml.MappingStartEvent) else [])
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._keys.pop()
            self._put(self._open.pop())

    def _begin(self, made: Any) -> None:
        if len(self._open) >= self._deepest:
            raise ValueError(f"it is nested more than {self._deepest} levels deep")
        self._open.append(made)
        self._keys.append(_NO_KEY)

    def _put(self, value: Any) -> None:
        if not self._open:
            self.documents.append({} if value is None else value)
            return
        inside = self._open[-1]
        if isinstance(inside, list):
            inside.append(value)
        elif self._keys[-1] is _NO_KEY:
            if not isinstance(value, str):
                raise ValueError("a key of it is no text")
            if value in inside:
                raise ValueError("a key stands in it twice")
            self._keys[-1] = value
        else:
            inside[self._keys[-1]] = value
            self._keys[-1] = _NO_KEY


_NO_KEY = object()


def _scalar(event: Any) -> Any:
    if event.tag is not None and event.tag not in ("!", _TEXT):
        raise ValueError("it has a tag, which sops never writes")
    return plain_scalar(event.value) if event.implicit[0] and event.tag is None else event.value
