"""Declared inputs and outputs: names that clash, patterns, defaults that break their own rules.

In: the inputs of a workflow or an action. Out: problems at the default's own part that does not fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.expressions import colliding
from windlass.loading.checks.texts import OPEN
from windlass.plan.formats import PatternError, compiled
from windlass.plan.inputs import default_mistakes, input_variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from windlass.loading.checks.site import Site
    from windlass.loading.checks.texts import Path
    from windlass.problems import Problem
    from windlass_schemas.declaration import Declaration
    from windlass_schemas.inputs import Input
    from windlass_schemas.step import Step


def check_inputs(site: Site, inputs: Mapping[str, Input], path: Path = ("inputs",)) -> Iterator[Problem]:
    """Also for what an approval asks."""
    yield from _check_collisions(site, inputs, path)
    for name, declared in inputs.items():
        broken = list(_check_patterns(site, declared, (*path, name)))
        yield from broken
        if declared.has_default and not broken:
            yield from _check_default(site, declared, (*path, name, "default"))


def check_outputs(site: Site, outputs: Mapping[str, Declaration], path: Path) -> Iterator[Problem]:
    for first, second in colliding(outputs):
        message = f"{second} and {first} differ only in - and _"
        yield site.at_key((*path, second), "colliding-names", message, "rename one of the two")
    for name, declared in outputs.items():
        yield from _check_patterns(site, declared, (*path, name))


def check_step_declarations(site: Site, step: Step, path: Path) -> Iterator[Problem]:
    yield from check_outputs(site, step.outputs, (*path, "outputs"))
    if step.approval is not None:
        yield from check_inputs(site, step.approval.inputs, (*path, "approval", "inputs"))


def _check_collisions(site: Site, inputs: Mapping[str, Input], path: Path) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name in inputs:
        variable = input_variable(name)
        if variable in seen:
            message = f"{name} and {seen[variable]} are both {variable} in the environment of an action"
            yield site.at_key((*path, name), "colliding-names", message, "rename one of the two")
        seen.setdefault(variable, name)


def _check_default(site: Site, declared: Input, path: Path) -> Iterator[Problem]:
    if isinstance(declared.default, str) and OPEN in declared.default:
        message = "no expression is evaluated in a default: it must be known before anything runs"
        yield site.at_value(path, "expression-not-allowed", message)
        return
    for pointer, message in default_mistakes(declared, declared.default):
        place = (*path, *_steps_of(pointer))
        yield site.at_value(place, "input-value", f"the default does not fit its own declaration: {message}")


def _steps_of(pointer: str) -> Iterator[str | int]:
    for token in pointer.split("/")[1:]:
        yield int(token) if token.isdigit() else token.replace("~1", "/").replace("~0", "~")


def _check_patterns(site: Site, declared: Declaration, path: Path) -> Iterator[Problem]:
    if declared.pattern is not None:
        try:
            compiled(declared.pattern)
        except PatternError as error:
            yield site.at_value((*path, "pattern"), "invalid-pattern", f"the pattern cannot be used: {error}")
    if declared.items is not None:
        yield from _check_patterns(site, declared.items, (*path, "items"))
    for name, part in (declared.properties or {}).items():
        yield from _check_patterns(site, part, (*path, "properties", name))
