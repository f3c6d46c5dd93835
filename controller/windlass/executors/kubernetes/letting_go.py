"""Jobs that nobody needs any more: removed some time after their run has ended, many runs at a time.

In: runs whose end is in the ledger. Out: one request for up to a hundred of them, `keep` seconds later. Until then
`kubectl` shows them. What is not removed in this life (it is a list in memory) the cluster removes by itself: each Job
has a limit of its own for that. Removing them one by one, or telling each its limit, would be a write for every step.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from windlass import log
from windlass.executors.kubernetes.barrier import BARRED
from windlass.executors.kubernetes.naming import OURS, PREFIX, label_of
from windlass.kube.errors import KubeError
from windlass.kube.resources import JOBS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from windlass.executors.kubernetes.world import World

MOST = 100  # runs of one request: their ids go into its URL
ROUND = 15.0  # seconds between two requests that are not full
AGAIN = 60.0


class LettingGo:
    """In the event loop. `open_runs`: those that have an attempt here which is not over; nothing of them goes."""

    def __init__(self, world: World, open_runs: Callable[[], Collection[str]]) -> None:
        self._world = world
        self._keep = float(world.terms.keep)
        self._open_runs = open_runs
        self._due: dict[str, float] = {}  # in the order of time
        self._working: asyncio.Task[None] | None = None

    def add(self, run: str) -> None:
        """A run whose id cannot be a label is left to the cluster: another's might be cut to the same."""
        if label_of(run) != run:
            return
        self._due.pop(run, None)
        self._due[run] = time.monotonic() + self._keep
        if self._working is None or self._working.done():
            self._working = asyncio.get_running_loop().create_task(self._work())

    async def close(self) -> None:
        if self._working is not None:
            self._working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._working

    async def _work(self) -> None:
        while self._due:
            await asyncio.sleep(self._pause())
            now, busy = time.monotonic(), self._open_runs()
            runs = [run for run, due in self._due.items() if due <= now and run not in busy][:MOST]
            if not runs:
                await asyncio.sleep(ROUND)
                continue
            try:
                await self._remove(runs)
            except KubeError as error:
                log.event("kubernetes.jobs-left", level="warning", runs=len(runs), error=str(error))
                await asyncio.sleep(AGAIN)
                continue
            for run in runs:
                self._due.pop(run, None)

    def _pause(self) -> float:
        """A full request waits for nothing."""
        now = time.monotonic()
        if sum(due <= now for due in self._due.values()) >= MOST:
            return 0.0
        return max(min(ROUND, self._keep), next(iter(self._due.values())) - now)

    async def _remove(self, runs: list[str]) -> None:
        labels = f"{OURS},{PREFIX}/run in ({','.join(runs)}),!{BARRED}"
        await self._world.client.delete_all(JOBS, await self._world.namespace(), labels=labels)
