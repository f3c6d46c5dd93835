"""What a controller answers on its port: as a standby hardly anything, as the leader everything.

In: whether there is a leader. Out: an application that is replaced by the leader's own once this process leads. A
standby is ready when it could take over and knows that somebody leads: a rolling update waits for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response

from windlass.web.metrics import Metrics
from windlass.web.problem import problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send


class Standby:
    def __init__(self, reasons: Callable[[], list[str]]) -> None:
        """`reasons`: why this standby is of no use; asked in the event loop, so it must not wait."""
        self._reasons = reasons
        self._metrics = Metrics(None)
        self.leading: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.leading is not None:
            await self.leading(scope, receive, send)
        else:
            await self._answer(scope["path"])(scope, receive, send)

    def _answer(self, path: str) -> Response:
        if path == "/healthz":
            return PlainTextResponse("ok\n")
        if path == "/readyz":
            reasons = self._reasons()
            return PlainTextResponse("".join(f"{r}\n" for r in reasons) or "ok\n", 503 if reasons else 200)
        if path == "/metrics":
            body, kind = self._metrics.render()
            return Response(body, headers={"Content-Type": kind})
        return problem(503, "this controller does not lead", headers={"Retry-After": "2"})
