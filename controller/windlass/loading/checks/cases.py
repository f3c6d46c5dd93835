"""Workflow tests against the workflow that they are for: names of steps, inputs and outputs, values.

In: the site of a test file, its model, the workflow. Out: problems at the wrong key or value, so that a misspelled name
is no case that passes for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.errors import InputError
from windlass.nearest import did_you_mean
from windlass.plan.inputs import parse_inputs
from windlass.plan.values import ValueMismatchError, fit
from windlass_schemas.declaration import PartDeclaration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from windlass.loading.checks.site import Site
    from windlass.loading.checks.texts import Path
    from windlass.problems import Problem
    from windlass_schemas.declaration import Declaration
    from windlass_schemas.step import Step
    from windlass_schemas.testfile import Case, GivenResult, Test
    from windlass_schemas.workflow import Workflow

OF_APPROVALS = {
    "by": PartDeclaration.model_validate({"type": "array", "items": {"type": "string"}, "minItems": 1}),
    "comment": PartDeclaration.model_validate({"type": "string"}),
}

OF_FILES = {
    "path": PartDeclaration.model_validate({"type": "string"}),
    "size": PartDeclaration.model_validate({"type": "integer", "minimum": 0}),
    "digest": PartDeclaration.model_validate({"type": "string"}),
    "url": PartDeclaration.model_validate({"type": "string"}),
}


def check_cases(site: Site, test: Test, workflow: Workflow) -> Iterator[Problem]:
    steps = {item.name: item.step for item in (*workflow.step_items(), *workflow.finally_items())}
    names: set[str] = set()
    for index, case in enumerate(test.cases):
        path: Path = ("cases", index)
        if case.name in names:
            yield site.at_value((*path, "name"), "duplicate-name", f"another case is called {case.name}")
        names.add(case.name)
        yield from _inputs(site, case, workflow, path)
        for name, given in case.steps.items():
            place = (*path, "steps", name)
            if name not in steps:
                yield site.at_key(place, "unknown-step", *_no_step(name, steps))
            else:
                yield from _given(site, given, steps[name], place)
        yield from _expected(site, case, workflow, steps, path)


def _no_step(name: str, steps: Mapping[str, Any]) -> tuple[str, str | None]:
    return f"the workflow has no step {name}", did_you_mean(name, steps)


def _inputs(site: Site, case: Case, workflow: Workflow, path: Path) -> Iterator[Problem]:
    try:
        parse_inputs(workflow.inputs, case.inputs)
    except InputError as error:
        for problem in error.problems:
            tokens = [token.replace("~1", "/").replace("~0", "~") for token in problem.pointer.split("/")[1:]]
            name = tokens[0] if tokens else ""
            place = (*path, "inputs", *(int(token) if token.isdigit() else token for token in tokens))
            if name not in case.inputs:
                yield site.at_value((*path, "name"), "missing-input", f"the workflow needs the input {name}")
            elif name not in workflow.inputs:
                message = f"the workflow has no input {name}"
                yield site.at_key(place, "unknown-input", message, did_you_mean(name, workflow.inputs))
            else:
                yield site.at_value(place, "input-value", problem.message)


def _given(site: Site, given: GivenResult, step: Step, path: Path) -> Iterator[Problem]:
    yield from _outputs(site, given, step, path)
    if given.items is None:
        return
    if step.for_each is None and step.matrix is None:
        yield site.at_key((*path, "items"), "invalid-value", "the step is no loop, so it has no items")
    for index, item in enumerate(given.items):
        place = (*path, "items", index)
        if item.status == "skipped":
            message = "an item is not skipped by itself: it succeeds, fails, errs or is cancelled"
            yield site.at_value((*place, "status"), "invalid-value", message)
        yield from _outputs(site, item, step, place)


def _outputs(site: Site, given: GivenResult, step: Step, path: Path) -> Iterator[Problem]:
    declared = _declared(site, step)
    if declared is None:
        return
    for name, value in given.outputs.items():
        place = (*path, "outputs", name)
        found = declared.get(name)
        if found is not None and found.type == "file" and isinstance(value, dict):
            yield from _file(site, value, place)
        elif found is not None:
            yield from _value(site, found, value, place)
        elif name not in declared:  # else of a type that only its expression knows
            message = f"the step declares no output {name}"
            yield site.at_key(place, "unknown-output", message, did_you_mean(name, declared))


def _file(site: Site, value: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    """What an output of type file is to whoever reads it; its path alone may be given too."""
    if "path" not in value:
        yield site.at_value(path, "output-value", "the step could not give this output: a file has a path")
    for key, part in value.items():
        if key not in OF_FILES:
            message = f"an output of type file has no {key}"
            yield site.at_key((*path, key), "unknown-output", message, did_you_mean(key, OF_FILES))
        else:
            yield from _value(site, OF_FILES[key], part, (*path, key))


def _declared(site: Site, step: Step) -> Mapping[str, Declaration | None] | None:
    """What a step can give; None when it uses what is not known here."""
    if step.uses is not None:
        signature = site.signature(step)
        return signature.outputs if signature is not None else None
    asked = {**step.approval.inputs, **OF_APPROVALS} if step.approval is not None else {}
    return {**step.outputs, **asked}


def _value(site: Site, declared: Declaration, value: Any, path: Path) -> Iterator[Problem]:
    try:
        fit(declared.json_schema(), value)
    except ValueMismatchError as error:
        for found in error.mismatches:
            tokens = found.pointer.split("/")[1:]
            place = (*path, *(int(token) if token.isdigit() else token for token in tokens))
            yield site.at_value(place, "output-value", f"the step could not give this output: it {found.message}")


def _expected(site: Site, case: Case, workflow: Workflow, steps: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    for key, names in (("ran", case.expect.ran), ("skipped", case.expect.skipped)):
        for index, name in enumerate(names or ()):
            if name not in steps:
                yield site.at_value((*path, "expect", key, index), "unknown-step", *_no_step(name, steps))
    for name in case.expect.outputs or {}:
        if name not in workflow.outputs:
            message = f"the workflow has no output {name}"
            hint = did_you_mean(name, workflow.outputs)
            yield site.at_key((*path, "expect", "outputs", name), "unknown-output", message, hint)
