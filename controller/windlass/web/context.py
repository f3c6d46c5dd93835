"""What a route needs from a request: the controller or what it reads, the actor, numbers of the query."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from fastapi import Request

from windlass.web.problem import Refused

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from windlass.reconcile.controller import Controller
    from windlass.reconcile.run_views import RunViews

WHOLE = re.compile(r"-?[0-9]{1,19}", re.ASCII)


def controller_of(request: HTTPConnection) -> Controller:
    """For what only the controller can answer; a replica of the web passes such requests on (`forward.py`)."""
    return cast("Controller", request.app.state.views)


def views_of(request: HTTPConnection) -> RunViews:
    """For what a replica answers by itself."""
    return cast("RunViews", request.app.state.views)


def actor_of(request: Request) -> dict[str, Any]:
    """Who asks: the guard has put it there."""
    return cast("dict[str, Any]", request.scope["windlass.actor"])


def number(request: Request, name: str, default: int, *, low: int, high: int) -> int:
    """A whole number of the query. Raises Refused (400) when it is none or out of range."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not WHOLE.fullmatch(text) or not low <= int(text) <= high:
        raise Refused(400, f"{name} must be a whole number from {low} to {high}")
    return int(text)
