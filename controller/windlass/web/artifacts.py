"""The artifacts of a run: a list, and each file as a download.

A file is whatever some step wrote: it is never shown in place, whatever its name says (catalogue U11), so there is one
media type for all and every answer is an attachment.
"""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from windlass.web.answer import answer
from windlass.web.artifact_shapes import ArtifactList
from windlass.web.context import controller_of
from windlass.web.described import described
from windlass.web.paging import PAGE, limit_of, place_of, to_cursor
from windlass.web.problem import Refused

router = APIRouter(prefix="/api/v1/runs", tags=["artifacts"])
BYTES = "application/octet-stream"
CHOOSE = {"step": "string: the step that saved it", "item": "string: the key of an item of a loop"}
HEADERS = {"Content-Disposition": "Always an attachment.", "ETag": "The SHA-256 of the file."}


@router.get("/{run}/artifacts", **described({200: ArtifactList}, query=PAGE, refusals=(400, 404)))
def list_artifacts(request: Request, run: str) -> Response:
    """In the order of the steps; those of the last attempt of each."""
    limit, place = limit_of(request), place_of(request, 1)
    if place is not None and not (place[0].isdecimal() and len(place[0]) < 10):
        raise Refused(400, "the cursor is not one of ours")
    start = int(place[0]) if place is not None else 0
    found = controller_of(request).artifacts(run, start, limit + 1)
    following = to_cursor(str(start + limit)) if len(found) > limit else None
    return answer({"items": found[:limit], "next": following})


@router.get(
    "/{run}/artifacts/{path:path}", **described({200: BYTES}, query=CHOOSE, headers=HEADERS, refusals=(404, 409))
)
def download(request: Request, run: str, path: str) -> Response:
    """One file: NAME, or NAME/PATH in an artifact that is a folder. 409 when several steps saved that name."""
    query = request.query_params
    file = controller_of(request).artifact(run, path, query.get("step"), query.get("item"))
    headers = {
        "Content-Length": str(file.size),
        "Content-Disposition": disposition(file.file_name),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "ETag": f'"{file.digest}"',
    }
    return StreamingResponse(file.chunks, headers=headers, media_type=BYTES)


def disposition(name: str) -> str:
    """`attachment` with the name twice (RFC 6266): plain letters for old clients, and as it is, percent-encoded."""
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "._- ") else "_" for char in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
