"""Where expressions may stand in a file (fine print, "Expressions"), and where they may not.

In: written values. Out: each text that holds `${{`, with its path. The walk reads the written document and not the
model: paths are then those of the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from windlass.loading.checks.site import Path

OPEN = "${{"
# Values of a step that hold no expressions: scripts, names, declarations.
PLAIN_KEYS = frozenset({"run", "needs", "uses", "outputs", "shell", "name"})


def texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every text with an expression at or below `path`."""
    if isinstance(value, str):
        if OPEN in value:
            yield path, value
    elif isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, str):
                if OPEN in item:
                    yield (*path, name), item
            elif item.__class__ in (dict, list):
                yield from texts(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, (*path, index))


def texts_in(step: dict[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    """The texts of a step that take expressions; those of parts (`run` as a list) but their scripts included."""
    for key, value in step.items():
        if key == "run" and isinstance(value, list):
            for index, part in enumerate(value):
                if isinstance(part, dict):
                    yield from texts_in(part, (*path, "run", index))
        elif key not in PLAIN_KEYS:
            yield from texts(value, (*path, key))
