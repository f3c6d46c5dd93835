"""A text taken apart into what is written and what is computed: `deploy-${{ inputs.environment }}`.

In: any text. Out: a `Template` of literals and expressions with their offsets, or a TemplateError.
The end of an expression is the first `}}` outside of CEL's texts and braces, so that `${{ {'a': {'b': '}}'}} }}` is one
expression. There is no escape for `${{`: a text that needs it writes `${{ '$' }}{{`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from windlass.errors import ExpressionError
from windlass.expressions.limits import CACHED, MAX_DEPTH, MAX_EXPRESSIONS, MAX_SOURCE
from windlass.frozen import dataclass

OPEN = "${{"
_STOP = re.compile(r"""(?<!\w)[rR](?:'''|\"\"\"|'|")|'''|\"\"\"|'|"|[{}]""")
# What may follow an opening quote up to the closing one. Possessive: no backtracking on a text that never ends.
_REST = {
    "'": re.compile(r"(?:[^'\\\n]|\\.)*+'"),
    '"': re.compile(r'(?:[^"\\\n]|\\.)*+"'),
    "'''": re.compile(r"(?:[^'\\]|\\.|'(?!''))*+'''", re.DOTALL),
    '"""': re.compile(r'(?:[^"\\]|\\.|"(?!""))*+"""', re.DOTALL),
}
_RAW_REST = {
    "'": re.compile(r"[^'\n]*+'"),
    '"': re.compile(r'[^"\n]*+"'),
    "'''": re.compile(r"(?:[^']|'(?!''))*+'''"),
    '"""': re.compile(r'(?:[^"]|"(?!""))*+"""'),
}


class TemplateError(ExpressionError):
    """The text cannot be taken apart. `offset` and `length` count characters of the whole text."""

    def __init__(self, message: str, offset: int, length: int = 1, rule: str = "expression-syntax") -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.length = length
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Literal:
    text: str


@dataclass(frozen=True, slots=True)
class Expr:
    """One expression without the blanks around it; `offset` is where it begins in the whole text, in characters."""

    source: str
    offset: int


@dataclass(frozen=True, slots=True)
class Template:
    text: str
    parts: tuple[Literal | Expr, ...]

    @property
    def is_literal(self) -> bool:
        """No expression in it: the text is the value."""
        return not self.expressions

    @property
    def is_pure(self) -> bool:
        """One expression and only blanks around it: the value keeps its type."""
        return len(self.expressions) == 1 and all(
            isinstance(part, Expr) or not part.text.strip() for part in self.parts
        )

    @property
    def expressions(self) -> tuple[Expr, ...]:
        return tuple(part for part in self.parts if isinstance(part, Expr))


def parse_template(text: str) -> Template:
    """Takes `text` apart. Raises TemplateError for an expression without end, empty, too long or too deep."""
    if OPEN not in text:
        return Template(text, (Literal(text),))
    return _remembered(text) if len(text) <= CACHED else _parse(text)


def _parse(text: str) -> Template:
    parts: list[Literal | Expr] = []
    position = 0
    while (start := text.find(OPEN, position)) >= 0:
        if start > position:
            parts.append(Literal(text[position:start]))
        inside = start + len(OPEN)
        end = _end(text, start, inside)
        source = text[inside:end]
        if not source.strip():
            raise TemplateError("empty expression", start, end + 2 - start)
        parts.append(Expr(source.strip(), inside + len(source) - len(source.lstrip())))
        if len(parts) > 2 * MAX_EXPRESSIONS:
            message = f"more than {MAX_EXPRESSIONS} expressions in one text"
            raise TemplateError(message, start, len(OPEN), "expression-too-large")
        position = end + 2
    if position < len(text):
        parts.append(Literal(text[position:]))
    return Template(text, tuple(parts))


_remembered = lru_cache(maxsize=4096)(_parse)


def _end(text: str, start: int, inside: int) -> int:
    """Where the `}}` of the expression at `start` stands."""
    limit = min(len(text), inside + MAX_SOURCE + 2)
    position, depth = inside, 0
    while (found := _STOP.search(text, position, limit)) is not None:
        mark, position = found.group(), found.end()
        if mark == "{":
            depth += 1
            if depth > MAX_DEPTH:
                raise TemplateError(_too_deep(), found.start(), rule="expression-too-large")
        elif mark == "}":
            if depth:
                depth -= 1
            elif text.startswith("}}", found.start()):
                return found.start()
        else:
            position = text_end(text, found.start(), mark, limit)
    if limit < len(text):
        raise TemplateError(_too_long(), start, len(OPEN), "expression-too-large")
    raise TemplateError("`${{` is never closed by `}}`", start, len(OPEN))


def text_end(text: str, start: int, opening: str, limit: int) -> int:
    """The offset after the CEL text that `opening` (a quote, maybe with `r` before it) begins at `start`."""
    quote = opening.lstrip("rR")
    rest = (_RAW_REST if quote != opening else _REST)[quote]
    found = rest.match(text, start + len(opening), limit)
    if found is None:
        if limit < len(text):
            raise TemplateError(_too_long(), start, len(opening), "expression-too-large")
        raise TemplateError(f"the text that begins with {quote} is never closed", start, len(opening))
    return found.end()


def _too_long() -> str:
    return f"an expression is longer than {MAX_SOURCE // 1024} KiB, or its `}}}}` is missing"


def _too_deep() -> str:
    return f"more than {MAX_DEPTH} brackets within brackets"
