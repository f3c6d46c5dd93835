"""What can be said of a text's expressions without knowing what is declared.

In: a text. Out: the dotted names and functions in it, and pairs of names that expressions cannot tell apart.
The planner finds dependencies by this; a text that cannot be read has none (checking it says why).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from windlass.expressions.limits import CACHED
from windlass.expressions.reading import TYPE_NAMES, Reading, longest, read
from windlass.expressions.template import TemplateError, parse_template
from windlass.expressions.tokens import Wrong

if TYPE_CHECKING:
    from collections.abc import Iterable


def _readings(text: str) -> tuple[Reading, ...]:
    return _remembered(text) if len(text) <= CACHED else _read_all(text)


def _read_all(text: str) -> tuple[Reading, ...]:
    found = []
    try:
        for expression in parse_template(text).expressions:
            found.append(read(expression.source, longest))
    except (TemplateError, Wrong):
        return tuple(found)
    return tuple(found)


_remembered = lru_cache(maxsize=2048)(_read_all)


@lru_cache(maxsize=4096)
def references(text: str) -> frozenset[str]:
    """The dotted names used, as written: `steps.build-image.outputs.tag`, `inputs.x`; an index by a text counts as a
    segment (`steps.build.outputs['tag']`). A hyphen that could be a subtraction belongs to the name."""
    return frozenset(
        path.dotted
        for reading in _readings(text)
        for path in reading.paths
        if len(path.segments) > 1 or path.dotted not in TYPE_NAMES
    )


@lru_cache(maxsize=4096)
def functions(text: str) -> frozenset[str]:
    """The names of the global functions called (`success`, `hashFiles`), not of methods."""
    return frozenset(call.name for reading in _readings(text) for call in reading.calls if not call.member)


def colliding(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of names that differ only in `-` and `_`, each with the first of its spelling."""
    first: dict[str, str] = {}
    pairs = []
    for name in names:
        known = first.setdefault(name.replace("-", "_"), name)
        if known != name:
            pairs.append((known, name))
    return pairs
