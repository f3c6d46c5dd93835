"""Errors as RFC 9457 problem details: below `/api` and `/hooks` every error is one."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response

from windlass import log
from windlass.artifacts.objects import ObjectStoreError
from windlass.errors import (
    ConflictError,
    ForbiddenError,
    InputError,
    LedgerError,
    NotFoundError,
    UsageError,
    WindlassError,
)
from windlass.triggers.payload import PayloadError
from windlass.triggers.webhook import VerificationError

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request


class Refused(WindlassError):
    """A request that is wrong in a way only HTTP knows."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers or {}


def problem(status: int, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> Response:
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return Response(orjson.dumps(body), status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """One handler for each kind of expected error; anything else is a 500 without details."""

    async def refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return problem(error.status, str(error), headers=error.headers)

    async def inputs(_request: Request, error: Exception) -> Response:
        assert isinstance(error, InputError)
        errors = [{"pointer": p.pointer, "message": p.message} for p in error.problems]
        return problem(422, str(error), errors=errors)

    async def payload(_request: Request, error: Exception) -> Response:
        assert isinstance(error, PayloadError)
        return problem(error.status, str(error))

    async def http(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))

    async def unexpected(_request: Request, error: Exception) -> Response:
        log.event("web.error", level="error", error=log.told(error))
        return problem(500, "an internal error; the log of the server says more")

    def plain(status: int) -> Any:
        async def answer(_request: Request, error: Exception) -> Response:
            retry = {"Retry-After": "1"} if status == 503 else {}
            return problem(status, str(error), headers=retry)

        return answer

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(InputError, inputs)
    app.add_exception_handler(PayloadError, payload)
    app.add_exception_handler(VerificationError, plain(401))
    app.add_exception_handler(ForbiddenError, plain(403))
    app.add_exception_handler(NotFoundError, plain(404))
    app.add_exception_handler(ConflictError, plain(409))
    app.add_exception_handler(UsageError, plain(400))
    app.add_exception_handler(LedgerError, plain(503))
    app.add_exception_handler(ObjectStoreError, plain(503))
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unexpected)
