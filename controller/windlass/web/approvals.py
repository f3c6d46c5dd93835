"""Answers to approvals: approve, reject. Who may is checked."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from windlass.reconcile.approvals import Answer
from windlass.runs.model import StepKey
from windlass.web.answer import answer
from windlass.web.bodies import Approve, Reject, read_body
from windlass.web.context import actor_of, controller_of
from windlass.web.described import described
from windlass.web.items import shortened
from windlass.web.shapes import Run

router = APIRouter(prefix="/api/v1/runs", tags=["approvals"])
QUERY = {"item": "string: the key of an item of a loop"}
REFUSALS = (400, 404, 409, 413, 415, 422)


@router.post(
    "/{run}/steps/{step:path}/approve",
    status_code=202,
    **described({202: Run}, body=Approve, query=QUERY, refusals=REFUSALS),
)
async def approve(request: Request, run: str, step: str) -> Response:
    """Approve what a step waits for; a second time by the same person changes nothing. 409 when it does not wait."""
    body = await read_body(request, Approve)
    return await _answer(request, run, step, Answer(True, body.comment, body.inputs or {}))


@router.post(
    "/{run}/steps/{step:path}/reject",
    status_code=202,
    **described({202: Run}, body=Reject, query=QUERY, refusals=REFUSALS),
)
async def reject(request: Request, run: str, step: str) -> Response:
    """Reject what a step waits for: one rejection ends it, cause `rejected`. 409 when it does not wait."""
    body = await read_body(request, Reject)
    return await _answer(request, run, step, Answer(False, body.comment))


async def _answer(request: Request, run: str, step: str, given: Answer) -> Response:
    key = StepKey(step, request.query_params.get("item", ""))
    found = await run_in_threadpool(controller_of(request).answer, run, key, given, actor_of(request))
    return answer(shortened(found), 202)
