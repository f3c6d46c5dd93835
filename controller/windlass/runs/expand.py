"""Expand a loop: the written values and what is known now → its items, in order.

In: a planned Loop and the names its expressions see. Out: items with a key each (the index for `forEach`, `a=1,b=x` for
a matrix). The result depends on frozen values alone, so it is computed again after a restart instead of being stored.
`include` follows GitHub's rule, after `exclude` (docs.github.com, "Running variations of jobs in a workflow").
"""

from __future__ import annotations

import itertools
import math
from functools import partial
from typing import TYPE_CHECKING, Any

from windlass.errors import ExpressionError
from windlass.expressions import evaluate_all, to_text
from windlass.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from windlass.plan.loop import Loop

MOST = 10_000  # items of one loop; more end the step before anything is expanded (catalogue Y18, Y19)


@dataclass(frozen=True, slots=True)
class Item:
    """One pass of a loop: its key, and the names that expressions of the step see in it."""

    key: str
    names: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Expansion:
    """The items in order, and by their keys."""

    items: tuple[Item, ...]
    by_key: Mapping[str, Item]


def expand(loop: Loop, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> Expansion:
    """The items. Raises ExpressionError when there are too many, two have one key, or a value has no items."""

    now = partial(evaluate_all, values=values, functions=functions)
    items = _for_each(now(loop.source)) if loop.kind == "forEach" else _matrix(loop, now)
    by_key = {item.key: item for item in items}
    if len(by_key) != len(items):
        raise ExpressionError("two items of the loop have the same key")
    return Expansion(items, by_key)


def _for_each(value: Any) -> tuple[Item, ...]:
    if isinstance(value, bool) or not isinstance(value, (int, list, dict)):
        raise ExpressionError("forEach: needs a list, a map or a count")
    if isinstance(value, int):
        _check_count(value)
        value = list(range(value))
    _check_count(len(value))
    if isinstance(value, dict):
        pairs = [(name, {"key": name, "value": value[name]}) for name in sorted(value)]
    else:
        pairs = [(str(index), item) for index, item in enumerate(value)]
    return tuple(Item(key, {"item": item, "index": index}) for index, (key, item) in enumerate(pairs))


def _check_count(count: int) -> None:
    if not 0 <= count <= MOST:
        raise ExpressionError(f"a loop has at most {MOST} items, not {count}")


def _matrix(loop: Loop, now: Callable[[Any], Any]) -> tuple[Item, ...]:
    written = now(loop.source) if loop.source is not None else {}
    if not isinstance(written, dict):
        raise ExpressionError("matrix: needs a map from axis to values")
    include = _maps("include", now(loop.include) or written.get("include") or [])
    exclude = _maps("exclude", now(loop.exclude) or written.get("exclude") or [])
    axes = {name: now(axis) for name, axis in loop.axes.items()}
    axes |= {name: axis for name, axis in written.items() if name not in ("include", "exclude")}
    for name, axis in axes.items():
        if not isinstance(axis, list):
            raise ExpressionError(f"matrix.{name}: needs a list of values")
    if axes:
        _check_count(math.prod(len(axis) for axis in axes.values()))
    cells = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())] if axes else []
    cells = [cell for cell in cells if not any(_has(cell, out) for out in exclude)]
    cells = _included(cells, include, set(axes))
    _check_count(len(cells))
    return tuple(Item(_key(cell), {"matrix": cell, "index": index}) for index, cell in enumerate(cells))


def _maps(key: str, value: Any) -> Iterable[Mapping[str, Any]]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(entry, dict) for entry in value):
        raise ExpressionError(f"matrix.{key}: needs a list of maps from axis to value")
    return value


def _has(cell: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(name in cell and cell[name] == value for name, value in wanted.items())


def _included(
    cells: list[dict[str, Any]], include: Iterable[Mapping[str, Any]], axes: set[str]
) -> list[dict[str, Any]]:
    """Each entry is added to the cells whose own values it does not change; to none: it is a cell of its own."""
    originals = [{name: cell[name] for name in axes} for cell in cells]
    extra: list[dict[str, Any]] = []
    for entry in include:
        fitting = [i for i, own in enumerate(originals) if all(own.get(n, v) == v for n, v in entry.items())]
        for index in fitting:
            cells[index] |= entry
        if not fitting:
            extra.append(dict(entry))
    return cells + extra


def _key(cell: Mapping[str, Any]) -> str:
    return ",".join(f"{name}={to_text(value)}" for name, value in cell.items())
