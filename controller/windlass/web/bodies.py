"""What the API takes: bodies as models, read within limits, every mistake with a JSON pointer into the body.

In: a request, the model of its body. Out: the model, or Refused (400, 415) and InputError (422). Unknown keys are
refused (catalogue A04); an empty body is `{}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from windlass.errors import InputError, InputProblem
from windlass.plan.values import escaped
from windlass.triggers.payload import PayloadError, parse_json
from windlass.web.problem import Refused

if TYPE_CHECKING:
    from fastapi import Request
    from pydantic_core import ErrorDetails


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Nothing(Body):
    """No keys."""


class StartRun(Body):
    """Start a run."""

    inputs: dict[str, Any] | None = Field(None, description="By name; each is checked against its declaration.")
    env: dict[str, Any] | None = Field(None, description="The strongest layer of the environment; null unsets.")
    idempotencyKey: str | None = Field(
        None, min_length=1, max_length=256, description="The same key gives the same run for 24 h."
    )


class Rerun(Body):
    """Run an ended run again."""

    mode: Literal["all", "failed", "from"] = Field("all", description="What runs again; the rest is taken over.")
    step: str | None = Field(None, description="With mode `from`: it runs again, and everything downstream of it.")
    definition: Literal["same", "latest"] = Field("same", description="The frozen plan, or what is live now.")


class Approve(Body):
    """Approve."""

    comment: str | None = Field(None, max_length=4000, description="What to say with it.")
    inputs: dict[str, Any] | None = Field(None, description="The answers to what the approval asks, by name.")


class Reject(Body):
    """Reject."""

    comment: str | None = Field(None, max_length=4000, description="What to say with it.")


class SendEvent(Body):
    """Send a custom event."""

    payload: Any = Field(default_factory=dict, description="Any JSON: `event.body` of the runs.")
    idempotencyKey: str | None = Field(
        None, min_length=1, max_length=256, description="The same key gives the same answer for 24 h."
    )


class SetSecret(Body):
    """Keep a secret."""

    value: str = Field("", description="The value: at least 4 characters. No answer ever has it.", repr=False)


class ProposedReference(Body):
    """A reference of a windlass.yaml that is not merged yet."""

    name: str = Field(max_length=256, description="Under `secrets`.")
    environment: str | None = Field(None, max_length=256, description="The one that it stands in.")
    reference: str = Field(max_length=2000, description="As it is written: `ref+…`.")
    recipients: list[list[str]] = Field(
        default_factory=list, max_length=20, description="Of a SOPS file: whom it is encrypted for, by key groups."
    )


class CheckReferences(Body):
    """Ask whether secrets could be had after a merge."""

    references: list[ProposedReference] = Field(max_length=500, description="Those of the checkout.")


class Reconcile(Body):
    """Look at a repository now."""

    confirm: bool | None = Field(None, description="Allow the removal of many workflows that is being held back.")
    wait: bool | None = Field(None, description="Answer when it is done.")


T = TypeVar("T", bound=Body)


async def read_body(request: Request, model: type[T]) -> T:
    """Raises Refused and InputError."""
    raw = await request.body()
    if not raw.strip():
        return model()
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused(415, f"the body must be application/json, not {kind or 'of no type'}")
    try:
        body = parse_json(raw)
    except PayloadError as error:
        raise Refused(error.status, str(error)) from error
    if not isinstance(body, dict):
        raise Refused(400, "the body must be a JSON object")
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise InputError([_problem(one) for one in error.errors(include_url=False)]) from None


def _problem(error: ErrorDetails) -> InputProblem:
    pointer = "".join(f"/{escaped(str(part))}" for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return InputProblem(pointer, "is no key of this request")
    return InputProblem(pointer, error["msg"][:1].lower() + error["msg"][1:])
