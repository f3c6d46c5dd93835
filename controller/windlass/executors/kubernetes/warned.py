"""What only Events tell: of a Job that gets no Pod, of a Pod that waits for its volumes.

In: the Events of a namespace that warn. Out: the newest Delay by the uid of the object it is about. One watch for all
attempts, begun by the first that waits: an API server keeps no index of Events, so asking for those of one object reads
all that there are.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import msgspec

from windlass import log
from windlass.executors.kubernetes.judging import Delay, delay_by_event
from windlass.kube.resources import EVENTS
from windlass.kube.watch import Broken, Put, Watch

if TYPE_CHECKING:
    from windlass.kube.client import Client

REMEMBERED = 10_000  # objects; of older ones nobody asks
RELIST = 3600.0  # seconds: an Event that was missed is told again soon


class Involved(msgspec.Struct):
    uid: str = ""


class Event(msgspec.Struct, rename="camel"):
    involved_object: Involved = msgspec.field(default_factory=Involved)
    reason: str = ""
    message: str = ""


class Warned:
    """In the event loop. Nothing is asked before `begin`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._found: dict[str, Delay] = {}
        self._watching: asyncio.Task[None] | None = None

    def begin(self, namespace: str) -> None:
        if self._watching is None:
            self._watching = asyncio.get_running_loop().create_task(self._watch(namespace))

    def of(self, uid: str | None) -> Delay | None:
        return self._found.get(uid or "")

    async def close(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching

    async def _watch(self, namespace: str) -> None:
        async for change in Watch(self._client, EVENTS, Event, namespace, fields="type=Warning", relist=RELIST):
            match change:
                case Put(_, event):
                    self._take(event)
                case Broken(error, times) if times in (1, 10):
                    log.event("kubernetes.events-unread", level="warning", error=str(error))

    def _take(self, event: Event) -> None:
        delay = delay_by_event(event.reason, event.message)
        if delay is None:
            return
        self._found.pop(event.involved_object.uid, None)
        self._found[event.involved_object.uid] = delay
        if len(self._found) > REMEMBERED:
            del self._found[next(iter(self._found))]
