"""Concurrency groups: who holds a place, who stands in line."""

from __future__ import annotations

from urllib.parse import quote, unquote

from fastapi import APIRouter, Request
from starlette.responses import Response

from windlass.web.answer import items
from windlass.web.context import controller_of
from windlass.web.described import described
from windlass.web.paging import PAGE, limit_of, place_of, to_cursor
from windlass.web.shapes import GroupList

router = APIRouter(prefix="/api/v1/groups", tags=["groups"])
ONE_REPOSITORY = {"repository": "string: of this repository alone"}


@router.get("", **described({200: GroupList}, query=ONE_REPOSITORY | PAGE, refusals=(400,)))
def list_groups(request: Request) -> Response:
    """Every group that a run or a step is in or waits for, by repository and name."""
    place, limit, only = place_of(request, 2), limit_of(request), request.query_params.get("repository")
    after = (place[0], unquote(place[1])) if place is not None else None
    found = [
        one
        for one in controller_of(request).groups()
        if only in (None, one["repository"]) and (after is None or (one["repository"], one["group"]) > after)
    ]
    last = found[limit - 1] if len(found) > limit else None
    following = to_cursor(last["repository"], quote(last["group"], safe="")) if last is not None else None
    return items(found[:limit], following)
