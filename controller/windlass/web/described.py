"""What a route says of itself in the OpenAPI document: parameters, body, answers.

In: models and names. Out: the keyword arguments of a route. Routes read their requests themselves, so that each error
is a problem document; here is what FastAPI would otherwise find out from signatures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.responses import JSONResponse, Response

from windlass.web.shapes import ProblemDetails

if TYPE_CHECKING:
    from pydantic import BaseModel

PROBLEM = "application/problem+json"
PLACE = "#/components/schemas/{model}"
REASONS = {
    400: "The request is malformed.",
    401: "There is no valid token or signature.",
    403: "From another origin, by another host name, or by somebody who may not.",
    404: "There is no such thing.",
    409: "The state does not allow it.",
    410: "The cursor is older than what is kept.",
    413: "The body is over 1 MiB.",
    415: "The body has the wrong type.",
    422: "Values do not fit; `errors` has a pointer for each.",
    503: "The ledger cannot be reached; try again after `Retry-After`.",
}


class Described(FastAPI):
    """FastAPI, whose document knows the problem object too: it would add it as plain JSON, which it never is."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        problem = ProblemDetails.model_json_schema(ref_template=PLACE)
        document["components"]["schemas"] |= problem.pop("$defs") | {"ProblemDetails": problem}
        return document


def described(
    answers: dict[int, type[BaseModel] | str],
    *,
    refusals: tuple[int, ...] = (),
    body: type[BaseModel] | None = None,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """`answers`: a model for JSON, or a media type; `headers` are theirs. `query`: name → `type: what it is for`."""
    responses: dict[int | str, dict[str, Any]] = {s: _answer(what, headers) for s, what in answers.items()}
    for status in sorted({401, 403, 503, *refusals}):
        reference = {"$ref": PLACE.format(model="ProblemDetails")}
        responses[status] = {
            "description": REASONS[status],
            "content": {PROBLEM: {"schema": reference}},
        }
    extra: dict[str, Any] = {}
    if query:
        extra["parameters"] = [_parameter(name, told) for name, told in query.items()]
    if body is not None:
        schema = body.model_json_schema()
        extra["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    kind = Response if any(isinstance(what, str) for what in answers.values()) else JSONResponse
    return {"responses": responses, "openapi_extra": extra, "response_model": None, "response_class": kind}


def _answer(what: type[BaseModel] | str, headers: dict[str, str] | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "Done."}
    if headers:
        answer["headers"] = {
            name: {"description": told, "schema": {"type": "string"}} for name, told in headers.items()
        }
    if isinstance(what, str):
        return answer | {"content": {what: {"schema": {"type": "string"}}}}
    return answer | {"description": (what.__doc__ or "Done.").strip().partition("\n")[0], "model": what}


def _parameter(name: str, told: str) -> dict[str, Any]:
    kind, _, description = told.partition(": ")
    several = kind.endswith("s")
    schema: dict[str, Any] = {"type": kind.removesuffix("s")}
    if several:
        schema = {"type": "array", "items": schema}
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
