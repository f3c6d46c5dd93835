"""Server-sent events of run and source changes, resumable by `Last-Event-ID` or `cursor`.

In: the ledger's events. Out: `id` cursor, `event: run|source`, JSON data. The ledger is read when something was
written, or once a second to be sure; a reader that is slow holds up nobody (R24). A cursor older than what is kept (1
h) is 410.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from windlass.web.context import views_of
from windlass.web.described import described
from windlass.web.problem import Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from windlass.reconcile.run_views import RunViews

router = APIRouter(prefix="/api/v1", tags=["events"])
CURSOR = re.compile(r"[0-9]{1,18}", re.ASCII)
KEEP_ALIVE = 15.0
BATCH = 500
QUERY = {"cursor": "integer: the id of the last event that was seen; `Last-Event-ID` wins"}


@router.get("/events", **described({200: "text/event-stream"}, query=QUERY, refusals=(400, 410)))
async def events(request: Request) -> Response:
    """A stream that starts after `Last-Event-ID` (or `cursor`), else with what happens from now on."""
    views = views_of(request)
    cursor = await _start(views, request)
    return StreamingResponse(
        _stream(views, cursor), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


async def _start(views: RunViews, request: Request) -> int:
    text = request.headers.get("last-event-id") or request.query_params.get("cursor")
    newest = await run_in_threadpool(views.newest_event)
    if text is None:
        return newest
    if not CURSOR.fullmatch(text) or (newest and int(text) > newest):
        raise Refused(400, "cursor is none that this server gave")
    oldest = await run_in_threadpool(views.oldest_event)
    # Without any event left nobody can say whether one was missed.
    if (oldest is None and int(text) > 0) or (oldest is not None and int(text) + 1 < oldest):
        raise Refused(410, "the cursor is older than what is kept; read the lists and start anew")
    return int(text)


async def _stream(views: RunViews, cursor: int) -> AsyncIterator[bytes]:
    yield b": windlass\n\n"
    quiet = 0.0
    while True:
        bell = views.bell.listen()
        batch = await run_in_threadpool(views.events_after, cursor, BATCH)
        for number, kind, data in batch:
            yield f"id: {number}\nevent: {kind}\ndata: {data}\n\n".encode()
        if batch:
            cursor, quiet = batch[-1][0], 0.0
            continue
        try:
            await asyncio.wait_for(bell, 1.0)
        except TimeoutError:
            quiet += 1.0
            if quiet >= KEEP_ALIVE:
                quiet = 0.0
                yield b": still here\n\n"
