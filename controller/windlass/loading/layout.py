"""The layout of `windlass fmt`: the same document, written in one way. The only place that imports ruamel.yaml.

In: the bytes of a definition. Out: its text in the house layout: LF, two blanks of indentation, list items two blanks
in, no blanks at the end of lines, at most one blank line in a row, one line end at the end. Comments, anchors, the
order of keys, quotes and the styles of scalars stay: each of them may be meant. A text is only given out when it
means the same by the loader's own reading, has the same comments, and would not change a second time.
"""

from __future__ import annotations

import io
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import yaml
from yaml._yaml import CParser

from windlass.loading.document import read_document
from windlass.loading.faults import Fault, Faults
from windlass.loading.layout_check import is_laid_out
from windlass.loading.layout_lines import aliases_as_words, comments, tidy, with_comments_beside
from windlass.loading.text import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 120  # where lists and mappings in brackets are broken


class LayoutError(Fault):
    """The text cannot be laid out without changing more than its layout."""

    def __init__(self, why: str) -> None:
        hint = "lay this part out by hand: often it is a comment inside brackets, or a text over several lines"
        super().__init__("no-layout", f"left as it is, since {why}", hint=hint, severity="warning")


def laid_out(data: bytes) -> str:
    """The text in the house layout. Raises Faults for a file that cannot be read, LayoutError."""
    document, _ = read_document(data)
    before = decode(data)
    if is_laid_out(before):
        return before
    after = written(before)
    if after == before:
        return after
    try:
        again, _ = read_document(after.encode())
        if repr(again.value) != repr(document.value) or _events(after) != _events(before):
            raise LayoutError("its values would not stay what they are")
        if comments(after).texts != comments(before).texts:
            raise LayoutError("a comment would not stay where it is")
        if not is_laid_out(after) and written(after) != after:
            raise LayoutError("it would look different each time")
    except Faults as error:
        raise LayoutError("it would not be readable any more") from error
    return after


def written(text: str) -> str:
    """The text as it is laid out, unchecked. Raises LayoutError."""
    tidied = tidy(text)
    try:
        return tidy(with_comments_beside(_emitted(tidied), tidied))
    except yaml.YAMLError as error:  # what was emitted is no YAML: seen with a comment between a key and its list
        raise LayoutError("its layout is not understood") from error


def _emitted(text: str) -> str:
    """The text as ruamel.yaml writes it, from nodes: nothing becomes a Python value on the way, so `1e3` and `yes`
    stay the text that they are."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    writer = YAML(typ="rt", pure=True)
    writer.Scanner, writer.Emitter = _direct(_scanner(), "reader"), _emitter()
    writer.Reader = _reader()
    writer.Parser = _direct(writer.Parser, "scanner")  # type: ignore[assignment,unused-ignore]
    writer.Composer = _direct(writer.Composer, "parser", "resolver")  # type: ignore[assignment,unused-ignore]
    writer.Serializer = _direct(writer.Serializer, "emitter", "resolver")  # type: ignore[assignment,unused-ignore]
    writer.Resolver = _resolver()
    writer.width = WIDTH
    writer.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    try:
        root = writer.compose(aliases_as_words(text))  # the scalars are written as they stand in `text`
        writer.emitter.sources = iter(list(_sources(root, text, text.split("\n"), set())))
        writer.serialize(root, stream)
    except (YAMLError, AssertionError, IndexError, AttributeError, TypeError) as error:
        raise LayoutError("its layout is not understood") from error
    return stream.getvalue()


def _sources(node: Any, text: str, lines: list[str], seen: set[int]) -> Iterator[tuple[str, ...]]:
    """The lines of each scalar as the file has it, in the order in which they are written, without indentation; ()
    for one that ruamel.yaml has to write. Anchors are made to stay what they are called."""
    from ruamel.yaml.anchor import Anchor

    if id(node) in seen:  # an alias
        return
    seen.add(id(node))
    if node.id == "scalar":
        yield _block(node, lines) if node.style in ("|", ">") else _inline(node, text)
    else:
        for child in node.value:
            for part in child if node.id == "mapping" else (child,):
                yield from _sources(part, text, lines, seen)
    if node.anchor:
        name, node.anchor = node.anchor, Anchor()
        node.anchor.value, node.anchor.always_dump = name, True


def _inline(node: Any, text: str) -> tuple[str, ...]:
    found = text[node.start_mark.index : node.end_mark.index]
    if node.anchor:
        found = found.removeprefix(f"&{node.anchor}").lstrip()
    first, *others = found.rstrip().split("\n")
    return (first, *(line.lstrip(" \t") for line in others))


def _block(node: Any, lines: list[str]) -> tuple[str, ...]:
    """The `|` with what stands behind it, and the text below. () when blanks or line ends in it need ruamel's care."""
    at = node.start_mark.line
    header = lines[at][node.start_mark.column :]
    body = lines[at + 1 : node.end_mark.line + 1]
    while body and not body[-1].strip(" "):
        body.pop()
    if not body or not body[0].strip() or not {*"0123456789+"}.isdisjoint(header.partition("#")[0]):
        return ()
    indent = len(body[0]) - len(body[0].lstrip(" "))
    while body[-1].strip() and len(body[-1]) - len(body[-1].lstrip(" ")) < indent:  # what follows
        body.pop()
    header = header[header.index(node.style) :].rstrip()
    return (header, *(line[indent:] for line in body))


