"""What a step gives to what it uses: values against the declarations of an action or a workflow.

In: the steps of a workflow, and the signatures that are known. Out: problems at the wrong value, however deep it
stands. What holds an expression is checked by its type (`expressions.py`), and again when the step starts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.loading.checks.texts import texts
from windlass.plan.uses import is_workflow
from windlass.plan.values import ValueMismatchError, fit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from windlass.loading.checks.site import Site
    from windlass.loading.checks.texts import Path
    from windlass.problems import Problem
    from windlass_schemas.inputs import Input
    from windlass_schemas.workflow import StepItem


def check_given(site: Site, items: Iterable[StepItem]) -> Iterator[Problem]:
    for item in items:
        step = item.step
        if step.uses is None:
            continue
        if "outputs" in step.model_fields_set and not is_workflow(step.uses):
            message = "the outputs of this step are those that its action declares"
            yield site.at_key((*item.path, "outputs"), "step-kind", message, "delete it")
        signature = site.signature(step)
        for name, value in step.with_.items():
            declared = signature.inputs.get(name) if signature is not None else None
            if declared is not None:
                yield from _value(site, declared, value, (*item.path, "with", name))


def _value(site: Site, declared: Input, value: Any, path: Path) -> Iterator[Problem]:
    if value is None:
        if declared.is_required:
            yield site.at_value(path, "missing-input", f"{path[-1]} needs a value: null is none")
        return
    if declared.type == "secret" and not _holds_expression(value):
        message = "a secret's value stands in the file: everybody who reads the repository has it"
        yield site.at_value(path, "plain-secret", message, "name it in windlass.yaml and write ${{ secrets.NAME }}")
        return
    try:
        fit(declared.json_schema() | {"type": declared.type}, value)
    except ValueMismatchError as error:
        for found in error.mismatches:
            tokens, part = _below(value, found.pointer)
            if not _holds_expression(part):
                message = f"the value does not fit the input {path[-1]}: {found.message}"
                yield site.at_value((*path, *tokens), "input-value", message)


def _below(value: Any, pointer: str) -> tuple[Path, Any]:
    """The path to a part of a value, and the part; as far as there is one."""
    path: Path = ()
    for token in pointer.split("/")[1:]:
        step: str | int = int(token) if isinstance(value, list) else token.replace("~1", "/").replace("~0", "~")
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            break
        path = (*path, step)
    return path, value


def _holds_expression(value: Any) -> bool:
    return next(texts(value, ()), None) is not None
