"""Sources: list, one, reconcile now."""

from __future__ import annotations

import anyio.to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from windlass.web.answer import answer, items
from windlass.web.bodies import Reconcile, read_body
from windlass.web.context import controller_of
from windlass.web.described import described
from windlass.web.paging import PAGE, limit_of, place_of, to_cursor
from windlass.web.shapes import Repository, RepositoryList

router = APIRouter(prefix="/api/v1/repositories", tags=["repositories"])
MOST_WAITING = 32


@router.get("", **described({200: RepositoryList}, query=PAGE, refusals=(400,)))
def list_repositories(request: Request) -> Response:
    """Every source with its commit, conditions and problems, by name."""
    place, limit = place_of(request, 1), limit_of(request)
    found = controller_of(request).repositories()
    rest = [one for one in found if place is None or (one["name"],) > place]
    return items(rest[:limit], to_cursor(rest[limit - 1]["name"]) if len(rest) > limit else None)


@router.get("/{repository}", **described({200: Repository}, refusals=(404,)))
def one_repository(request: Request, repository: str) -> Response:
    """One source."""
    return answer(controller_of(request).repository(repository))


@router.post(
    "/{repository}/reconcile",
    status_code=202,
    **described({202: Repository}, body=Reconcile, refusals=(400, 404, 413, 415, 422)),
)
async def reconcile(request: Request, repository: str) -> Response:
    """Look at the repository now: `{"wait": true}` answers when done, `{"confirm": true}` allows a mass removal."""
    body = await read_body(request, Reconcile)
    controller = controller_of(request)
    confirm, wait = bool(body.confirm), bool(body.wait)
    # Those who wait for a server that does not answer must not use up the threads of everybody else (R24).
    limiter = _waiting(request) if wait else None
    result = await anyio.to_thread.run_sync(
        lambda: controller.reconcile(repository, confirm=confirm, wait=wait), limiter=limiter
    )
    return answer(result, 202)


def _waiting(request: Request) -> anyio.CapacityLimiter:
    state = request.app.state
    if not hasattr(state, "waiting"):
        state.waiting = anyio.CapacityLimiter(MOST_WAITING)
    limiter: anyio.CapacityLimiter = state.waiting
    return limiter
