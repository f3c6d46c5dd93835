"""Runs: list, one, its plan and definition, cancel, rerun."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from windlass.clock import from_rfc3339
from windlass.reconcile.rerun import Again
from windlass.runs.model import Status
from windlass.store.filters import RunFilter
from windlass.web.answer import answer
from windlass.web.bodies import Nothing, Rerun, read_body
from windlass.web.context import actor_of, controller_of, number, views_of
from windlass.web.described import described
from windlass.web.items import MOST, shortened
from windlass.web.paging import PAGE, limit_of
from windlass.web.problem import Refused
from windlass.web.shapes import Plan, Run, RunList

router = APIRouter(prefix="/api/v1/runs", tags=["runs"])
RUN_STATUSES = frozenset(s.value for s in Status) - {"pending", "skipped"}

FILTERS = {
    "repository": "string: its name",
    "workflow": "string: its name",
    "status": "string: one status",
    "commit": "string: the whole id",
    "actor": "string: the name of who or what asked for it",
    "label": "strings: key=value; may be given several times",
    "input.NAME": "string: the value of the input NAME, as text",
    "since": "string: created at or after this RFC 3339 time",
}


@router.get("", **described({200: RunList}, query=FILTERS | PAGE, refusals=(400,)))
def list_runs(request: Request) -> Response:
    """Newest first; `next` is the cursor of the following page."""
    page = views_of(request).runs(_filter(request), request.query_params.get("cursor"), limit_of(request))
    return answer(page)


def _filter(request: Request) -> RunFilter:
    query = request.query_params
    status = query.get("status")
    if status is not None and status not in RUN_STATUSES:
        raise Refused(400, f"status must be one of {', '.join(sorted(RUN_STATUSES))}")
    labels = dict(_pair(text) for text in query.getlist("label"))
    inputs = {name.removeprefix("input."): value for name, value in query.items() if name.startswith("input.")}
    since = query.get("since")
    try:
        after = from_rfc3339(since) if since is not None else None
    except (ValueError, OverflowError) as error:
        raise Refused(400, "since must be an RFC 3339 time") from error
    return RunFilter(
        repository=query.get("repository"),
        workflow=query.get("workflow"),
        status=status,
        commit=query.get("commit"),
        actor=query.get("actor"),
        labels=labels,
        inputs=inputs,
        since=after,
    )


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise Refused(400, "label must be key=value")
    return key, value


@router.get(
    "/{run}",
    **described({200: Run}, query={"items": "integer: items of each loop, 1 to 500, default 500"}, refusals=(400, 404)),
)
def one_run(request: Request, run: str) -> Response:
    """The run with its steps and attempts; of a loop the first items, `itemsNext` being the cursor of the others."""
    most = number(request, "items", MOST, low=1, high=MOST)
    return answer(shortened(views_of(request).outline(run, most), most))


@router.get("/{run}/plan", **described({200: Plan}, refusals=(404,)))
def plan(request: Request, run: str) -> Response:
    """The frozen plan."""
    return answer(views_of(request).plan(run))


@router.get("/{run}/definition", **described({200: "application/yaml"}, refusals=(404,)))
def definition(request: Request, run: str) -> Response:
    """The YAML it runs, as it was at its commit."""
    return Response(views_of(request).definition(run), media_type="application/yaml")


@router.post(
    "/{run}/cancel",
    status_code=202,
    **described({202: Run}, body=Nothing, refusals=(400, 404, 409, 413, 415, 422)),
)
async def cancel(request: Request, run: str) -> Response:
    """Ask for its end; `finally` still runs. 409 when it has ended."""
    await read_body(request, Nothing)
    found = await run_in_threadpool(controller_of(request).cancel, run, actor_of(request))
    return answer(shortened(found), 202)


@router.post(
    "/{run}/rerun",
    status_code=202,
    **described({202: Run}, body=Rerun, refusals=(400, 404, 409, 413, 415, 422)),
)
async def rerun(request: Request, run: str) -> Response:
    """Run it again, as a new run that names it in `rerunOf`. 409 when it has not ended, or its workflow is gone."""
    body = await read_body(request, Rerun)
    again = Again(body.mode, body.step, body.definition)
    found = await run_in_threadpool(controller_of(request).rerun, run, again, actor_of(request))
    return answer(shortened(found), 202)
