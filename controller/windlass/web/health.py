"""`/healthz`, `/readyz`, `/metrics`: for probes and Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from windlass.web.context import views_of

router = APIRouter(tags=["health"])


@router.get("/healthz", response_class=PlainTextResponse)
def healthz(request: Request) -> Response:
    """Alive: the run loop has not stopped by itself."""
    failed = views_of(request).failure()
    return PlainTextResponse("ok\n" if failed is None else f"{failed}\n", 200 if failed is None else 500)


@router.get("/readyz", response_class=PlainTextResponse)
def readyz(request: Request) -> Response:
    """Ready: the ledger answers, this controller leads, the first reconciliation is done."""
    reasons = views_of(request).ready()
    return PlainTextResponse("".join(f"{r}\n" for r in reasons) or "ok\n", 503 if reasons else 200)


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request) -> Response:
    """Prometheus' text format."""
    body, kind = request.app.state.metrics.render()
    return Response(body, headers={"Content-Type": kind})
