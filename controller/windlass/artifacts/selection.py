"""Which files an artifact has: paths and globs of the working directory → files and what they are called in it.

In: patterns as written. Out: a Selection. One path to a file is that file; one path to a folder is everything below,
with paths of the folder; with a glob or several paths every file keeps its path of the working directory. A pattern
that means a folder means what is below; one that begins with `!` takes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from windlass.artifacts.tree import RefusedError, shown
from windlass.patterns import matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from windlass.artifacts.tree import Tree

_WILD = frozenset("*?[")


class MissingError(RefusedError):
    """A path that does not exist, or a glob that matches nothing."""


@dataclass(frozen=True, slots=True)
class Selection:
    """`files` maps paths in the artifact to paths of the working directory; `folder`: it is loaded as one."""

    files: dict[str, str]
    folder: bool


def select(tree: Tree, patterns: Sequence[str], most: int, *, all_needed: bool = True) -> Selection:
    """`all_needed`: each pattern has to match something. Raises MissingError, RefusedError (also for more than `most`
    files), OSError."""
    wanted = [_below(pattern) for pattern in patterns if not pattern.startswith("!")]
    without = [_below(pattern[1:]) for pattern in patterns if pattern.startswith("!")]
    if len(patterns) == 1 and wanted:
        kind = tree.kind(wanted[0])
        if kind == "file":
            return Selection(_named([(wanted[0].rpartition("/")[2], wanted[0])], 1), folder=False)
        if kind == "folder":
            start = len(wanted[0]) + 1 if wanted[0] else 0
            return Selection(_named(((path[start:], path) for path in tree.files(wanted[0])), most), folder=True)
    found: dict[str, str] = {}
    for pattern in wanted:
        matched = _named(((path, path) for path in _matching(tree, pattern, without)), most)
        if not matched and all_needed:
            raise MissingError(f"there is nothing at {shown(pattern)} in the working directory")
        found |= matched
    if not found:
        raise MissingError("there is nothing to save in the working directory")
    return Selection(_named(found.items(), most), folder=True)


def _below(pattern: str) -> str:
    """Without `.` and doubled slashes. Raises RefusedError for one that leaves the working directory."""
    parts = pattern.split("/")
    if pattern.startswith("/") or ".." in parts or "\0" in pattern:
        raise RefusedError(f"{shown(pattern)} is no path below the working directory")
    return "/".join(part for part in parts if part not in ("", "."))


def _matching(tree: Tree, pattern: str, without: Sequence[str]) -> Iterator[str]:
    kind = tree.kind(pattern)  # a file may be called `a[1].txt`: what exists as it is written is meant
    if kind == "file":
        found: Iterable[str] = [pattern]
    elif kind == "folder":
        found = tree.files(pattern)
    else:
        found = _globbed(tree, pattern)
    for path in found:
        if not any(_means(excluded, path) for excluded in without):
            yield path


def _globbed(tree: Tree, pattern: str) -> Iterator[str]:
    """Only what lies below the part without wildcards is looked at."""
    above: list[str] = []
    for part in pattern.split("/"):
        if not _WILD.isdisjoint(part):
            break
        above.append(part)
    start = "/".join(above)
    if start == pattern or tree.kind(start) != "folder":
        return
    for path in tree.files(start):
        if _means(pattern, path):
            yield path


def _means(pattern: str, path: str) -> bool:
    return matches(pattern, path) or matches(f"{pattern}/**", path)


def _named(files: Iterable[tuple[str, str]], most: int) -> dict[str, str]:
    """Files by name; names have to fit into JSON, URLs and other people's terminals."""
    found: dict[str, str] = {}
    for name, path in files:
        if not name.isprintable():  # control characters, and bytes that are no UTF-8
            raise RefusedError(f"{shown(path)}: its name holds characters that cannot be shown")
        found[name] = path
        if len(found) > most:
            raise RefusedError(f"more than {most} files (limits.artifactFiles of the server file)")
    return found
