"""Webhooks: deliveries, the form of a trigger, the forge's push notification.

A delivery is verified over its raw bytes before anything is parsed. 202 means that the runs are committed; 200 that
this delivery was seen before, or that nothing waits for it (fine print, "Hooks").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response, StreamingResponse

from windlass.runs.model import Status
from windlass.triggers.webhook import HookRequest
from windlass.web.answer import answer
from windlass.web.context import controller_of
from windlass.web.described import described
from windlass.web.follow import follow_logs, wait_for_end
from windlass.web.form import form_page
from windlass.web.items import shortened
from windlass.web.shapes import HookAnswer as HookAnswerShape
from windlass.web.shapes import PushAnswer

if TYPE_CHECKING:
    from windlass.reconcile.controller import Controller
    from windlass.reconcile.hooks import HookAnswer

router = APIRouter(prefix="/hooks", tags=["hooks"])


@router.post(
    "/{repository}/{name}",
    status_code=202,
    **described({202: HookAnswerShape, 200: HookAnswerShape}, refusals=(400, 404, 413, 415, 422)),
)
async def deliver(request: Request, repository: str, name: str) -> Response:
    """A webhook: 202 with the runs, 200 when redelivered, 401 for a bad signature."""
    controller = controller_of(request)
    taken = _taken(request, await request.body())
    result = await run_in_threadpool(controller.deliver, repository, name, taken)
    return await _respond(controller, repository, result)


@router.get("/{repository}/{name}", **described({200: "text/html"}, refusals=(404,)))
def form(request: Request, repository: str, name: str) -> Response:
    """The form of the inputs that the trigger does not set; parameters named after inputs fill it in."""
    title, schema = controller_of(request).parts.hooks.form(repository, name, request.query_params)
    return HTMLResponse(form_page(title, schema))


@router.post("/{repository}", status_code=202, **described({202: PushAnswer}, refusals=(404, 413)))
async def push(request: Request, repository: str) -> Response:
    """The forge's push notification: only wakes the poll."""
    controller = controller_of(request)
    taken = _taken(request, await request.body())
    await run_in_threadpool(controller.notify_push, repository, taken)
    return answer({"repository": repository}, 202)


def _taken(request: Request, body: bytes) -> HookRequest:
    headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in request.scope["headers"])
    return HookRequest(method=request.method, headers=headers, query=dict(request.query_params), body=body)


async def _respond(controller: Controller, repository: str, result: HookAnswer) -> Response:
    # Never from the Host header, which anybody may set (catalogue W19): from the configuration, or relative.
    base = (controller.parts.settings.external_url or "").rstrip("/")
    runs = [
        {"id": run, "repository": repository, "workflow": workflow, "url": f"{base}/api/v1/runs/{quote(run)}"}
        for run, workflow in result.runs
    ]
    body: dict[str, Any] = {"runs": runs}
    if result.challenge is not None:
        return answer({**body, "challenge": result.challenge}, 200)
    if not runs:
        return answer({**body, "reason": result.reason}, 200)
    if not result.fresh:
        return answer(body, 200)
    wait = result.respond.get("wait")
    if result.respond.get("stream") == "logs":
        return StreamingResponse(follow_logs(controller, runs[0]["id"], wait), media_type="text/plain; charset=utf-8")
    if wait is not None:
        run = await wait_for_end(controller, runs[0]["id"], wait)
        return answer(shortened(run), 200 if Status(run["status"]).terminal else 202)
    return answer(body, 202)
