"""Which names, functions and loops an expression uses, before CEL sees it.

In: the source of one expression and a way to choose between a name with hyphens and a subtraction. Out: a `Reading`:
dotted paths with the place of every segment (`steps.build.outputs['tag']` is one), calls, and for the budget how loops
multiply what stands in them. Loop variables and texts are no names. Checking and running both start from this, so
both agree on what a name is.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import field
from typing import TYPE_CHECKING

from windlass.expressions.limits import MAX_DEPTH, MAX_SEGMENTS
from windlass.expressions.tokens import Token, Wrong, plain_text, tokenize
from windlass.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    # (segments so far, candidates from the longest to the shortest) -> the one that is meant
    Choose = Callable[[tuple[str, ...], Sequence[str]], str]

MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})
COLLECTING = frozenset({"map", "filter"})
# Reserved by CEL: https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
RESERVED = frozenset({
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "namespace",
    "package", "return", "var", "void", "while",
})  # fmt: skip
WORDS = frozenset({"true", "false", "null", "in"})
TYPE_NAMES = frozenset({"bool", "double", "int", "list", "map", "null_type", "string", "type"})
_HYPHENS = re.compile(r"(?:-+[A-Za-z0-9_]+){1,62}")
_LONGEST_NAME = 64
_CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Path:
    """A dotted name. `ends` are the offsets after each segment; `span` is what stands for its `has(…)`, if any."""

    segments: tuple[str, ...]
    start: int
    ends: tuple[int, ...]
    looped: bool  # inside a loop's brackets: evaluated many times
    has: tuple[int, int] | None
    beside: tuple[str, str]  # the tokens before and after, "" at the ends

    @property
    def dotted(self) -> str:
        return ".".join(self.segments)

    @property
    def end(self) -> int:
        return self.ends[-1]


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    start: int
    member: bool  # `x.name(…)`


@dataclass(frozen=True, slots=True)
class Reading:
    source: str
    tokens: tuple[Token, ...]
    paths: tuple[Path, ...]
    calls: tuple[Call, ...]
    copies: int  # by how much loops can multiply one value: the product of their variables' uses
    loops: int  # how deeply loops stand within one another
    looped_tokens: int


@dataclass(slots=True)
class _Bracket:
    opening: Token
    variable: str | None = None


@dataclass(slots=True)
class _Reader:
    source: str
    choose: Choose
    tokens: list[Token]
    brackets: list[_Bracket] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    uses: Counter[int] = field(default_factory=Counter)  # by the offset of the loop's bracket
    loops: int = 0
    looped_tokens: int = 0
    binding: str | None = None  # the next bracket begins a loop over this variable

    def text(self, index: int) -> str:
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def kind(self, index: int) -> str:
        return self.tokens[index].kind if 0 <= index < len(self.tokens) else ""

    @property
    def depth(self) -> int:
        return sum(bracket.variable is not None for bracket in self.brackets)

    def read(self) -> Reading:
        index = 0
        while index < len(self.tokens):
            self.looped_tokens += self.depth > 0
            index = self._step(index)
        if self.brackets:
            opening = self.brackets[-1].opening
            raise Wrong(opening.start, 1, "expression-syntax", f"`{opening.text}` is never closed")
        copies = 1
        for count in self.uses.values():
            copies *= max(1, count)
        return Reading(
            self.source,
            tuple(self.tokens),
            tuple(self.paths),
            tuple(self.calls),
            copies,
            self.loops,
            self.looped_tokens,
        )

    def _step(self, index: int) -> int:
        token = self.tokens[index]
        if token.text in _CLOSING and token.kind == "mark":
            return self._open(index)
        if token.kind == "mark" and token.text in ")]}":
            return self._close(index)
        if token.kind == "name":
            return self._name(index)
        return index + 1

    def _open(self, index: int) -> int:
        if len(self.brackets) >= MAX_DEPTH:
            message = f"more than {MAX_DEPTH} brackets within brackets"
            raise Wrong(self.tokens[index].start, 1, "expression-too-large", message)
        self.brackets.append(_Bracket(self.tokens[index], self.binding))
        if self.binding is None:
            return index + 1
        self.uses[self.tokens[index].start] = 0
        self.binding = None
        self.loops = max(self.loops, self.depth)
        return index + 2  # past the variable

    def _close(self, index: int) -> int:
        token = self.tokens[index]
        opening = self.brackets.pop().opening.text if self.brackets else ""
        if _CLOSING.get(opening) != token.text:
            raise Wrong(token.start, 1, "expression-syntax", f"unexpected `{token.text}`")
        return index + 1

    def _name(self, index: int) -> int:
        token = self.tokens[index]
        member, call = self.text(index - 1) == ".", self.text(index + 1) == "("
        if member and self.kind(index - 2) != "name" and self.text(index - 2)[-1:] not in (*")]}\"'",):
            raise Wrong(self.tokens[index - 1].start, 1, "expression-syntax", "unexpected `.`")
        if call:
            self._call(index, member)
            return index + 1
        if member or token.text in WORDS:
            return index + 1
        if token.text in RESERVED:
            message = f"`{token.text}` is a reserved word"
            raise Wrong(token.start, len(token.text), "expression-syntax", message)
        bracket = next((found for found in reversed(self.brackets) if found.variable == token.text), None)
        if bracket is not None:
            self.uses[bracket.opening.start] += 1
            return index + 1
        return self._path(index)

    def _call(self, index: int, member: bool) -> None:
        token = self.tokens[index]
        self.calls.append(Call(token.text, token.start, member))
        if member and token.text in MACROS and self.kind(index + 2) == "name" and self.text(index + 3) == ",":
            variable = self.tokens[index + 2]
            if variable.text.startswith("_") or variable.text in WORDS:
                message = f"`{variable.text}` cannot be the name of a loop variable"
                raise Wrong(variable.start, len(variable.text), "expression-syntax", message)
            self.binding = variable.text

    def _path(self, index: int) -> int:
        first = self.tokens[index]
        segments, ends, following = [first.text], [first.end], index + 1
        while (found := self._segment(following, tuple(segments))) is not None:
            name, end, following = found
            segments.append(name)
            ends.append(end)
            if len(segments) > MAX_SEGMENTS:
                message = f"a name of more than {MAX_SEGMENTS} parts"
                raise Wrong(first.start, end - first.start, "expression-too-large", message)
        if self.text(following) == "{":
            message = f"`{first.text}{{…}}` is not allowed: maps are written {{'key': value}}"
            raise Wrong(first.start, len(first.text), "expression-syntax", message)
        around = self.text(index - 2) == "has" and self.text(index - 1) == "(" and self.text(following) == ")"
        whole = around and len(segments) > 1 and self.text(index - 3) != "."
        has = (self.tokens[index - 2].start, self.tokens[following].end) if whole else None
        beside = (self.text(index - 1), self.text(following))
        path = Path(tuple(segments), first.start, tuple(ends), self.depth > 0, has, beside)
        self.paths.append(path)
        return following

    def _segment(self, index: int, above: tuple[str, ...]) -> tuple[str, int, int] | None:
        """The segment that begins at `index`: its name, the offset after it, the index after it."""
        if self.text(index) == "." and self.kind(index + 1) == "name":
            return None if self.text(index + 2) == "(" else self._dotted(index + 1, above)
        if self.text(index) == "[" and self.text(index + 2) == "]":
            name = plain_text(self.tokens[index + 1])
            if name:
                return name, self.tokens[index + 2].end, index + 3
        return None

    def _dotted(self, index: int, above: tuple[str, ...]) -> tuple[str, int, int]:
        token = self.tokens[index]
        hyphens = _HYPHENS.match(self.source, token.end)
        if hyphens is None:
            return token.text, token.end, index + 1
        ends = {token.end: index + 1}
        for following in range(index + 1, len(self.tokens)):
            end = self.tokens[following].end
            if end > min(hyphens.end(), token.start + _LONGEST_NAME):
                break
            if self.tokens[following].kind != "mark":
                ends[end] = following + 1
        candidates = {self.source[token.start : end]: end for end in sorted(ends, reverse=True)}
        if self.text(ends[max(ends)]) == "(":  # `a.b-c(…)`: a call, never a name
            candidates.pop(self.source[token.start : max(ends)])
        name = self.choose(above, tuple(candidates)) if len(candidates) > 1 else next(iter(candidates))
        return name, candidates[name], ends[candidates[name]]


def read(source: str, choose: Choose) -> Reading:
    """Reads one expression. Raises Wrong at what cannot be read."""
    return _Reader(source, choose, tokenize(source)).read()


def may_have_hyphens(above: tuple[str, ...]) -> bool:
    """Whether the segment after `above` is a name that a user chose, so that `-` may belong to it."""
    if above[0] == "steps":
        return len(above) == 1 or (len(above) == 3 and above[2] in ("outputs", "artifacts"))
    return len(above) == 1 and above[0] in ("inputs", "matrix", "secrets", "env")


def longest(above: tuple[str, ...], candidates: Sequence[str]) -> str:
    """The choice where nothing is known of what is declared: as much as can be a name."""
    return candidates[0] if may_have_hyphens(above) else candidates[-1]
