"""Parts: names that clash.

In: what stands under `run` of steps and actions. Out: problems. A part is shown and spoken of by its name, so it has
one of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.plan.program import part_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from windlass.loading.checks.site import Site
    from windlass.loading.checks.texts import Path
    from windlass.problems import Problem
    from windlass_schemas.action import Action
    from windlass_schemas.command import Part
    from windlass_schemas.workflow import StepItem


def check_parts(site: Site, items: Sequence[StepItem]) -> Iterator[Problem]:
    for item in items:
        if isinstance(item.step.run, tuple):
            yield from _check_names(site, item.step.run, (*item.path, "run"))


def check_action_parts(site: Site, action: Action) -> Iterator[Problem]:
    return _check_names(site, action.run, ("run",)) if isinstance(action.run, tuple) else iter(())


def _check_names(site: Site, parts: Sequence[Part], path: Path) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, part in enumerate(parts):
        name = part_name(part, index + 1)
        if name not in seen:
            seen[name] = index
            continue
        message = f"another part is called {name}, in line {site.document.value_span((*path, seen[name])).line}"
        if part.name is not None:
            yield site.at_value((*path, index, "name"), "duplicate-name", message)
        else:
            yield site.at_value((*path, index), "duplicate-name", message)
