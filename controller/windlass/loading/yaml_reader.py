"""Text → YAML nodes: libyaml's syntax, nothing of PyYAML's meaning.

In: text (text.py). Out: the root node, or a `Fault`. The only place that imports PyYAML's parser. libyaml composes
recursively in C, so a file that could nest deeply or is large is first read as flat events and refused at the
limits; what passes is composed in one go, which is three times as fast as anything in Python.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml._yaml import CParser

from windlass.loading.faults import Fault
from windlass.loading.yaml_nodes import Node
from windlass.problems import Span

MAX_DEPTH = 64
MAX_NODES = 10_000
# Below these a file cannot nest deeper than about a thousand levels, which C recursion bears.
_FEW_OPENERS = 400
_DEEP_INDENT = "\n" + " " * 200
_SMALL = 128 * 1024
_MAX_DIRECTIVES = 3  # libyaml compares each with all before it
_HINTS = (
    ("mapping values are not allowed", "text that holds ': ' must be quoted"),
    ("cannot start any token", "quote the text"),
    ("could not find expected ':'", "a key is written as `key: value`; check the indentation of this line"),
    ("did not find expected key", "check the indentation of this line and the one before it, and open quotes"),
    ("did not find expected '-'", "check the indentation: a list's items stand under one another"),
    ("while scanning a quoted scalar", "the closing quote is missing"),
    ("found undefined alias", "define the anchor with & before it is used"),
    ("the anchor stands in", "give each anchor a name of its own"),
    ("unknown escape character", "use single quotes, or write the backslash twice"),
    ("',' or ']'", "the closing ] or a comma is missing"),
    ("',' or '}'", "the closing } or a comma is missing"),
)
_REWORDED = {
    "found character that cannot start any token": "this character cannot begin a value",
    "mapping values are not allowed in this context": "a second `: ` where no mapping can begin",
    "could not find expected ':'": "a `:` is missing",
    "did not find expected key": "no key where one was expected",
    "found unexpected end of stream": "the file ends inside a value",
}


class _Composer(CParser):
    """libyaml's composer without tag resolution: the builder decides what a scalar means."""

    def resolve(self, _kind: object, _value: object, _implicit: object) -> None:
        return None

    def descend_resolver(self, _node: object, _index: object) -> None:
        return None

    def ascend_resolver(self) -> None:
        return None


def compose(text: str) -> Node:
    """The root node of the one document; None when there is none. A node without a tag of its own has tag None.

    Raises Fault (`yaml-syntax`, `yaml-limit`, `yaml-tag`, `one-document`).
    """
    if text.count("%", 0, 1) + text.count("\n%") > _MAX_DIRECTIVES:
        raise Fault("yaml-syntax", "more than three directives", hint="no directive is needed: delete the lines with %")
    try:
        if _may_be_deep(text):
            _survey(text)
        node: Node = _Composer(text).get_single_node()
    except yaml.YAMLError as error:
        raise _fault_of(error, text) from None
    except (ValueError, OverflowError) as error:  # an escape such as "\UFFFFFFFF" that no character has
        raise Fault("yaml-syntax", f"not readable: {error}") from None
    if "! " in text or "!\n" in text:
        _refuse_bare_tags(text)
    return node


def _may_be_deep(text: str) -> bool:
    openers = text.count("[") + text.count("{") + text.count("- ") + text.count("? ")
    return openers > _FEW_OPENERS or len(text) > _SMALL or _DEEP_INDENT in text


def _survey(text: str) -> None:
    """Read flat events and refuse what passes the limits, before anything recursive sees the file."""
    parser = CParser(text)
    depth = nodes = 0
    while (event := parser.get_event()) is not None:
        if isinstance(event, yaml.NodeEvent):
            nodes += 1
            if nodes > MAX_NODES:
                raise too_many_nodes(span_of_marks(event.start_mark, event.start_mark))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise too_deep(span_of_marks(event.start_mark, event.start_mark))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _refuse_bare_tags(text: str) -> None:
    """`! text` is a tag too; libyaml drops it while it composes, so only the tokens tell."""
    parser = CParser(text)
    while (token := parser.get_token()) is not None:
        if isinstance(token, yaml.TagToken):
            raise tag_fault("!", span_of_marks(token.start_mark, token.end_mark))


def tag_fault(tag: str, span: Span) -> Fault:
    return Fault(
        "yaml-tag",
        f"the tag {tag.replace('tag:yaml.org,2002:', '!!')} is not allowed: YAML tags are never interpreted",
        span=span,
        hint="delete it; text that begins with ! must be quoted",
    )


def too_deep(span: Span) -> Fault:
    return Fault("yaml-limit", f"nested more than {MAX_DEPTH} levels deep", span=span)


def too_many_nodes(span: Span) -> Fault:
    message = f"more than {MAX_NODES:,} values, each use of an alias counted in full"
    return Fault("yaml-limit", message, span=span, hint="split the file, or use fewer aliases")


def span_of_marks(start: Any, end: Any) -> Span:
    last = max(end.column + 1, start.column + 2) if end.line == start.line else end.column + 1
    return Span(start.line + 1, start.column + 1, end.line + 1, last)


def _fault_of(error: yaml.YAMLError, text: str) -> Fault:
    if not isinstance(error, yaml.MarkedYAMLError):
        return Fault("yaml-syntax", f"not readable as YAML: {getattr(error, 'reason', error)}")
    begun: Any = error.context_mark
    mark: Any = error.problem_mark or begun
    context, problem = error.context or "", error.problem or "not readable as YAML"
    if "duplicate anchor" in context:  # the composer has the two the wrong way round
        context, problem = "", f"the anchor stands in line {begun.line + 1} already"
    span = span_of_marks(mark, mark)
    if "expected a single document" in context:
        return Fault(
            "one-document", "a second document begins here; a file holds one", span=span, hint="split the file"
        )
    if problem in _REWORDED and text[mark.index : mark.index + 1] == "\t":
        return Fault("yaml-syntax", "a tab may not stand here", span=span, hint="indent with spaces")
    message = re.sub(r"\s+", " ", _REWORDED.get(problem, problem))
    if begun is not None and context and begun.line != mark.line:
        message += f" ({context}, which began in line {begun.line + 1})"
    hint = next((hint for needle, hint in _HINTS if needle in problem or needle in context), None)
    return Fault("yaml-syntax", message, span=span, hint=hint)
