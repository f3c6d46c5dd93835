"""What a route needs from a request: the controller, the actor, a body that is a JSON object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from fastapi import Request

from windlass.errors import InputError, InputProblem
from windlass.triggers.payload import PayloadError, parse_json
from windlass.web.problem import Refused

if TYPE_CHECKING:
    from windlass.reconcile.controller import Controller


def controller_of(request: Request) -> Controller:
    return cast("Controller", request.app.state.controller)


def actor_of(request: Request) -> dict[str, Any]:
    """Who asks: the guard has put it there."""
    return cast("dict[str, Any]", request.scope["windlass.actor"])


async def json_object(request: Request, allowed: dict[str, type | tuple[type, ...]]) -> dict[str, Any]:
    """The body as an object with no keys but `allowed`, each of its type; an empty body is `{}`.

    Raises Refused (400, 415) and InputError (422) with pointers into the body.
    """
    raw = await request.body()
    if not raw.strip():
        return {}
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused(415, f"the body must be application/json, not {kind}")
    try:
        body = parse_json(raw)
    except PayloadError as error:
        raise Refused(error.status, str(error)) from error
    if not isinstance(body, dict):
        raise Refused(400, "the body must be a JSON object")
    problems = [InputProblem(f"/{name}", "is no key of this request") for name in body if name not in allowed]
    for name, types in allowed.items():
        value = body.get(name)
        if value is not None and not isinstance(value, types):
            problems.append(InputProblem(f"/{name}", "has the wrong type"))
    if problems:
        raise InputError(problems)
    return body


def number(request: Request, name: str, default: int, *, low: int, high: int) -> int:
    """A whole number of the query. Raises Refused (400) when it is none or out of range."""
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if not low <= value <= high or not text.removeprefix("-").isdigit():
        raise Refused(400, f"{name} must be a whole number from {low} to {high}")
    return value
