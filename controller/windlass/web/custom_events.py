"""Custom events: one request starts every workflow that waits for the name (fine print, "POST /api/v1/events")."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from windlass.web.answer import answer
from windlass.web.bodies import SendEvent, read_body
from windlass.web.context import actor_of, controller_of
from windlass.web.described import described
from windlass.web.shapes import EventAnswer

router = APIRouter(prefix="/api/v1/events", tags=["events"])


@router.post(
    "/{name}",
    status_code=202,
    **described({202: EventAnswer, 200: EventAnswer}, body=SendEvent, refusals=(400, 404, 409, 413, 415, 422)),
)
async def send(request: Request, name: str) -> Response:
    """202 with the runs, none when nobody waits; 200 with the first answer when the key was seen before."""
    body = await read_body(request, SendEvent)
    controller = controller_of(request)
    found = await run_in_threadpool(controller.send_event, name, body.model_dump(), actor_of(request))
    base = (controller.parts.settings.external_url or "").rstrip("/")
    runs = [
        {"id": run, "repository": repository, "workflow": workflow, "url": f"{base}/api/v1/runs/{quote(run)}"}
        for run, repository, workflow in found.runs
    ]
    told: dict[str, Any] = {"runs": runs}
    if found.reason is not None:
        told["reason"] = found.reason
    return answer(told, 202 if found.fresh else 200)
