"""The files of a commit, by name.

In: the output of `git ls-tree -r -t -z -l`. Out: a `Tree`: entries with names that may be used, and problems for
the others. A symbolic link is an entry of its own kind: its content is never taken for a file's (G01–G03).
Trees inside trees are listed (`-t`) only to be counted: a small repository can name itself a billion times without
a single file (G17).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from windlass.frozen import dataclass
from windlass.sources.names import broken_rule, collisions, shown_path

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal["file", "symlink", "submodule"]

MAX_ENTRIES = 100_000

_KINDS: dict[str, Kind] = {"120000": "symlink", "160000": "submodule"}


@dataclass(frozen=True, slots=True)
class Entry:
    """`mode` is git's (`100644`, `100755`, `120000`, `160000`), `blob` its object id, `size` in bytes.

    An entry of a work tree has no `blob` (empty) but the time of its last change; a submodule's size is 0.
    """

    path: str
    mode: str
    kind: Kind
    blob: str
    size: int
    mtime_ns: int = 0


@dataclass(frozen=True, slots=True)
class Tree:
    """`problems` are `(path as shown, rule, message)`; those paths are in no entry.

    `ambiguous` holds the entries among them that a file system of a usual Linux can hold: no reader
    of definitions looks at them, a checkout for a step has them.
    """

    entries: tuple[Entry, ...]
    problems: tuple[tuple[str, str, str], ...]
    ambiguous: tuple[Entry, ...] = ()


def parse_tree(output: bytes) -> Tree:
    """The tree that `git ls-tree -r -t -z -l` printed; entries in git's order (bytes of the path)."""
    named = []
    for record in output.split(b"\0"):
        head, tab, raw = record.partition(b"\t")
        if not tab:
            continue
        mode, kind, blob, size = head.decode("ascii").split()
        if kind != "tree":
            named.append((raw, mode, blob, 0 if size == "-" else int(size)))
    return build_tree(
        (raw, Entry(raw.decode("utf-8", "surrogateescape"), mode, _KINDS.get(mode, "file"), blob, size))
        for raw, mode, blob, size in named
    )


def build_tree(named: Iterable[tuple[bytes, Entry]]) -> Tree:
    """Sorts raw paths with their entries into those that may be used and those that may not."""
    good: list[Entry] = []
    ambiguous: list[Entry] = []
    problems: list[tuple[str, str, str]] = []
    for raw, entry in named:
        broken = broken_rule(raw)
        if broken is None:
            good.append(entry)
            continue
        problems.append((shown_path(raw), *broken))
        if broken[0] != "path-git-directory":
            ambiguous.append(entry)
    alike = collisions(entry.path for entry in good)
    if alike:
        ambiguous += [entry for entry in good if entry.path in alike]
        good = [entry for entry in good if entry.path not in alike]
        for path, group in alike.items():
            others = ", ".join(other for other in group if other != path)
            problems.append((path, "path-collision", f"differs only in case or Unicode form from {others}"))
    return Tree(tuple(good), tuple(sorted(problems)), tuple(ambiguous))
