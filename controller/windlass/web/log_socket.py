"""`WS /api/v1/runs/{id}/logs?cursor=`: the lines of every step as they are written, one JSON object a message.

In: a run, a cursor. Out: messages until the last log is complete (closed with 1000), or until the reader goes. A line
is made when the one before it has been taken: a slow reader costs a chunk of memory and holds up nobody (R24).
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import orjson
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from windlass.errors import LedgerError, NotFoundError
from windlass.web.context import views_of
from windlass.web.log_lines import LogLines
from windlass.web.problem import Refused, problem

if TYPE_CHECKING:
    from windlass.reconcile.log_reader import LogChunk
    from windlass.reconcile.run_views import RunViews

router = APIRouter(prefix="/api/v1/runs", tags=["logs"])
PAUSE = 0.2  # seconds between looks at logs that grow without news in the ledger
NORMAL = 1000
TRY_AGAIN = 1013


@router.websocket("/{run}/logs")
async def log_lines(socket: WebSocket, run: str) -> None:
    views = views_of(socket)

    def read(step: str, item: str, attempt: int, offset: int, limit: int) -> LogChunk:
        return views.log(run, step, attempt=attempt, item=item, offset=offset, limit=limit)

    try:
        lines = LogLines(read, socket.query_params.get("cursor"))
        await run_in_threadpool(views.outline, run, 1)
    except (Refused, NotFoundError) as error:
        await socket.send_denial_response(problem(getattr(error, "status", 404), str(error)))
        return
    await socket.accept()
    sending = asyncio.create_task(_send(socket, views, run, lines))
    leaving = asyncio.create_task(_left(socket))
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, leaving):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect):
                await task


async def _send(socket: WebSocket, views: RunViews, run: str, lines: LogLines) -> None:
    code = NORMAL
    try:
        while True:
            bell = views.bell.listen()
            ended, steps = await run_in_threadpool(views.steps, run)
            sent = False
            for index, step in enumerate(steps):
                # A chunk of one step, then one of the next: a step that never stops talking silences nobody.
                for line in await run_in_threadpool(lines.lines, index, step, views.clock.now()):
                    sent = True
                    await socket.send_text(orjson.dumps(line).decode())
            if sent:
                continue
            if ended and all(lines.finished(*one) for one in enumerate(steps)):
                break
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(bell, PAUSE)
    except (LedgerError, NotFoundError):
        code = TRY_AGAIN  # the ledger is away, or the run was removed: the cursor goes on working
    await socket.close(code)


async def _left(socket: WebSocket) -> None:
    """Until the reader closes. What it says is not listened to."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        continue
