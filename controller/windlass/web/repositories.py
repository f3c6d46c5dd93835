"""Sources: list, one, reconcile now."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from windlass.web.answer import answer, items
from windlass.web.context import controller_of, json_object

router = APIRouter(prefix="/api/v1/repositories", tags=["repositories"])


@router.get("")
def list_repositories(request: Request) -> Response:
    """Every source with its commit, conditions and problems."""
    return items(controller_of(request).repositories())


@router.get("/{repository}")
def one_repository(request: Request, repository: str) -> Response:
    """One source."""
    return answer(controller_of(request).repository(repository))


@router.post("/{repository}/reconcile", status_code=202)
async def reconcile(request: Request, repository: str) -> Response:
    """Look at the repository now: `{"wait": true}` answers when done, `{"confirm": true}` allows a mass removal."""
    body = await json_object(request, {"confirm": bool, "wait": bool})
    controller = controller_of(request)
    confirm, wait = bool(body.get("confirm")), bool(body.get("wait"))
    result = await run_in_threadpool(controller.reconcile, repository, confirm=confirm, wait=wait)
    return answer(result, 202)