class _Mark:
    """A place in the text, of which there are hundreds. ruamel.yaml's own know how to quote it, too."""

    __slots__ = ("column", "index", "line")

    def __init__(self, index: int, line: int, column: int) -> None:
        self.index, self.line, self.column = index, line, column


@cache
def _direct(kind: type, *others: str) -> type:
    """The kind, which finds its neighbours once instead of at each step that it takes."""
    return type(kind.__name__, (kind,), {name: cached_property(getattr(kind, name).fget) for name in others})


@cache
def _resolver() -> Any:
    """ruamel.yaml's resolver, which does not ask what type a scalar has: nobody wants to know (`process_tag`)."""
    from ruamel.yaml.nodes import MappingNode, ScalarNode
    from ruamel.yaml.resolver import VersionedResolver

    class _Untyped(VersionedResolver):  # type: ignore[misc,unused-ignore]
        def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
            if kind is ScalarNode:
                return self.DEFAULT_SCALAR_TAG
            return self.DEFAULT_MAPPING_TAG if kind is MappingNode else self.DEFAULT_SEQUENCE_TAG

        def descend_resolver(self, current_node: Any, current_index: Any) -> None:
            """There are no paths either."""

        def ascend_resolver(self) -> None:
            """As `descend_resolver`."""

    return _Untyped


@cache
def _reader() -> Any:
    """ruamel.yaml's reader, which passes over a stretch without line ends in one go, and marks places plainly."""
    from ruamel.yaml.reader import Reader

    class _Strides(Reader):  # type: ignore[misc,unused-ignore]
        def forward(self, length: int = 1) -> None:
            end = self.pointer + length
            if end + 1 >= len(self.buffer):
                super().forward(length)
                return
            passed = self.buffer[self.pointer : end]
            if "\n" in passed or "\r" in passed or "\ufeff" in passed:
                super().forward(length)
                return
            self.pointer = end
            self.index += length
            self.column += length

        def get_mark(self) -> Any:
            return _Mark(self.index, self.line, self.column)

    return _Strides


@cache
def _scanner() -> Any:
    """ruamel.yaml's scanner, which looks ahead once for each token instead of once for each question about it."""
    from ruamel.yaml.scanner import RoundTripScanner

    class _LooksOnce(RoundTripScanner):  # type: ignore[misc,unused-ignore]
        settled: object = None

        def need_more_tokens(self) -> bool:
            if self.tokens and self.tokens[0] is self.settled:
                return False
            return bool(super().need_more_tokens())

        def check_token(self, *choices: type) -> bool:
            if not self.tokens or self.tokens[0] is not self.settled:
                super().check_token()
                self.settled = self.tokens[0] if self.tokens else None
            return bool(self.tokens) and (not choices or isinstance(self.tokens[0], choices))

        def peek_token(self) -> Any:
            return self.tokens[0] if self.check_token() else None

        def _gather_comments(self) -> Any:
            return [] if self.tokens and self.tokens[0] is self.settled else super()._gather_comments()

        def next_possible_simple_key(self) -> int | None:
            keys = self.possible_simple_keys
            return min(key.token_number for key in keys.values()) if keys else None

    return _LooksOnce


@cache
def _emitter() -> Any:
    """ruamel.yaml's emitter, which writes scalars as the file has them: escapes, quotes and line breaks are meant."""
    from ruamel.yaml.emitter import Emitter
    from ruamel.yaml.events import ScalarEvent

    class _AsWritten(Emitter):  # type: ignore[misc,unused-ignore]
        sources: Iterator[tuple[str, ...]]

        def process_tag(self) -> None:
            """There are none: the loader refuses them."""

        def check_simple_key(self) -> bool:
            event = self.event
            if isinstance(event, ScalarEvent) and event.style not in ("|", ">"):
                return len(event.value) < self.MAX_SIMPLE_KEY_LENGTH and "\n" not in event.value
            return bool(super().check_simple_key())

        def process_scalar(self) -> None:
            source = next(self.sources)
            if not source:
                super().process_scalar()
                self.open_ended = False  # no `...` behind a block that keeps its last line ends
                return
            if self.sequence_context and not self.flow_level:
                self.write_indent()
            if source[0]:
                self.write_indicator(source[0], True)
            indent = self.indent or 0
            block = self.event.style in ("|", ">")
            for line in source[1:]:
                self.write_line_break()
                if line:
                    self.stream.write(" " * indent + line)
                    self.column = indent + len(line)
                    self.whitespace = self.indention = False
            if block:
                self._end_block(indent)
            self.analysis = self.style = None
            if self.event.comment:
                self.write_post_comment(self.event)

        def _end_block(self, indent: int) -> None:
            self.write_line_break()
            after = self.event.comment[0] if self.event.comment else None
            if after and after.column >= indent:
                after.column = max(0, indent - 1)  # else it would be part of the block

    return _AsWritten


def _events(text: str) -> list[tuple[object, ...]]:
    """What a text says, apart from how it is laid out: anchors and the kinds of scalars with it."""
    parser = CParser(text)
    found: list[tuple[object, ...]] = []
    while (event := parser.get_event()) is not None:
        if isinstance(event, yaml.ScalarEvent):
            found.append((event.anchor, event.value, event.style or None))
        elif isinstance(event, yaml.NodeEvent):
            found.append((type(event), event.anchor))
        elif isinstance(event, yaml.CollectionEndEvent):
            found.append((type(event),))
    return found
