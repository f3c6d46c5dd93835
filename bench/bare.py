"""What a minimal loop reaches on a cluster: the floor of our own figures.

In: where the cluster is, and what a step is. Out: seconds. The Jobs differ in nothing from ours; the loop is one
process with our client and our watch, which keeps nothing, reads no log and explains nothing.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from windlass.executors.kubernetes.naming import JOB_NAME, OURS
from windlass.executors.kubernetes.pods import Pod
from windlass.executors.kubernetes.spec import objects_of
from windlass.executors.kubernetes.terms import Terms, admitted
from windlass.kube.access import Place
from windlass.kube.client import Client
from windlass.kube.resources import JOBS, PODS
from windlass.kube.watch import Put, Synced, Watch
from windlass.runs.model import AttemptKey, Launch
from windlass.store.ids import new_id

if TYPE_CHECKING:
    from pathlib import Path

AGENT = "bare"
LONGEST = 180.0  # seconds for anything, on a machine that others load


class Bare:
    def __init__(self, kubeconfig: Path, namespace: str, image: str) -> None:
        self._terms = Terms(Place(str(kubeconfig)), namespace)
        self._namespace = namespace
        self._image = image

    def chains(self, count: int, steps: int) -> float:
        """Seconds of `count` chains side by side: the next Job is created when the watch shows the last Pod over."""
        made = [self._jobs(steps) for _ in range(count)]
        return asyncio.run(asyncio.wait_for(self._run(made), LONGEST))

    def crowd(self, count: int) -> float:
        """Seconds of `count` runs of one Job each, all at once, until the watch shows each Pod over."""
        return self.chains(count, 1)

    def creates(self, count: int, pace: float) -> list[float]:
        """Seconds of each of `count` requests, `pace` seconds from one to the next."""
        return asyncio.run(self._creates([self._jobs(1)[0] for _ in range(count)], pace))

    async def _creates(self, jobs: list[dict[str, Any]], pace: float) -> list[float]:
        client, took = Client(self._terms.place, agent=AGENT), []
        try:
            for job in jobs:
                begun = time.perf_counter()
                await self._create(client, job)
                took.append(time.perf_counter() - begun)
                await asyncio.sleep(max(0.0, pace - took[-1]))
        finally:
            await client.close()
        return took

    def _jobs(self, steps: int) -> list[dict[str, Any]]:
        """Of one run, as the run loop would launch them."""
        run = new_id(int(time.time() * 1000))
        env = {"CI": "true", "WINDLASS_RUN_ID": run, "WINDLASS_WORKFLOW": "chain", "WINDLASS_REPOSITORY": "bench"}
        made = []
        for number in range(steps):
            key = AttemptKey(run, f"step-{number + 1}", "", 1)
            own = env | {"WINDLASS_STEP": key.path, "WINDLASS_ATTEMPT": "1"}
            launch = Launch(key, "kubernetes", ("sh", "-e", "{script}"), own, script="true", image=self._image)
            made.append(admitted(objects_of(launch, self._terms, self._namespace, None).job, self._terms))
        return made

    async def _run(self, chains: list[list[dict[str, Any]]]) -> float:
        client = Client(self._terms.place, agent=AGENT)
        waiting: dict[str, list[dict[str, Any]]] = {}
        creating: set[asyncio.Task[None]] = set()

        def begin(jobs: list[dict[str, Any]]) -> None:
            waiting[jobs[0]["metadata"]["name"]] = jobs[1:]
            task = asyncio.create_task(self._create(client, jobs[0]))
            creating.add(task)
            task.add_done_callback(creating.discard)

        started = 0.0
        try:
            async for change in Watch(client, PODS, Pod, self._namespace, labels=OURS):
                if isinstance(change, Synced) and not started:
                    started = time.perf_counter()
                    for jobs in chains:
                        begin(jobs)
                if isinstance(change, Put) and change.object.over:
                    following = waiting.pop(change.object.metadata.labels.get(JOB_NAME, ""), None)
                    if following:
                        begin(following)
                if started and not waiting:
                    break
        finally:
            await client.close()
        return time.perf_counter() - started

    async def _create(self, client: Client, job: dict[str, Any]) -> None:
        await client.create(JOBS, job, self._namespace)
