"""Workflows: list, one, its firings, and starting a run."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from windlass.web.answer import answer, items
from windlass.web.context import actor_of, controller_of, json_object, number
from windlass.web.problem import Refused

router = APIRouter(prefix="/api/v1/workflows", tags=["workflows"])
LONGEST_KEY = 256


@router.get("")
def list_workflows(request: Request) -> Response:
    """Every live workflow."""
    return items(controller_of(request).workflows(request.query_params.get("repository")))


@router.get("/{repository}/{workflow}")
def one_workflow(request: Request, repository: str, workflow: str) -> Response:
    """The definition, inputs as JSON Schema, triggers, coming fires, stale or not."""
    return answer(controller_of(request).workflow(repository, workflow))


@router.get("/{repository}/{workflow}/firings")
def firings(request: Request, repository: str, workflow: str) -> Response:
    """What its triggers did, newest first, also where nothing was started."""
    limit = number(request, "limit", 50, low=1, high=500)
    return items(controller_of(request).firings(repository, workflow, limit))


@router.post("/{repository}/{workflow}/runs", status_code=201)
async def start_run(request: Request, repository: str, workflow: str) -> Response:
    """Start a run: `{"inputs": {}, "env": {}, "idempotencyKey": "…"}`; the same key again gives the same run, 200."""
    body = await json_object(request, {"inputs": dict, "env": dict, "idempotencyKey": str})
    if len(body.get("idempotencyKey") or "") > LONGEST_KEY:
        raise Refused(400, f"idempotencyKey has at most {LONGEST_KEY} characters")
    controller = controller_of(request)
    run, fresh = await run_in_threadpool(controller.create_run, repository, workflow, body, actor_of(request))
    return answer(run, 201 if fresh else 200)
