"""The words of a CEL expression.

In: the source of one expression. Out: its tokens, or a `Wrong` that points at the character that is none.
CEL's own parser judges the grammar; this reads just enough to find names, calls and loops before it does. Comments and
byte texts are refused: a comment would hide the end of the expression, bytes are of no use in a workflow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from windlass.expressions.template import TemplateError, text_end

_TOKEN = re.compile(
    r"""(?P<blank>\s+)
    |(?P<text>(?:[rR])?(?:'''|\"\"\"|'|"))
    |(?P<bytes>(?:[bB][rR]?|[rR][bB])['"])
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>0[xX][0-9a-fA-F]+[uU]?|\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d+[uU]?|\.\d+(?:[eE][+-]?\d+)?)
    |(?P<comment>//)
    |(?P<mark>==|!=|<=|>=|&&|\|\||[.,?:+\-*/%!<>()\[\]{}])""",
    re.VERBOSE | re.ASCII,
)
_INSTEAD = {"=": "write `==` to compare", "&": "write `&&`", "|": "write `||`", "`": "write name['with odd letters']"}


class Wrong(Exception):
    """One mistake; offset and length count characters of the expression."""

    def __init__(self, offset: int, length: int, rule: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.offset = offset
        self.length = length
        self.rule = rule
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Token:
    kind: str  # text, name, number, mark
    text: str
    start: int
    end: int


def tokenize(source: str) -> list[Token]:
    """Every token but blanks, in order. Raises Wrong at the first character that begins none."""
    tokens: list[Token] = []
    position = 0
    while position < len(source):
        found = _TOKEN.match(source, position)
        if found is None:
            char = source[position]
            raise Wrong(position, 1, "expression-syntax", f"unexpected `{char}`", _INSTEAD.get(char))
        kind, end = str(found.lastgroup), found.end()
        if kind == "comment":
            raise Wrong(position, 2, "expression-syntax", "comments are not allowed in an expression")
        if kind == "bytes":
            raise Wrong(position, 1, "expression-syntax", "byte texts are not supported", "leave out the `b`")
        if kind == "text":
            end = _text(source, position, found.group())
        if kind != "blank":
            tokens.append(Token(kind, source[position:end], position, end))
        position = end
    return tokens


def _text(source: str, start: int, opening: str) -> int:
    try:
        return text_end(source, start, opening, len(source))
    except TemplateError as error:
        raise Wrong(error.offset, error.length, error.rule, error.message) from error


def plain_text(token: Token) -> str | None:
    """What a text token says, or None when it has escapes or is raw: those are left to CEL."""
    if token.kind != "text" or "\\" in token.text or token.text[0] in "rR":
        return None
    quotes = 3 if token.text.startswith(("'''", '"""')) else 1
    return token.text[quotes:-quotes]
