"""The line to the supervisor: its socket, its life, and its successor when it is killed.

In: datagrams to send. Out: each message to `heard`, and `on_lost` after a supervisor died and a new one was asked for.
"""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from windlass.executors.local import channel
from windlass.executors.local.spawn import SupervisorProcess, spawn_supervisor

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.executors.local.reader import Reader

_SHORT_LIFE = 2.0  # seconds; three supervisors in a row that live no longer: something is wrong with this machine
_FAREWELL = 60.0  # seconds: longer than the usual grace and what follows it
_RECEIVE = channel.LIMIT * 2


class LinkDownError(Exception):
    """There is no supervisor and there will be none; the text says why."""


class Link:
    def __init__(
        self,
        reader: Reader,
        process: SupervisorProcess | None,
        heard: Callable[[tuple[Any, ...]], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._reader = reader
        self._foreground = process is not None and process.foreground
        self._heard = heard
        self._on_lost = on_lost
        self._down: str | None = None
        self._short_lives = 0
        self._process = process
        if process is None:
            self._spawn()
        self._since = time.monotonic()
        reader.call(self._attach)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def send(self, data: bytes) -> bool:
        """False: the socket is full; try again after the next message. Raises LinkDownError."""
        if self._down is not None:
            raise LinkDownError(self._down)
        assert self._process is not None
        try:
            self._process.socket.send(data)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):  # a dead one's successor is on its way
            return False
        return True

    def close(self, *, wait: bool) -> None:
        """Hang up: waiting wardens and an idle supervisor end. `wait`, and in foreground: until the supervisor has."""
        if self._process is None:
            return
        self._process.socket.close()
        if wait or self._foreground:
            if not select.select([self._pidfd], [], [], _FAREWELL)[0]:
                os.kill(self._process.pid, signal.SIGKILL)  # what it still guards cannot be ended by anybody
            with suppress(ChildProcessError):
                os.waitpid(self._process.pid, 0)
        os.close(self._pidfd)

    def _spawn(self) -> None:
        try:
            self._process = spawn_supervisor(foreground=self._foreground)
        except OSError as error:
            self._process = None
            self._down = f"the supervisor of local attempts does not start: {error}"

    def _attach(self) -> None:
        if self._process is None:
            return
        self._pidfd = os.pidfd_open(self._process.pid)
        self._reader.watch(self._pidfd, self._on_supervisor_gone)
        self._reader.watch(self._process.socket.fileno(), self._receive)

    def _receive(self) -> None:
        assert self._process is not None
        while True:
            try:
                data = self._process.socket.recv(_RECEIVE)
            except (BlockingIOError, ConnectionResetError):
                return
            if not data:  # every other end is closed: its pidfd says the same
                return
            self._heard(channel.decode(data))

    def _on_supervisor_gone(self) -> None:
        assert self._process is not None
        self._receive()
        self._reader.unwatch(self._pidfd)
        self._reader.unwatch(self._process.socket.fileno())
        os.close(self._pidfd)
        self._process.socket.close()
        with suppress(ChildProcessError):
            os.waitpid(self._process.pid, os.WNOHANG)
        now = time.monotonic()
        self._short_lives = self._short_lives + 1 if now - self._since < _SHORT_LIFE else 0
        self._since = now
        if self._short_lives >= 3:
            self._process = None
            self._down = "the supervisor of local attempts ends as soon as it starts"
        else:
            self._spawn()
            self._attach()
        self._on_lost()
