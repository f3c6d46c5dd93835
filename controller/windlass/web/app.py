"""The ASGI application: routes, guard, error answers.

In: a Controller. Out: a FastAPI app. Routes are plain functions that call the controller and nothing below it; FastAPI
runs them in threads, so that a slow query never stops the event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass import __version__
from windlass.web import (
    approvals,
    artifacts,
    custom_events,
    docs,
    events,
    groups,
    health,
    hooks,
    items,
    log_socket,
    logs,
    repositories,
    runs,
    secrets,
    workflows,
)
from windlass.web.described import Described
from windlass.web.guard import Guard
from windlass.web.metrics import Metrics
from windlass.web.problem import install

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.reconcile.controller import Controller
    from windlass.reconcile.run_views import RunViews


def create_app(controller: Controller, tokens: Mapping[str, bytes]) -> Any:
    """The guarded application. `tokens` maps an actor's name to the SHA-256 of its key."""
    settings = controller.parts.settings
    return Guard(
        routed(controller, Metrics(controller, leads=True)),
        open_loopback=settings.loopback and not tokens,
        tokens=tokens,
        limit=settings.limits.request_bytes,
    )


def routed(views: RunViews, metrics: Metrics) -> Described:
    """Every route, with nobody to guard it."""
    app = Described(
        title="Windlass",
        version=__version__,
        summary="GitOps for workflows",
        openapi_url="/api/openapi.json",
        docs_url=None,  # windlass.web.docs
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.views = views
    app.state.metrics = metrics
    install(app)
    for part in (
        health,
        repositories,
        workflows,
        groups,
        runs,
        approvals,
        artifacts,
        items,
        logs,
        log_socket,
        events,
        custom_events,
        hooks,
        secrets,
        docs,
    ):
        app.include_router(part.router)
    return app
