"""Where paths of `files` and `cache` lead: below the working directory, or below a home of the attempt's own.

In: a path as written. Out: a `Where`, or a ValueError that says what is wrong with it. Pure: no file is looked at; that
a link on the way leads elsewhere is found out when the path is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HOME = "~"
LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Where:
    """`parts` are names of folders and at last of what is meant; none: the root itself."""

    root: Literal["work", "home"]
    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        """The path as `where` reads it."""
        if self.root == "home":
            return "/".join((HOME, *self.parts))
        written = "/".join(self.parts) or "."
        return f"./{written}" if written.startswith(HOME) else written

    def holds(self, other: Where) -> bool:
        """Whether the other is the same, or below it."""
        return self.root == other.root and other.parts[: len(self.parts)] == self.parts


def where(path: str) -> Where:
    """Raises ValueError with the reason, for the author of the step."""
    if not path or len(path) > LONGEST:
        raise ValueError("a path is needed" if not path else "the path is too long")
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in path):
        raise ValueError("control characters are not allowed in a path")
    first, *rest = path.split("/")
    if first == "":
        raise ValueError("absolute paths are not allowed: write one below the working directory, or below ~")
    if first.startswith(HOME) and first != HOME:
        raise ValueError("only ~ itself stands for a home")
    parts = tuple(part for part in (rest if first == HOME else (first, *rest)) if part not in ("", "."))
    if ".." in parts:
        raise ValueError("the path must not leave its folder with ..")
    return Where("home" if first == HOME else "work", parts)
