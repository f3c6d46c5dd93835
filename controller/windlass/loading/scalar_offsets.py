"""Characters of a scalar's value → characters of the file.

In: the text of a file, the bounds and the style of one scalar, its value. Out: for each character of the value the
index in the text that it came from, or None when the two cannot be aligned. It walks both side by side: what is no
white space stands in the same order in the source whatever YAML did to indentation, folding, quotes and escapes.
"""

from __future__ import annotations

_ESCAPES = {"x": 2, "u": 4, "U": 8}
_NAMED = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r",
    "e": "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip


def offsets_of(
    text: str, start: int, stop: int, style: str | None, value: str, first: int | None = None
) -> list[int] | None:
    """One index into `text` for each of the first characters of `value` (all); None when they do not align."""
    at = _content_start(text, start, style)
    places: list[int] = []
    for character in value[:first]:
        if character.isspace():
            at = _place_space(text, at, stop, style, character, places)
            continue
        at = _skip_space(text, at, stop, style)
        decoded, width = _unit(text, at, style)
        if at >= stop or decoded != character:
            return None
        places.append(at)
        at += width
    return places


def _content_start(text: str, start: int, style: str | None) -> int:
    if style in ("|", ">"):
        return text.find("\n", start) + 1 or len(text)
    return start + 1 if style in ('"', "'") else start


def _place_space(text: str, at: int, stop: int, style: str | None, character: str, places: list[int]) -> int:
    """Append where one white-space character of the value stands; the place to go on from.

    A line break in the value leaves the rest of its line and the next line's indentation behind; a space may be a
    folded break, which has no place of its own: it gets the place where the break is.
    """
    decoded, width = _unit(text, at, style)
    if decoded == character and at < stop and not (style in ("|", ">") and character == " " and _at_margin(text, at)):
        places.append(at)
        return at + width
    if character == "\n" and style != '"':
        found = text.find("\n", at, stop)
        places.append(found if found >= 0 else min(at, len(text) - 1))
        return found + 1 if found >= 0 else at
    places.append(min(at, len(text) - 1))
    return at


def _at_margin(text: str, at: int) -> bool:
    """Whether only white space stands before `at` on its line: indentation, most likely."""
    return not text[text.rfind("\n", 0, at) + 1 : at].strip()


def _skip_space(text: str, at: int, stop: int, style: str | None) -> int:
    while at < stop:
        if text[at].isspace():
            at += 1
        elif style == '"' and text.startswith("\\\n", at):
            at += 2
        else:
            break
    return at


def _unit(text: str, at: int, style: str | None) -> tuple[str, int]:
    """The character that the source at `at` stands for, and how many source characters it takes."""
    character = text[at : at + 1]
    if style == "'" and text.startswith("''", at):
        return "'", 2
    if style != '"' or character != "\\":
        return character, 1
    kind = text[at + 1 : at + 2]
    if kind in _ESCAPES:
        digits = text[at + 2 : at + 2 + _ESCAPES[kind]]
        return chr(int(digits, 16)), 2 + _ESCAPES[kind]
    return _NAMED.get(kind, ""), 2
