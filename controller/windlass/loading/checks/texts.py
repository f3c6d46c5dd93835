"""Where expressions may stand in a file (fine print, "Expressions"), and where they may not.

In: written values. Out: each text that holds `${{`, with its path. The walk reads the written document and not the
model: paths are then those of the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]  # of a value in the written document
OPEN = "${{"
# Values of a step that hold no expressions: scripts, names, declarations.
PLAIN_KEYS = frozenset({"run", "needs", "uses", "outputs", "shell", "name"})


def texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every text with an expression at or below `path`."""
    kind = value.__class__  # exact: these values come from our own builder
    if kind is str:
        if OPEN in value:
            yield path, value
        return
    for name, item in value.items() if kind is dict else enumerate(value) if kind is list else ():
        below = item.__class__
        if below is str:
            if OPEN in item:
                yield (*path, name), item
        elif below is dict or below is list:
            yield from texts(item, (*path, name))


def is_evaluated(path: Path) -> bool:
    """Whether an expression at this path of a step takes part in the run; those of scripts and declarations do not."""
    if path[2] == "run":
        return len(path) > 4 and path[4] not in PLAIN_KEYS
    if path[2] == "approval":
        return len(path) > 3 and path[3] != "inputs"
    return path[2] not in PLAIN_KEYS
