"""The log of a step by offset, live and after the end alike."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from windlass.web.context import number, views_of
from windlass.web.described import described

router = APIRouter(prefix="/api/v1/runs", tags=["logs"])
MOST = 16 * 1024 * 1024
QUERY = {
    "attempt": "integer: default the last one",
    "item": "string: the key of an item of a loop",
    "offset": "integer: in bytes, default 0",
    "limit": "integer: in bytes, default 1 MiB, at most 16 MiB",
}
HEADERS = {
    "Windlass-Next-Offset": "Where to go on.",
    "Windlass-Complete": "true when nothing comes after these bytes, now or later.",
}
PLAIN = "text/plain; charset=utf-8"


@router.get(
    "/{run}/steps/{step:path}/logs", **described({200: PLAIN}, query=QUERY, headers=HEADERS, refusals=(400, 404))
)
def step_log(request: Request, run: str, step: str) -> Response:
    """Bytes as written, from `offset`; `Windlass-Next-Offset` and `Windlass-Complete` say how to go on."""
    attempt = number(request, "attempt", 0, low=1, high=10**6) if "attempt" in request.query_params else None
    chunk = views_of(request).log(
        run,
        step,
        attempt=attempt,
        item=request.query_params.get("item", ""),
        offset=number(request, "offset", 0, low=0, high=2**62),
        limit=number(request, "limit", 1024 * 1024, low=1, high=MOST),
    )
    headers = {
        "Windlass-Next-Offset": str(chunk.next_offset),
        "Windlass-Complete": "true" if chunk.complete else "false",
        "Cache-Control": "no-store",
    }
    return Response(chunk.data, headers=headers, media_type=PLAIN)
