"""The server's own store of secrets, and whether the references of a repository can be had. No answer has a value."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from windlass.reconcile.proposed_secrets import Proposed
from windlass.web.answer import answer, items
from windlass.web.bodies import CheckReferences, SetSecret, read_body
from windlass.web.context import actor_of, controller_of
from windlass.web.described import described
from windlass.web.paging import PAGE, limit_of, place_of, to_cursor
from windlass.web.secret_shapes import CheckedReferenceList, OwnSecret, OwnSecretList, Rotated

router = APIRouter(prefix="/api/v1", tags=["secrets"])
QUERY = {"environment": "string: of the runs that it is for; every one when absent"}
ORDER = ("kind", "owner", "environment", "name")


@router.get("/secrets", **described({200: OwnSecretList}, query=PAGE, refusals=(400,)))
def list_secrets(request: Request) -> Response:
    """Names, owners and versions, without what belongs to other people; never a value."""
    place, limit = place_of(request, 4), limit_of(request)
    found = sorted(controller_of(request).secrets(actor_of(request)), key=_place)
    rest = [one for one in found if place is None or _place(one) > place]
    return items(rest[:limit], to_cursor(*_place(rest[limit - 1])) if len(rest) > limit else None)


def _place(one: dict[str, str | None]) -> tuple[str, ...]:
    return tuple(one[name] or "" for name in ORDER)


@router.put(
    "/secrets/{kind}/{owner}/{name}",
    **described({200: OwnSecret}, body=SetSecret, query=QUERY, refusals=(400, 403, 404, 413, 415, 422)),
)
async def put_secret(request: Request, kind: str, owner: str, name: str) -> Response:
    """Keep a value for `tenants/NAME`, `repositories/NAME` or `users/NAME`, in place of what was there."""
    body = await read_body(request, SetSecret)
    place = (kind, owner, name, request.query_params.get("environment", ""))
    return answer(await run_in_threadpool(controller_of(request).put_secret, place, body.value, actor_of(request)))


@router.delete("/secrets/{kind}/{owner}/{name}", status_code=204, **described({}, query=QUERY, refusals=(403, 404)))
def remove_secret(request: Request, kind: str, owner: str, name: str) -> Response:
    """Forget it; 404 when there is none."""
    place = (kind, owner, name, request.query_params.get("environment", ""))
    controller_of(request).remove_secret(place, actor_of(request))
    return Response(status_code=204)


@router.post("/secrets/rotate", **described({200: Rotated}, refusals=(403,)))
async def rotate(request: Request) -> Response:
    """Seal every value's key by the first key of the store; all of them stay readable meanwhile."""
    return answer(await run_in_threadpool(controller_of(request).rotate_secrets, actor_of(request)))


@router.get("/repositories/{repository}/secrets", **described({200: CheckedReferenceList}, refusals=(404,)))
def check(request: Request, repository: str) -> Response:
    """For each reference of windlass.yaml whether a run could have it now: `found`, or the cause of a step's end."""
    return items(controller_of(request).check_secrets(repository, actor_of(request)))


@router.post(
    "/repositories/{repository}/secrets/check",
    **described({200: CheckedReferenceList}, body=CheckReferences, refusals=(400, 404, 413, 415, 422)),
)
async def check_proposed(request: Request, repository: str) -> Response:
    """For references of a commit that is not merged, whether a run could have them after it is: a word for each."""
    body = await read_body(request, CheckReferences)
    asked = [
        Proposed(one.name, one.environment, one.reference, tuple(map(tuple, one.recipients))) for one in body.references
    ]
    found = controller_of(request).check_proposed_secrets
    return items(await run_in_threadpool(found, repository, asked, actor_of(request)))
