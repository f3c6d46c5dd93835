"""A document: its value, and where each part of it stands in the file.

In: the text, the root node and the value. Out: spans of keys, values and of single characters inside scalars, for
a path (`("steps", "build", "run")`). Nothing is computed before it is asked for: most files have no problem.
Rules: fine print, "Command line" (columns count code points, a quoted scalar begins at its quote) and
"Expressions" (a mistake is reported at the wrong token; in a block scalar at its real line).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from windlass.loading.scalar_offsets import offsets_of
from windlass.loading.yaml_nodes import MERGE, Node
from windlass.problems import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = Sequence[str | int]
_PROPERTIES = re.compile(r"(?:[&!]\S*(?:\s|#[^\n]*\n)*)*")


@dataclass(slots=True)
class Document:
    """One YAML document. `value` is fresh per document: the reader of a file owns it."""

    text: str
    root: Node
    value: Any
    _paths: dict[int, Path] = field(default_factory=dict, repr=False)
    _places: dict[int, Sequence[int] | None] = field(default_factory=dict, repr=False)

    def value_span(self, path: Path) -> Span:
        """The value at a path; where it is empty or absent, the deepest key that is there."""
        node, key = self._find(path)
        if node.__class__ is ScalarNode and node.start_mark.index == node.end_mark.index and key is not None:
            return self._token(key)
        return self._token(node)

    def key_span(self, path: Path) -> Span:
        """The key at a path; of a list item, the item; of the whole document, its first token."""
        node, key = self._find(path)
        return self._token(node if key is None else key)

    def inside(self, path: Path, offset: int, length: int) -> Span:
        """`length` characters at `offset` of the text value at a path; the whole token where that is not known."""
        node, _ = self._find(path)
        if node.__class__ is not ScalarNode:
            return self._token(node)
        start = self._start(node)
        places = self._places.get(id(node), ())
        if places is not None and len(places) < min(offset + length, len(node.value)):
            wanted = 2 * (offset + length)  # a text with many mistakes is not aligned for each of them
            places = offsets_of(self.text, start, node.end_mark.index, node.style, node.value, wanted)
            self._places[id(node)] = places
        if places is None or not places or offset >= len(places):
            return self._span(start, start + 1)
        first = places[offset]
        last = places[min(max(offset + length - 1, offset), len(places) - 1)]
        end_of_line = self.text.find("\n", first)
        stop = last + 1 if end_of_line < 0 else min(last + 1, max(end_of_line, first + 1))
        return self._span(first, stop)

    def path_of(self, wanted: Node) -> str:
        """The written path of a node, or of the value of a key node; "" when it is not found."""
        if not self._paths:
            for path, key, node in self._walk(self.root, (), set()):
                self._paths.setdefault(id(node), path)
                self._paths.setdefault(id(key), path)
        return written(self._paths.get(id(wanted), ()))

    def _walk(self, node: Node, path: tuple[str | int, ...], seen: set[int]) -> Iterator[tuple[Path, Any, Node]]:
        if id(node) in seen or len(path) > 100:
            return
        seen.add(id(node))
        if node.__class__ is MappingNode:
            children: list[tuple[str | int, Any, Node]] = [(str(key.value), key, child) for key, child in node.value]
        elif node.__class__ is SequenceNode:
            children = [(index, None, child) for index, child in enumerate(node.value)]
        else:
            return
        for name, key, child in children:
            yield (*path, name), key, child
            yield from self._walk(child, (*path, name), seen)

    def _find(self, path: Path) -> tuple[Node, Node | None]:
        """The node at a path and its key; for a path that leads nowhere, the deepest that exists on the way."""
        node, key = self.root, None
        for part in path:
            found = _child(node, part)
            if found is None:
                break
            key, node = found
        return node, key

    def has(self, path: Path) -> bool:
        node = self.root
        for part in path:
            found = _child(node, part)
            if found is None:
                return False
            node = found[1]
        return True

    def _start(self, node: Node) -> int:
        """Where the node itself begins: behind its anchor."""
        start: int = node.start_mark.index
        match = _PROPERTIES.match(self.text, start) if self.text[start : start + 1] in "&!" else None
        return match.end() if match and match.end() < node.end_mark.index else start

    def _token(self, node: Node) -> Span:
        """A node on one line is itself, a longer one its first line; a block mapping its first key, a list its dash."""
        start, stop = self._start(node), node.end_mark.index
        if node.__class__ is MappingNode and not node.flow_style and node.value:
            return self._token(node.value[0][0])
        if node.__class__ is SequenceNode and not node.flow_style:
            stop = start + 1  # the dash
        end_of_line = self.text.find("\n", start, stop)
        if end_of_line >= 0:
            stop = start + len(self.text[start:end_of_line].rstrip())
        mark = node.start_mark
        if start != mark.index:
            return self._span(start, max(stop, start + 1))
        line, column = mark.line + 1, mark.column + 1
        return Span(line, column, line, column + max(stop - start, 1))

    def _span(self, start: int, stop: int) -> Span:
        line = self.text.count("\n", 0, start) + 1
        column = start - (self.text.rfind("\n", 0, start) + 1) + 1
        return Span(line, column, line, column + stop - start)


def _child(node: Node, part: str | int) -> tuple[Node | None, Node] | None:
    if node.__class__ is SequenceNode:
        return (None, node.value[part]) if isinstance(part, int) and part < len(node.value) else None
    if node.__class__ is not MappingNode:
        return None
    merges: list[Node] = []
    for key, child in node.value:
        if key.value == part and not (part == MERGE and not key.style):
            return key, child
        if key.value == MERGE and not key.style:
            merges += child.value if child.__class__ is SequenceNode else [child]
    for merge in merges:
        found = _child(merge, part)
        if found is not None:
            return found
    return None


def written(path: Path) -> str:
    """`steps[2].uses`, `env.MY_NAME`, `labels["a.b"]`: a path as problems show it."""
    out = ""
    for part in path:
        if isinstance(part, int):
            out += f"[{part}]"
        elif re.fullmatch(r"[\w$~/-][\w$~/ -]*", part):
            out += f".{part}" if out else part
        else:
            out += f'["{part}"]'
    return out
