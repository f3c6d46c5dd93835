"""The HTML form of a hook: what it asks for, and a posted one told apart from the other bodies of its content type.

In: declared inputs with what was filled in so far; a request and what its body was parsed into. Out: the JSON Schema of
the fields to show; the fields as texts, or None when the body is something else: `curl -d '{"a": 1}'` calls JSON a
form, and forges send JSON in a field named `payload`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.errors import InputError, InputProblem
from windlass.plan.inputs import hidden_inputs
from windlass.plan.values import ValueMismatchError, escaped, from_text
from windlass.triggers.payload import FORM, PayloadError, parse_form
from windlass_schemas.inputs import inputs_json_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.triggers.webhook import HookRequest
    from windlass_schemas.inputs import Input
    from windlass_schemas.workflow import Workflow


def open_inputs(model: Workflow, trigger: Any) -> dict[str, Input]:
    """The inputs of a workflow that a trigger leaves to the form."""
    return {name: declared for name, declared in model.inputs.items() if name not in trigger.inputs}


def filled_form(asked: Mapping[str, Input], given: Mapping[str, str]) -> dict[str, Any]:
    """The schema of the inputs that are shown, with what is given as their defaults. Where a secret is asked for all
    are shown: to hide some, the values would have to travel in the address of the page."""
    values = {name: _value(one, given[name]) if name in given else one.default for name, one in asked.items()}
    private = any(one.type == "secret" for one in asked.values())
    hidden = set() if private else hidden_inputs(asked, values)
    schema = inputs_json_schema({name: one for name, one in asked.items() if name not in hidden})
    for name, text in given.items():
        if name in schema["properties"] and not private:
            schema["properties"][name]["default"] = text
    schema["x-changes"] = not private and any(one.show_if is not None for one in asked.values())
    return schema


def _value(declared: Input, text: str) -> Any:
    """A field as its type has it; nothing when it does not fit, which is said when the form is posted."""
    try:
        return from_text({"type": declared.type}, text)
    except ValueMismatchError:
        return None


def posted_fields(request: HookRequest, body: Any) -> dict[str, str] | None:
    """Raises InputError for a field that comes twice: a form of ours has each once."""
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if kind != FORM or not isinstance(body, dict) or not _is_form(request.body, body):
        return None
    twice = [
        InputProblem(f"/{escaped(name)}", "comes twice") for name, value in body.items() if isinstance(value, list)
    ]
    if twice:
        raise InputError(twice)
    return dict(body)


def _is_form(raw: bytes, body: dict[str, Any]) -> bool:
    try:
        return not body or parse_form(raw) == body
    except PayloadError:
        return False  # fine as JSON, and no form
