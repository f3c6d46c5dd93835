"""A replica of the web: what the ledger can answer is answered here, everything else is passed on to the leader.

In: a request that the guard has let in, with its actor. Out: the leader's answer as it comes, or 503 with Retry-After.
A success that is passed on was committed (R15). When the leader goes away before it has answered, nobody here knows
what came of it: that is a 503 too, and whoever asks again with the same idempotency key or delivery id starts nothing
twice.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from windlass import log
from windlass.errors import LedgerError
from windlass.web.internal import PREFIX
from windlass.web.peer import NoLeaderError
from windlass.web.problem import Refused, problem

if TYPE_CHECKING:
    import httpx2
    from starlette.types import ASGIApp, Receive, Scope, Send

    from windlass.web.peer import Leader, Peer

# Runs, their plans, items and events are in the ledger; artifacts and logs may be in the leader's data folder.
HERE = re.compile(
    r"/healthz|/readyz|/metrics|/api/openapi\.json|/api/docs(/.*)?|/api/v1/events"
    r"|/api/v1/runs(/[^/]+(/plan|/definition|/steps/.+/items)?)?"
)
LOOK = 1.0  # seconds between two looks whether somebody else leads by now
HOP = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"te", b"upgrade", b"proxy-connection", b"host"})
OF_SERVER = frozenset({b"date", b"server", b"connection", b"keep-alive", b"transfer-encoding"})
RETRY = {"Retry-After": "2"}


class Forward:
    def __init__(self, here: ASGIApp, peer: Peer) -> None:
        self._here = here
        self._peer = peer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reads = scope["type"] != "http" or scope["method"] in ("GET", "HEAD")
        if scope["type"] != "http" or (reads and HERE.fullmatch(scope["path"])):
            await self._here(scope, receive, send)
            return
        try:
            answer = await self._answer(scope, await _body(receive))
        except Refused as error:
            await problem(error.status, str(error), headers=error.headers)(scope, receive, send)
        except LedgerError as error:
            await problem(503, f"{error}; try again", headers=RETRY)(scope, receive, send)
        else:
            await _pass_on(answer, send)

    async def _answer(self, scope: Scope, body: bytes) -> httpx2.Response:
        leader = await run_in_threadpool(self._peer.leader)
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        headers = [*_headers(scope), *self._peer.credentials(scope["windlass.actor"])]
        asking = asyncio.create_task(self._peer.ask(leader, scope["method"], target, headers, body))
        try:
            while not (await asyncio.wait({asking}, timeout=LOOK))[0]:
                await self._check_still(leader)
            return asking.result()
        finally:
            asking.cancel()

    async def _check_still(self, asked: Leader) -> None:
        """A leader that stands still never answers. Raises NoLeaderError."""
        try:
            leads = await run_in_threadpool(self._peer.leader)
        except LedgerError:
            return  # the ledger is away: the controller knows better than we do
        if leads.epoch != asked.epoch:
            raise NoLeaderError("another controller has taken over meanwhile")


async def _body(receive: Receive) -> bytes:
    """All of it: the guard has a limit for it. Raises Refused."""
    read = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "the request ended early")
        read += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(read)


def _headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Those of the request: hooks verify them. A key of the API has done its work; a hook's own is for the hook."""
    hook = scope["path"].startswith("/hooks/")
    return [
        (name, value)
        for name, value in scope["headers"]
        if name not in HOP and not name.startswith(PREFIX) and (hook or name != b"authorization")
    ]


async def _pass_on(answer: httpx2.Response, send: Send) -> None:
    headers = [(name.lower(), value) for name, value in answer.headers.raw if name.lower() not in OF_SERVER]
    try:
        await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
        async for chunk in answer.aiter_raw():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    except Exception as error:  # noqa: BLE001 - an answer that breaks off ends with its connection
        log.event("web.broken-off", level="warning", error=repr(error))
    finally:
        await answer.aclose()
