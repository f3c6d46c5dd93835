"""Run the application until a signal: uvicorn on a socket that is already bound.

SIGTERM ends at once. SIGINT does too when nothing runs; otherwise it waits up to five seconds for a second one, which
means that the running steps shall be killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import uvicorn  # the only place that imports uvicorn

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

SECOND_THOUGHT = 5.0


class _Quiet(uvicorn.Server):
    """Uvicorn without signal handlers of its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebServer:
    """`ready` is called once, in a thread, when the server accepts connections; `failed` ends it."""

    def __init__(
        self, app: Any, listening: socket.socket, ready: Callable[[], None], failed: Callable[[], bool]
    ) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=15,
            h11_max_incomplete_event_size=64 * 1024,
            lifespan="off",
        )
        self._server = _Quiet(config)
        self._listening = listening
        self._ready = ready
        self._failed = failed
        self._kill = False

    def serve(self, running: Callable[[], int]) -> bool:
        """Until stopped; True when the steps are to be killed."""
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self._serve(running))
        return self._kill

    async def _serve(self, running: Callable[[], int]) -> None:
        loop = asyncio.get_running_loop()
        interrupted = asyncio.Event()

        def interrupt() -> None:
            if interrupted.is_set():
                self._kill = True
                self._server.should_exit = True
                return
            interrupted.set()
            if not running():
                self._server.should_exit = True
                return
            print("steps go on running; press Ctrl-C again within 5 s to end them", file=sys.stderr, flush=True)
            loop.call_later(SECOND_THOUGHT, self._stop)

        loop.add_signal_handler(signal.SIGINT, interrupt)
        loop.add_signal_handler(signal.SIGTERM, self._stop)
        watch = asyncio.create_task(self._watch())
        await self._server.serve(sockets=[self._listening])
        watch.cancel()

    def _stop(self) -> None:
        self._server.should_exit = True

    async def _watch(self) -> None:
        """Say `ready` once the server has started; stop it when the run loop has ended by itself."""
        while not self._server.started:
            await asyncio.sleep(0.005)
        threading.Thread(target=self._ready, name="windlass-ready", daemon=True).start()
        while not self._failed():
            await asyncio.sleep(0.5)
        self._server.should_exit = True


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    import uvloop

    return uvloop.new_event_loop
