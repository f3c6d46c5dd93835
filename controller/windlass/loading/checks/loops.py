"""Loops whose size is written: more items than a loop may have are refused before they are expanded (catalogue Y18)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from windlass.runs.expand import MOST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from windlass.loading.checks.site import Site
    from windlass.problems import Problem
    from windlass_schemas.step import Step
    from windlass_schemas.workflow import StepItem


def check_loops(site: Site, items: Iterable[StepItem]) -> Iterator[Problem]:
    for item in items:
        for key, size in _sizes(item.step):
            if size > MOST:
                message = f"the loop has {size:,} items; {MOST:,} is the most"
                yield site.at_key((*item.path, key), "loop-too-large", message)


def _sizes(step: Step) -> Iterator[tuple[str, int]]:
    """The size of a loop as far as it is written; expressions are counted when they are known."""
    each = step.for_each
    if isinstance(each, int):
        yield "forEach", each
    elif isinstance(each, (list, dict)):
        yield "forEach", len(each)
    if step.matrix is not None and not isinstance(step.matrix, str):
        yield "matrix", math.prod(len(axis) for axis in step.matrix.axes.values() if not isinstance(axis, str))
