"""Connections to one API server, for each way to use them.

In: nothing. Out: sessions of aiohttp, which open connections as they are needed and keep them as told here.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

OPENED = 2  # connections for what is followed, opened at the same time
IDLE = 15.0  # seconds for which one of those is kept without use


def kept(most: int) -> aiohttp.ClientSession:
    """For requests that end soon: as many at once, each connection for many of them."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=most, keepalive_timeout=60.0))


def used_once() -> aiohttp.ClientSession:
    """For what must not wait behind anybody, nor meet a connection that is dead by now."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True))


def unhurried() -> aiohttp.ClientSession:
    """For answers that go on, hundreds at the same time."""
    return aiohttp.ClientSession(connector=_Unhurried())


class _Unhurried(aiohttp.TCPConnector):
    """Any number of connections, but few are opened at a time: hundreds of programs may begin in the same second, and a
    handshake takes milliseconds of the one thread that creates Jobs, and of the server."""

    def __init__(self) -> None:
        super().__init__(limit=0, keepalive_timeout=IDLE)
        self._places = asyncio.Semaphore(OPENED)

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        async with self._places:
            return await super().connect(req, traces, timeout)


def hang_up(answer: aiohttp.ClientResponse) -> None:
    """At once: nobody waits for the other side's farewell."""
    if answer.connection is not None and answer.connection.transport is not None:
        answer.connection.transport.abort()
