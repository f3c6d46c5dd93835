"""Loops whose size is written: more items than a loop may have are refused before they are expanded (catalogue Y18)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from windlass.nearest import did_you_mean
from windlass.runs.expand import MOST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from windlass.loading.checks.site import Site
    from windlass.problems import Problem
    from windlass_schemas.step import Step
    from windlass_schemas.workflow import StepItem


def check_loops(site: Site, items: Iterable[StepItem]) -> Iterator[Problem]:
    for item in items:
        yield from _needless(site, item)
        yield from _excluded(site, item)
        for key, size in _sizes(item.step):
            if size > MOST:
                message = f"the loop has {size:,} items; {MOST:,} is the most"
                yield site.at_key((*item.path, key), "loop-too-large", message)


def _needless(site: Site, item: StepItem) -> Iterator[Problem]:
    """Who writes `maxParallel` means a loop, and may have lost it."""
    if item.step.for_each is not None or item.step.matrix is not None:
        return
    for name, key in (("max_parallel", "maxParallel"), ("fail_fast", "failFast")):
        if name in item.step.model_fields_set:
            message = f"the step is no loop, so {key} has no effect"
            yield site.at_key((*item.path, key), "needless-key", message, "write forEach or matrix, or delete the key")


def _excluded(site: Site, item: StepItem) -> Iterator[Problem]:
    """What names no axis excludes nothing."""
    matrix = item.step.matrix
    if matrix is None or isinstance(matrix, str) or isinstance(matrix.exclude, str):
        return
    for index, cell in enumerate(matrix.exclude):
        for name in cell.keys() - matrix.axes.keys():
            place = (*item.path, "matrix", "exclude", index, name)
            message = f"the matrix has no axis {name}, so this excludes nothing"
            yield site.at_key(place, "unknown-name", message, did_you_mean(name, matrix.axes))


def _sizes(step: Step) -> Iterator[tuple[str, int]]:
    """The size of a loop as far as it is written; expressions are counted when they are known."""
    each = step.for_each
    if isinstance(each, int):
        yield "forEach", each
    elif isinstance(each, (list, dict)):
        yield "forEach", len(each)
    if step.matrix is not None and not isinstance(step.matrix, str):
        yield "matrix", math.prod(len(axis) for axis in step.matrix.axes.values() if not isinstance(axis, str))
