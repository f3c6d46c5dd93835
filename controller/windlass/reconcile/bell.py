"""Wakes readers on an event loop when the ledger has news: a thread rings, coroutines listen."""

from __future__ import annotations

import asyncio
import threading


class Bell:
    """`ring` is called from any thread; `listen` on a running loop gives a future that the next ring completes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def listen(self) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._lock:
            self._waiting = [pair for pair in self._waiting if not pair[1].done()]
            self._waiting.append((loop, future))
        return future

    @property
    def listened(self) -> bool:
        """Whether anybody waits for it."""
        with self._lock:
            self._waiting = [pair for pair in self._waiting if not pair[1].done()]
            return bool(self._waiting)

    def ring(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for loop, future in waiting:
            try:
                loop.call_soon_threadsafe(_complete, future)
            except RuntimeError:
                continue  # the loop is closed: nobody listens there any more


def _complete(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
