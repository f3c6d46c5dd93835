"""An event loop in a thread, for those who live in threads.

In: coroutines. Out: their results, or handles of tasks that go on. One loop serves a whole process: thousands of
watches and logs cost no thread each.
"""

from __future__ import annotations

import asyncio
import selectors
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from concurrent.futures import Future

T = TypeVar("T")

TURNS = 10  # until a connection that is closed has told its socket; TLS takes a few
FAREWELL = 1.0  # seconds for the other sides of connections to say that they have heard of their end


class LoopThread:
    """Daemon thread with a loop, running from the beginning until `close`."""

    def __init__(self, name: str = "windlass-kube") -> None:
        self._selector = selectors.DefaultSelector()
        self._loop = asyncio.SelectorEventLoop(self._selector)
        self._own = len(self._selector.get_map())  # what the loop itself listens to
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def call(self, work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Waits for the result; not to be called from the loop itself. Raises TimeoutError after `timeout` seconds (the
        work is cancelled), and what the work raises."""
        future = self.spawn(work)
        try:
            return future.result(timeout)
        except TimeoutError:
            future.cancel()
            raise

    def spawn(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Returns at once; the future can be cancelled. From any thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self) -> None:
        """Everything that still runs is cancelled and waited for. A second call does nothing."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self._loop.run_until_complete(self._farewells())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        finally:
            self._loop.close()

    async def _farewells(self) -> None:
        """A TLS connection that is closed waits for the other side's word, and is a socket until then."""
        until = self._loop.time() + FAREWELL
        await _turns()
        while len(self._selector.get_map()) > self._own and self._loop.time() < until:
            await asyncio.sleep(0.005)
        await _turns()


async def _turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)
