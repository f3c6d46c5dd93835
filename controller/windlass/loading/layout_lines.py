"""Lines of a YAML file: which of them hold text of a scalar, and the blanks and comments between the others.

In: text (text.py) that is readable YAML. Out: the text with its blanks tidied; comments where they belong after the
indentation of their neighbours has changed. ruamel.yaml keeps every comment, but at the column where it stood.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import yaml
from yaml._yaml import CParser

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_UNTIDY = re.compile(r"[ \t](?:\n|\Z)|\n\n(?:\n|\Z)|\A\n|[^\n]\Z")


class Comments(NamedTuple):
    """What a text says in comments, in order, and each comment that has a line of its own: its line, from 0."""

    texts: tuple[str, ...]
    lines: tuple[int, ...]


def untidy(text: str) -> bool:
    """Whether there could be anything for `tidy` to do."""
    return _UNTIDY.search(text) is not None


def tidy(text: str) -> str:
    """Without blanks at the end of lines, blank lines at either end, and more than one blank line in a row; what
    stands inside scalars stays as it is."""
    if not untidy(text):
        return text
    inside = _inside_scalars(text)
    kept: list[str] = []
    previous_blank = True
    for number, line in enumerate(text.split("\n")):
        stripped = line if number in inside else line.rstrip(" \t")
        blank = not stripped and number not in inside
        if not (blank and previous_blank):
            kept.append(stripped)
        previous_blank = blank
    return "\n".join(kept).rstrip("\n") + "\n" if _ends_outside(text, inside) else "\n".join(kept)


@lru_cache(maxsize=8)
def comments(text: str) -> Comments:
    """The comments of a text: what the scanner passes over, and what stands behind the `|` of a block scalar."""
    texts: list[str] = []
    lines: list[int] = []
    for start, end in _gaps(text):
        for at, part in _parts(text, start, end):
            _, mark, said = part.partition("#")
            if mark:
                texts.append(said.rstrip())
                if not text[text.rfind("\n", 0, at) + 1 : at].strip() and not part.partition("#")[0].strip():
                    lines.append(text.count("\n", 0, at))
    return Comments(tuple(texts), tuple(lines))


def aliases_as_words(text: str) -> str:
    """`*shared` as a word of the same length: ruamel.yaml has no place for a comment behind or above an alias, and
    moves it or loses it."""
    if "*" not in text:
        return text
    chars = list(text)
    for token in _tokens(text):
        if isinstance(token, yaml.AliasToken):
            chars[token.start_mark.index] = "x"
    return "".join(chars)


def with_comments_beside(text: str, before: str) -> str:
    """`text` is `before` with another indentation: each comment line goes where its neighbour went. Whatever stood in
    line with the key below it, or above it, still does."""
    if text == before:
        return text
    new, old = comments(text).lines, comments(before).lines
    if len(new) != len(old):
        return text
    lines = text.split("\n")
    skipped = [(_inside_scalars(t) | set(own)) for t, own in ((before, old), (text, new))]
    sides = [(before.split("\n"), skipped[0]), (lines, skipped[1])]
    for was, now in zip(old, new, strict=True):
        column = _moved(was, now, sides)
        if column is not None:
            lines[now] = " " * column + lines[now].lstrip(" ")
    return "\n".join(lines)


def _moved(was: int, now: int, sides: Sequence[tuple[list[str], frozenset[int]]]) -> int | None:
    """The column for a comment; None when it stood in line with neither neighbour."""
    (old, old_skipped), (new, new_skipped) = sides
    column = _columns(old[was])[0]
    if column == 0 and not _neighbour(old, was, 1, old_skipped):
        return 0
    for step in (1, -1):
        there, here = _neighbour(old, was, step, old_skipped), _neighbour(new, now, step, new_skipped)
        if column in there and len(there) == len(here):
            return here[there.index(column)]
    return None


def _neighbour(lines: list[str], at: int, step: int, skipped: frozenset[int]) -> list[int]:
    """The columns where something begins in the next line (or the one before) that is neither blank nor comment."""
    at += step
    while 0 <= at < len(lines):
        if at not in skipped and lines[at].strip():
            return _columns(lines[at])
        at += step
    return []


def _columns(line: str) -> list[int]:
    """Where the line begins, and where the content of each `- ` in it does."""
    at = len(line) - len(line.lstrip(" "))
    found = [at]
    while line.startswith("- ", at):
        at += 1
        at += len(line[at:]) - len(line[at:].lstrip(" "))
        found.append(at)
    return found


@lru_cache(maxsize=8)
def _inside_scalars(text: str) -> frozenset[int]:
    """The lines that a scalar goes on in: a break or blanks there are part of what it says."""
    inside: set[int] = set()
    lines: list[str] = []
    for token in _tokens(text):
        first, end = token.start_mark.line, token.end_mark
        if end.line == first or not isinstance(token, yaml.ScalarToken):
            continue
        if token.style not in ("|", ">"):
            inside.update(range(first, end.line))  # blanks before a break may be escaped
            continue
        lines = lines or text.split("\n")
        last = end.line if end.column == 0 else end.line + 1
        if "+" not in lines[first][token.start_mark.column :].partition("#")[0]:
            while last > first + 1 and not lines[last - 1].strip(" "):
                last -= 1
        inside.update(range(first + 1, last))
    return frozenset(inside)


def _ends_outside(text: str, inside: frozenset[int]) -> bool:
    return text.count("\n") - text.endswith("\n") not in inside


def _gaps(text: str) -> Iterator[tuple[int, int]]:
    """The stretches between tokens, and the first line of each block scalar."""
    at = 0
    for token in _tokens(text):
        start, end = token.start_mark.index, token.end_mark.index
        if start > at:
            yield at, start
        if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
            yield start, text.index("\n", start) if "\n" in text[start:end] else end
        at = max(at, end)
    if at < len(text):
        yield at, len(text)


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """The lines of a stretch, with where each begins."""
    for part in text[start:end].split("\n"):
        yield start, part
        start += len(part) + 1


@lru_cache(maxsize=2)
def _tokens(text: str) -> tuple[yaml.Token, ...]:
    return tuple(iter(CParser(text).get_token, None))
