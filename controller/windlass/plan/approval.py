"""An approval, planned: who may agree, how many must, what they are asked; and the check of their answers.

In: what is written, or the answers that people give. Out: frozen values; answers that fit, or every mistake. Texts that
hold `${{ }}` stay as written until the step begins. The questions are one JSON Schema object: the same that the API
shows to whoever is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from windlass.errors import InputError, InputProblem
from windlass.nearest import did_you_mean
from windlass.plan.values import ValueMismatchError, escaped, fit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.clock import Millis
    from windlass_schemas.approval import Approval as Written

OF_EVERY_APPROVAL = ("by", "comment")  # outputs beside the answers


@dataclass(frozen=True, slots=True)
class Approval:
    """`inputs` is the JSON Schema of the answers; `timeout` in milliseconds or an expression that gives a duration."""

    by: tuple[str, ...] = ()
    not_by: tuple[str, ...] = ()
    minimum: int | str = 1
    message: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    timeout: Millis | str | None = None
    on_timeout: Literal["reject", "approve"] = "reject"


def planned_approval(written: Written, *, timeout: Millis | None = None) -> Approval:
    """`timeout` is the one of an approval that writes none."""
    return Approval(
        by=tuple(written.by),
        not_by=tuple(written.not_by),
        minimum=written.minimum,
        message=written.message,
        inputs=questions(written),
        timeout=written.timeout if written.timeout is not None else timeout,
        on_timeout=written.on_timeout,
    )


def questions(written: Written) -> dict[str, Any]:
    """The answers as a JSON Schema object, closed. One that need not be given is null when it is not."""
    return {
        "type": "object",
        "properties": {name: declared.json_schema() for name, declared in written.inputs.items()},
        "required": [name for name, declared in written.inputs.items() if declared.is_required],
        "additionalProperties": False,
    }


def check_answers(schema: Mapping[str, Any], given: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The given answers, if they fit; those of people who answered `before` need not be given again.

    Raises InputError with every mistake: unknown, missing, wrong; pointers are below the answers.
    """
    properties: Mapping[str, Any] = schema.get("properties") or {}
    problems = [_unknown(name, properties) for name in given if name not in properties]
    result: dict[str, Any] = {}
    for name, declared in properties.items():
        pointer = f"/{escaped(name)}"
        required = name in schema.get("required", ())
        if name not in given:
            if required and name not in before:
                problems.append(InputProblem(pointer, "is required"))
            continue
        if given[name] is None and not required and "default" not in declared:
            continue
        try:
            result[name] = fit(declared, given[name])
        except ValueMismatchError as error:
            problems += [InputProblem(pointer + found.pointer, found.message) for found in error.mismatches]
    if problems:
        raise InputError(problems)
    return result


def completed(schema: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Answers with what nobody gave: the default, or null for one that need not be given."""
    result = {}
    for name, declared in (schema.get("properties") or {}).items():
        if name in given:
            result[name] = given[name]
        elif "default" in declared:
            result[name] = fit(declared, declared["default"])
        elif name not in schema.get("required", ()):
            result[name] = None
    return result


def _unknown(name: str, properties: Mapping[str, Any]) -> InputProblem:
    hint = did_you_mean(name, properties)
    return InputProblem(f"/{escaped(name)}", f"the approval asks no such thing{f'; {hint}' if hint else ''}")
