"""Follow a run until it ends: for hooks that answer with the run or with its logs."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from windlass.runs.model import Status
from windlass.runs.present import logs_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from windlass.reconcile.run_views import RunViews

CHUNK = 256 * 1024
PAUSE = 0.2  # seconds between looks at logs that grow without news in the ledger


async def wait_for_end(views: RunViews, run: str, wait: int) -> dict[str, Any]:
    """The run object when it has ended, or as it is after `wait` milliseconds."""
    until = time.monotonic() + wait / 1000
    while True:
        bell = views.bell.listen()
        found = await run_in_threadpool(views.run, run)
        left = until - time.monotonic()
        if Status(found["status"]).terminal or left <= 0:
            return found
        try:
            await asyncio.wait_for(bell, min(left, 1.0))
        except TimeoutError:
            continue


async def follow_logs(views: RunViews, run: str, wait: int | None) -> AsyncIterator[bytes]:
    """The log bytes of all steps until the end or `wait`; the last line is `run <id> <status>`."""
    until = None if wait is None else time.monotonic() + wait / 1000
    offsets: dict[tuple[str, str, int], int] = {}
    last = b"\n"
    while True:
        bell = views.bell.listen()
        found = await run_in_threadpool(views.run, run)
        grown = False
        for key in logs_of(found):
            step, item, attempt = key
            offset = offsets.get(key, 0)
            chunk = await run_in_threadpool(
                views.log, run, step, attempt=attempt, item=item, offset=offset, limit=CHUNK
            )
            if chunk.data:
                grown = True
                offsets[key] = chunk.next_offset
                last = chunk.data[-1:]
                yield chunk.data
        if grown:
            continue
        if Status(found["status"]).terminal or (until is not None and time.monotonic() >= until):
            end = b"" if last == b"\n" else b"\n"  # the last line stands by itself
            yield end + f"run {run} {found['status']}\n".encode()
            return
        try:
            await asyncio.wait_for(bell, PAUSE)
        except TimeoutError:
            continue
