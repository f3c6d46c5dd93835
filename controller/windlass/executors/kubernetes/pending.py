"""Until an attempt's program runs: why it waits, and when that was long enough.

In: its Pod, when it has one. Out: what is told meanwhile, and a verdict on the attempt when waiting is in vain: one
cause has lasted for its own patience, or all of them for the runner's `pending`. What holds a Job back without a Pod is
known to warnings alone; a Job that was deleted or given up is looked for seldom, for that costs a request each.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from windlass import log
from windlass.executors.kubernetes.judging import Verdict, verdict_of_gone
from windlass.executors.kubernetes.pods import Pod, conditions_of
from windlass.executors.kubernetes.waiting import why_it_waits
from windlass.kube.errors import KubeError, NotFound
from windlass.kube.resources import JOBS

if TYPE_CHECKING:
    from windlass.executors.kubernetes.attempt import Attempt, Told
    from windlass.executors.kubernetes.judging import Delay
    from windlass.executors.kubernetes.world import World

SOON = 1.0  # seconds of waiting after which somebody wants to know why
LATE, LATEST = 10.0, 30.0  # seconds until the first look at a Job that has no Pod, and between two at most
AWAY = 2.0  # seconds between two looks at what takes its time


class Pending:
    """Of one attempt, made when it begins to wait."""

    def __init__(self, attempt: Attempt, told: Told, world: World) -> None:
        self._attempt = attempt
        self._told = told
        self._world = world
        self._since = time.monotonic()
        self._delays: dict[str, float] = {}  # cause -> since when
        self._look_at = LATE  # seconds of waiting, for its Job

    def next_look(self) -> float:
        """Seconds from now."""
        waited = time.monotonic() - self._since
        return 0.5 if waited < 5.0 else SOON if waited < 60.0 else AWAY

    async def look(self, pod: Pod | None) -> None:
        """Tells why it waits. The attempt has a verdict afterwards when it has waited long enough."""
        delay = why_it_waits(self._attempt, pod) or await self._told_by_events(pod)
        now = time.monotonic()
        if delay is None:
            self._delays.clear()
            self._told.delayed(self._attempt, "", "")
        else:
            self._told.delayed(self._attempt, delay.cause, delay.message)
            since = self._delays.setdefault(delay.cause, now)
            if delay.patience is not None and now - since >= delay.patience:
                self._attempt.verdict = Verdict(None, delay.ends_as or delay.cause, delay.message, begun=False)
        if self._attempt.verdict is None and now - self._since >= self._world.terms.pending:
            cause, said = (delay.cause, delay.message) if delay else ("start-failed", "nothing says why")
            message = f"it did not start within {self._world.terms.pending:g} s: {said}"
            self._attempt.verdict = Verdict(None, cause, message, begun=False)

    async def _told_by_events(self, pod: Pod | None) -> Delay | None:
        """Of a Job that gets no Pod, and of a Pod that waits for its volumes: nothing else tells."""
        waited = time.monotonic() - self._since
        if waited < SOON:
            return None
        self._world.warned.begin(await self._world.namespace())
        if pod is not None:
            return self._world.warned.of(pod.metadata.uid)
        if waited >= self._look_at and not self._world.looks.locked():
            self._look_at = waited + min(waited, LATEST)
            try:
                async with self._world.looks:
                    if await self._job_is_over():
                        return None
            except KubeError as error:
                log.event("kubernetes.job-unread", level="warning", job=self._attempt.name, error=str(error))
        return self._world.warned.of(self._attempt.job_uid)

    async def _job_is_over(self) -> bool:
        """A Job without a Pod that was deleted, or given up by its controller. Raises KubeError."""
        try:
            job = await self._world.client.get(JOBS, self._attempt.name, await self._world.namespace())
        except NotFound:
            self._attempt.verdict = verdict_of_gone(None)
            return True
        failed = conditions_of(job).get("Failed")
        if failed is None or job["metadata"]["uid"] != self._attempt.job_uid:
            return False
        message = str(failed.get("message") or failed.get("reason"))
        self._attempt.verdict = Verdict(None, "start-failed", f"its Job failed: {message}", begun=False)
        return True
