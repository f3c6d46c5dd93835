"""Workflows: list, one, its firings, and starting a run."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from windlass.web.answer import answer, items
from windlass.web.bodies import StartRun, read_body
from windlass.web.context import actor_of, controller_of, number
from windlass.web.described import described
from windlass.web.items import shortened
from windlass.web.paging import PAGE, limit_of, place_of, to_cursor
from windlass.web.shapes import FiringList, Run, Workflow, WorkflowList

router = APIRouter(prefix="/api/v1/workflows", tags=["workflows"])
ONE_REPOSITORY = {"repository": "string: of this repository alone"}


@router.get("", **described({200: WorkflowList}, query=ONE_REPOSITORY | PAGE, refusals=(400,)))
def list_workflows(request: Request) -> Response:
    """Every live workflow, by repository and name."""
    place, limit = place_of(request, 2), limit_of(request)
    found = controller_of(request).workflows(request.query_params.get("repository"), place, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return items(found[:limit], None if last is None else to_cursor(last["repository"], last["name"]))


@router.get("/{repository}/{workflow}", **described({200: Workflow}, refusals=(404,)))
def one_workflow(request: Request, repository: str, workflow: str) -> Response:
    """The definition, inputs as JSON Schema, triggers, coming fires, stale or not."""
    return answer(controller_of(request).workflow(repository, workflow))


@router.get("/{repository}/{workflow}/firings", **described({200: FiringList}, query=PAGE, refusals=(400, 404)))
def firings(request: Request, repository: str, workflow: str) -> Response:
    """What its triggers did, newest first, also where nothing was started."""
    limit = limit_of(request)
    before = number(request, "cursor", 0, low=1, high=2**62) if "cursor" in request.query_params else None
    found, following = controller_of(request).firings(repository, workflow, limit, before)
    return items(found, following)


@router.post(
    "/{repository}/{workflow}/runs",
    status_code=201,
    **described({201: Run, 200: Run}, body=StartRun, refusals=(400, 404, 409, 413, 415, 422)),
)
async def start_run(request: Request, repository: str, workflow: str) -> Response:
    """Start a run: `{"inputs": {}, "env": {}, "idempotencyKey": "…"}`; the same key again gives the same run, 200."""
    body = await read_body(request, StartRun)
    controller = controller_of(request)
    run, fresh = await run_in_threadpool(
        controller.create_run, repository, workflow, body.model_dump(), actor_of(request)
    )
    return answer(shortened(run), 201 if fresh else 200)
