"""What a minimal loop reaches on a cluster: the floor of our own figures.

In: where the cluster is, and what a step is. Out: seconds. The Jobs differ in nothing from ours; the loop is one
process with our client and our watch, which keeps nothing and explains nothing. It reads logs when it is asked to: ours
has read each before it tells of an end, so that is part of what nobody can save.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from windlass.executors.kubernetes.naming import JOB_NAME, OURS
from windlass.executors.kubernetes.pods import CONTAINER, Pod
from windlass.executors.kubernetes.spec import objects_of
from windlass.executors.kubernetes.terms import Terms, admitted
from windlass.kube.access import Place
from windlass.kube.client import Client
from windlass.kube.logs import pod_log
from windlass.kube.resources import JOBS, PODS
from windlass.kube.watch import Put, Synced, Watch
from windlass.runs.model import AttemptKey, Launch
from windlass.store.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

AGENT = "bare"
LONGEST = 180.0  # seconds for anything, on a machine that others load


class Bare:
    def __init__(self, kubeconfig: Path, namespace: str, image: str) -> None:
        self._terms = Terms(Place(str(kubeconfig)), namespace)
        self._namespace = namespace
        self._image = image

    def chains(self, count: int, steps: int, *, logs: bool = False) -> float:
        """Seconds of `count` chains side by side: the next Job is created when the watch shows the last Pod over, and
        with `logs` when its log is read."""
        made = [self._jobs(steps) for _ in range(count)]
        return asyncio.run(asyncio.wait_for(self._run(made, logs=logs), LONGEST))

    def crowd(self, count: int, *, logs: bool = False) -> float:
        """Seconds of `count` runs of one Job each, all at once, until the watch shows each Pod over."""
        return self.chains(count, 1, logs=logs)

    def creates(self, count: int, pace: float) -> dict[str, float]:
        """The Jobs of `count` requests, `pace` seconds from one to the next, and when each was sent (since 1970)."""
        return asyncio.run(self._creates([self._jobs(1)[0] for _ in range(count)], pace))

    async def _creates(self, jobs: list[dict[str, Any]], pace: float) -> dict[str, float]:
        client, sent = Client(self._terms.place, agent=AGENT), {}
        try:
            await client.request("GET", "/version")  # the connection is there, as ours is
            for job in jobs:
                sent[job["metadata"]["name"]] = at = time.time()
                await self._create(client, job)
                await asyncio.sleep(max(0.0, at + pace - time.time()))
        finally:
            await client.close()
        return sent

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

    async def _run(self, chains: list[list[dict[str, Any]]], *, logs: bool) -> float:
        client = Client(self._terms.place, agent=AGENT)
        waiting: dict[str, list[dict[str, Any]]] = {}
        listed, over = asyncio.Event(), asyncio.Event()
        left = len(chains)
        working: set[asyncio.Task[None]] = set()

        def spawn(work: Coroutine[Any, Any, None]) -> None:
            task = asyncio.create_task(work)
            working.add(task)
            task.add_done_callback(working.discard)

        def begin(jobs: list[dict[str, Any]]) -> None:
            waiting[jobs[0]["metadata"]["name"]] = jobs[1:]
            spawn(self._create(client, jobs[0]))

        def go_on(following: list[dict[str, Any]]) -> None:
            nonlocal left
            if following:
                begin(following)
                return
            left -= 1
            if not left:
                over.set()

        async def read(pod: str, following: list[dict[str, Any]]) -> None:
            async for _ in pod_log(client, self._namespace, pod, CONTAINER, timestamps=True):
                pass
            go_on(following)

        async def watch() -> None:
            async for change in Watch(client, PODS, Pod, self._namespace, labels=OURS):
                if isinstance(change, Synced):
                    listed.set()
                if isinstance(change, Put) and change.object.over:
                    following = waiting.pop(change.object.metadata.labels.get(JOB_NAME, ""), None)
                    if following is not None and logs:
                        spawn(read(change.object.metadata.name, following))
                    elif following is not None:
                        go_on(following)

        spawn(watch())
        try:
            await listed.wait()
            started = time.perf_counter()
            for jobs in chains:
                begin(jobs)
            await over.wait()
            return time.perf_counter() - started
        finally:
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
            await client.close()

    async def _create(self, client: Client, job: dict[str, Any]) -> None:
        await client.create(JOBS, job, self._namespace)
