"""What all attempts of one runner share: the client, the watch over their Pods, and their places in it.

In: attempts that want to hear of their Pods. Out: `saw` and `saw_gone` of each, as the watch tells. The watch starts
with the first attempt. Labels only say whom to tell: whose a Pod is, its owner's uid says (`attempt.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

from windlass import log
from windlass.executors.kubernetes.naming import JOB_NAME, OURS
from windlass.executors.kubernetes.pods import Pod
from windlass.executors.kubernetes.roll import Roll
from windlass.executors.kubernetes.warned import Warned
from windlass.kube.client import Client
from windlass.kube.resources import PODS
from windlass.kube.watch import Broken, Gone, Put, Synced, Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.executors.kubernetes.attempt import Attempt
    from windlass.executors.kubernetes.terms import Terms

LOOKS = 4  # attempts that wait and look at their Job at once
FOLLOWED = 256  # logs that are followed at once; of others is read what is there at their end


class World:
    """`may_start`: whether this controller still leads (`executors/gate.py`)."""

    def __init__(self, terms: Terms, may_start: Callable[[], bool]) -> None:
        self.terms = terms
        self.may_start = may_start
        self.client = Client(terms.place)
        self.looks = asyncio.Semaphore(LOOKS)
        self.warned = Warned(self.client)
        self.slots = asyncio.Semaphore(FOLLOWED)
        self.synced = asyncio.Event()  # the first list is complete
        self._namespace = terms.namespace
        self._by_job: dict[str, Attempt] = {}
        self._watching: asyncio.Task[None] | None = None
        self._sought = self._expected = 0
        self._sought_since = 0.0
        self._roll = Roll(self.client)

    async def namespace(self) -> str:
        """Raises AccessError."""
        if self._namespace is None:
            self._namespace = (await self.client.access()).namespace
        return self._namespace

    def join(self, attempt: Attempt) -> None:
        self._by_job[attempt.name] = attempt
        if self._watching is None:
            self._watching = asyncio.get_running_loop().create_task(self._watch())

    def seek(self) -> None:
        """An adopted attempt is going to be looked for."""
        if not self._sought:
            self._expected, self._sought_since = 0, time.monotonic()
        self._sought += 1
        self._expected += 1

    async def listed(self, name: str) -> dict[str, Any] | None:
        """The Job of an attempt that is sought. None: nothing is known of it; ask for it. Raises KubeError."""
        return await self._roll.find(name, await self.namespace(), self._sought)

    def found(self) -> None:
        """What became of it is known, or that nobody knows."""
        self._sought -= 1
        if not self._sought:
            took = round(time.monotonic() - self._sought_since, 3)
            log.event("kubernetes.adopted", attempts=self._expected, seconds=took)

    def leave(self, attempt: Attempt) -> None:
        self._by_job.pop(attempt.name, None)

    async def close(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
        await self.warned.close()
        await self.client.close()

    async def _watch(self) -> None:
        while True:
            try:
                await self._follow()
            except Exception as error:  # noqa: BLE001 - one object must not end it (promise R29); it begins anew
                log.event("kubernetes.watch-crashed", level="error", error=log.told(error))
                await asyncio.sleep(1.0)

    async def _follow(self) -> None:
        namespace = await self.namespace()
        async for change in Watch(self.client, PODS, Pod, namespace, labels=OURS):
            match change:
                case Put(_, pod):
                    if (attempt := self._by_job.get(pod.metadata.labels.get(JOB_NAME, ""))) is not None:
                        attempt.saw(pod)
                case Gone(meta, pod):
                    if (attempt := self._by_job.get(pod.metadata.labels.get(JOB_NAME, ""))) is not None:
                        attempt.saw_gone(meta.uid, pod)
                case Synced(uids):
                    for attempt in list(self._by_job.values()):
                        attempt.exists_only(uids)
                    self.synced.set()
                case Broken(error, times):
                    level = "warning" if times < 5 else "error"
                    log.event("kubernetes.watch-broken", level=level, times=times, error=str(error))  # type: ignore[arg-type]
