"""A posted HTML form, told apart from the other bodies that come with a form's content type.

In: a request and what its body was parsed into. Out: the fields as texts, or None when the body is something else:
`curl -d '{"a": 1}'` calls JSON a form, and forges send JSON in a field named `payload`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.errors import InputError, InputProblem
from windlass.plan.values import escaped
from windlass.triggers.payload import FORM, PayloadError, parse_form

if TYPE_CHECKING:
    from windlass.triggers.webhook import HookRequest
    from windlass_schemas.inputs import Input
    from windlass_schemas.workflow import Workflow


def open_inputs(model: Workflow, trigger: Any) -> dict[str, Input]:
    """The inputs of a workflow that a trigger leaves to the form."""
    return {name: declared for name, declared in model.inputs.items() if name not in trigger.inputs}


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
