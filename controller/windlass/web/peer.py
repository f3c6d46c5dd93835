"""The controller that leads, as a replica of the web sees it: where it is, and how it is asked.

In: the ledger's record of who took over last, which names an address. Out: answers over HTTP, or NoLeaderError. An
address is looked up again after a second: whoever took over since then is the one to ask.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, NamedTuple

import httpx2

from windlass.errors import LedgerError, NotFoundError
from windlass.reconcile.log_reader import LogChunk
from windlass.web.internal import ACTOR, TOKEN, packed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from windlass.store.reads import Reads

FRESH = 1.0  # seconds that an address counts
CONNECT = 2.0  # seconds
WEB = {"kind": "web", "name": "web"}
# A machine that is gone says nothing: the system asks it, and gives up after some ten seconds.
_ALIVE = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 2),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
]


class NoLeaderError(LedgerError):
    """Nobody leads now, or who leads cannot be reached; the same again a little later may work."""


class Leader(NamedTuple):
    """`epoch` is another one once somebody else has taken over."""

    epoch: int
    url: str


class Peer:
    """`ask` belongs to one event loop; everything else may be called from any thread."""

    def __init__(self, reads: Reads, token: bytes) -> None:
        self._reads = reads
        self._token = token
        self._known: tuple[float, Leader | None] = (float("-inf"), None)
        limits = httpx2.Limits(max_connections=200, max_keepalive_connections=20)
        self._http = httpx2.Client(
            timeout=httpx2.Timeout(30, connect=CONNECT), transport=httpx2.HTTPTransport(socket_options=_ALIVE)
        )
        transport = httpx2.AsyncHTTPTransport(socket_options=_ALIVE, limits=limits)
        # No limit for an answer: a hook may wait for the end of a run.
        self._async = httpx2.AsyncClient(timeout=httpx2.Timeout(None, connect=CONNECT), transport=transport)

    def leader(self) -> Leader:
        """Raises NoLeaderError, and LedgerError when the ledger is away."""
        at, found = self._known
        if time.monotonic() - at >= FRESH:
            found = _leader(self._reads.holder())
            self._known = (time.monotonic(), found)
        if found is None:
            raise NoLeaderError("no controller leads at the moment")
        return found

    def forget(self) -> None:
        """The address was wrong."""
        self._known = (float("-inf"), None)

    async def ask(
        self, leader: Leader, method: str, target: bytes, headers: Sequence[tuple[bytes, bytes]], body: bytes
    ) -> httpx2.Response:
        """The answer, whose body is read by the caller. Raises NoLeaderError."""
        url = httpx2.URL(leader.url).copy_with(raw_path=target)
        request = self._async.build_request(method, url, headers=list(headers), content=body)
        try:
            return await self._async.send(request, stream=True)
        except httpx2.HTTPError as error:
            self.forget()
            raise NoLeaderError(f"the controller did not answer: {type(error).__name__}") from error

    def credentials(self, actor: dict[str, Any]) -> list[tuple[bytes, bytes]]:
        return [(TOKEN, self._token), (ACTOR, packed(actor))]

    def reasons(self) -> list[str]:
        """Why the controller that leads is not ready; empty when it is. Raises LedgerError."""
        answer = self._get("/readyz")
        return [] if answer.status_code == 200 else answer.text.splitlines()

    def log(self, path: str, params: dict[str, Any]) -> LogChunk:
        """Bytes of a log. Raises NotFoundError, NoLeaderError."""
        answer = self._get(path, params)
        if answer.status_code == 404:
            raise NotFoundError(answer.json()["detail"])
        if answer.status_code != 200:
            raise NoLeaderError(f"the controller answered {answer.status_code}")
        complete = answer.headers["Windlass-Complete"] == "true"
        return LogChunk(answer.content, int(answer.headers["Windlass-Next-Offset"]), complete)

    def _get(self, path: str, params: dict[str, Any] | None = None) -> httpx2.Response:
        leader = self.leader()
        try:
            return self._http.get(leader.url + path, params=params, headers=self.credentials(WEB))
        except httpx2.HTTPError as error:
            self.forget()
            raise NoLeaderError(f"the controller did not answer: {type(error).__name__}") from error

    def close(self) -> None:
        self._http.close()


def _leader(row: tuple[int, str] | None) -> Leader | None:
    """Who took over last, if it said where it is: `HOST/PID URL`."""
    if row is None:
        return None
    epoch, holder = row
    url = holder.rpartition(" ")[2]
    return Leader(epoch, url) if url.startswith(("http://", "https://")) else None
