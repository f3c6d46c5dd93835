"""Paths of `files`: below the working directory or the attempt's home, each of them once.

In: the steps of a workflow. Out: a problem at each path that no run could write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.loading.checks.texts import OPEN
from windlass.plan.step_paths import where

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from windlass.loading.checks.site import Site
    from windlass.plan.step_paths import Where
    from windlass.problems import Problem
    from windlass_schemas.workflow import StepItem

RULE = "file-path"


def check_files(site: Site, items: Iterable[StepItem]) -> Iterator[Problem]:
    for item in items:
        if item.step.files:
            yield from _of_step(site, item)


def _of_step(site: Site, item: StepItem) -> Iterator[Problem]:
    known: dict[str, Where] = {}
    for path in item.step.files:
        place = (*item.path, "files", path)
        try:
            found = _checked(path)
        except ValueError as error:
            yield site.at_key(place, RULE, str(error))
            continue
        other = next((name for name, one in known.items() if one.holds(found) or found.holds(one)), None)
        if other is not None:
            yield site.at_key(place, RULE, f"{path} and {other} cannot both be files")
        known[path] = found


def _checked(path: str) -> Where:
    """Raises ValueError."""
    if OPEN in path:
        raise ValueError("no expression is evaluated in a path: only in content and mode")
    found = where(path)
    if not found.parts or path.endswith("/"):
        raise ValueError("this is a folder: write the path of a file")
    return found
