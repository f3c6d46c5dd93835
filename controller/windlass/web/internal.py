"""The controller's own port: requests that a replica of the web has let in already, and probes.

In: the routes, the token that both know. Out: the same routes for whoever shows it, acting as whom the replica names.
Anybody else gets health and figures, nothing more. What passes between the two is taken off before a route sees the
request: the headers of a webhook end up in events.
"""

from __future__ import annotations

import base64
import hmac
import json
from typing import TYPE_CHECKING, Any

from windlass.web.problem import problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

TOKEN = b"windlass-internal-token"
ACTOR = b"windlass-internal-actor"
PREFIX = b"windlass-internal-"
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


class Internal:
    def __init__(self, app: ASGIApp, token: bytes) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError("the controller's own port speaks plain HTTP")
        actor = self._actor(scope)
        if actor is None:
            await problem(401, "this port is for the web replicas of this installation")(scope, receive, send)
            return
        headers = [(name, value) for name, value in scope["headers"] if not name.startswith(PREFIX)]
        await self._app({**scope, "headers": headers, "windlass.actor": actor}, receive, send)

    def _actor(self, scope: Scope) -> dict[str, Any] | None:
        headers = dict(scope["headers"])
        if not hmac.compare_digest(headers.get(TOKEN, b""), self._token):
            return {"kind": "probe", "name": "probe"} if scope["path"] in PROBES else None
        return unpacked(headers.get(ACTOR, b"")) or {"kind": "probe", "name": "probe"}


def packed(actor: dict[str, Any]) -> bytes:
    """An actor as the value of a header."""
    return base64.b64encode(json.dumps(actor).encode())


def unpacked(value: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.b64decode(value) or b"{}")
    return found
