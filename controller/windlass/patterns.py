"""Which names globs mean: branches, tags and paths of a `git` trigger, files of `hashFiles`. Pure.

In: globs as written, a name with slashes. Out: yes or no. `*`, `?` and `[…]` stay within one part of the name, `**`
as a whole part stands for any number of parts, `!` takes back what earlier globs allowed: the last one that matches
decides. A list that begins with `!` starts from everything. The time is in proportion to name and glob, whatever they
hold.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ANY_PARTS = "**"


def allows(globs: Sequence[str], name: str) -> bool:
    """Whether the globs, in their order, allow the name; without any, every name is allowed."""
    allowed = not globs or globs[0].startswith("!")
    for glob in globs:
        wanted = not glob.startswith("!")
        if wanted != allowed and matches(glob if wanted else glob[1:], name):
            allowed = wanted
    return allowed


def allows_any(globs: Sequence[str], names: Iterable[str]) -> bool:
    """Whether one of the names is allowed; without any glob that is so even when there are no names."""
    return not globs or any(allows(globs, name) for name in names)


def matches(glob: str, name: str) -> bool:
    """Whether one glob, without `!`, means the whole name; one that ends in `/` means everything below."""
    parts = (glob + ANY_PARTS if glob.endswith("/") else glob).split("/")
    names = name.split("/")
    reached = {0}  # how many parts of the name the parts of the glob so far may stand for
    for index, part in enumerate(parts):
        if part == ANY_PARTS:
            least = min(reached) + (index == len(parts) - 1)  # at the end: something below, never the folder itself
            reached = set(range(least, len(names) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(names) and fnmatchcase(names[at], part)}
        if not reached:
            return False
    return len(names) in reached
