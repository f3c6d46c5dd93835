"""What a function of an expression is called with, as written: for functions whose result must be known early.

In: a text and the name of a global function. Out: each call with its arguments as expressions of their own, and what
those name. The text must be one that can be read; of what cannot, there are no calls (checking it says why).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.expressions.reading import TYPE_NAMES, longest, read
from windlass.expressions.template import TemplateError, parse_template
from windlass.expressions.tokens import Wrong, plain_text
from windlass.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from windlass.expressions.reading import Reading

OPENING = ("(", "[", "{")
CLOSING = (")", "]", "}")


@dataclass(frozen=True, slots=True)
class Argument:
    """`start` counts characters of the whole text; `literal` is its value when it is a text as written.

    `names` are the dotted names in it, loop variables too; `functions` the global functions that it calls.
    """

    source: str
    start: int
    literal: str | None
    names: tuple[str, ...]
    functions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WrittenCall:
    start: int
    arguments: tuple[Argument, ...]


def calls_of(text: str, function: str) -> tuple[WrittenCall, ...]:
    """The calls of a global function in a text, in written order."""
    if function not in text:
        return ()
    try:
        found = []
        for expression in parse_template(text).expressions:
            reading = read(expression.source, longest)
            found += list(_calls(reading, function, expression.offset))
    except (TemplateError, Wrong):
        return ()
    return tuple(found)


def _calls(reading: Reading, function: str, offset: int) -> Iterator[WrittenCall]:
    index_at = {token.start: index for index, token in enumerate(reading.tokens)}
    for call in reading.calls:
        if call.name == function and not call.member:
            spans = _argument_spans(reading, index_at[call.start] + 1)
            yield WrittenCall(offset + call.start, tuple(_argument(reading.source, span, offset) for span in spans))


def _argument_spans(reading: Reading, opening: int) -> list[tuple[int, int]]:
    """Start and end of each argument in the source; `opening` is the index of the call's bracket."""
    spans: list[tuple[int, int]] = []
    depth, start = 1, reading.tokens[opening].end
    for token in reading.tokens[opening + 1 :]:
        mark = token.text if token.kind == "mark" else ""
        depth += (mark in OPENING) - (mark in CLOSING)
        if depth == 0 or (depth == 1 and mark == ","):
            spans.append((start, token.start))
            start = token.end
        if depth == 0:
            break
    return spans


def _argument(source: str, span: tuple[int, int], offset: int) -> Argument:
    written = source[span[0] : span[1]]
    start = offset + span[0] + len(written) - len(written.lstrip())
    reading = read(written.strip(), longest)
    literal = plain_text(reading.tokens[0]) if len(reading.tokens) == 1 else None
    names = tuple(path.dotted for path in reading.paths if path.dotted not in TYPE_NAMES)
    called = tuple(call.name for call in reading.calls if not call.member)
    return Argument(reading.source, start, literal, names, called)
