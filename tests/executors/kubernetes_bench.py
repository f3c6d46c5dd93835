"""A kubernetes executor over the real cluster, in a namespace of the test's own, and a hand on its Pods."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.executors.bench import ContainerBench
from tests.executors.conftest import Attempts, Seen, wait_until

from windlass.executors.kubernetes.executor import KubernetesExecutor
from windlass.executors.kubernetes.naming import JOB_NAME, object_name
from windlass.executors.kubernetes.terms import Terms
from windlass.kube.access import Place
from windlass.kube.client import Client
from windlass.kube.errors import KubeError
from windlass.kube.exec import run_in
from windlass.kube.resources import JOBS, PODS
from windlass.kube.thread import LoopThread
from windlass.runs.model import AttemptKey, Delayed, Launch

if TYPE_CHECKING:
    from pathlib import Path

    from windlass.executors.base import Sink

IMAGE = "windlass.test/shell:1"
TIMEOUT = 120.0


class Kube(Attempts[KubernetesExecutor]):
    """Over the cluster, in a namespace."""

    patience = TIMEOUT

    def __init__(self, data: Path, run: str, kubeconfig: Path, namespace: str) -> None:
        super().__init__(data, run)
        self.namespace = namespace
        self.terms = Terms(Place(str(kubeconfig)), namespace, helper=IMAGE, log_patience=5.0)
        self.thread = LoopThread("test-kube")
        self.client = Client(self.terms.place)

    def new(self, sink: Sink, **terms: Any) -> KubernetesExecutor:
        return KubernetesExecutor(self.data, sink, replace(self.terms, **terms), may_start=lambda: True)

    def launch(self, script: str | None, step: str = "step", **fields: Any) -> Launch:
        values: dict[str, Any] = {
            "argv": ("sh", "-e", "{script}"), "env": {}, "script": script, "image": IMAGE, "kill_after": 1000,
        }  # fmt: skip
        return Launch(key=self.key(step), runner="kubernetes", **(values | fields))

    def delays(self) -> list[tuple[str | None, str | None]]:
        return [(one.cause, one.message) for one in self.seen.all if isinstance(one, Delayed)]

    # ---- the cluster, by another client

    def call(self, work: Any) -> Any:
        return self.thread.call(work, TIMEOUT)

    def list(self, resource: Any, labels: str | None = None) -> list[dict[str, Any]]:
        async def collect() -> list[dict[str, Any]]:
            return [found async for found in self.client.list(resource, self.namespace, labels=labels)]

        return self.call(collect())

    def pods(self, step: str = "step") -> list[dict[str, Any]]:
        return self.list(PODS, f"{JOB_NAME}={object_name(self.key(step))}")

    def pod(self, step: str = "step") -> dict[str, Any]:
        """Waits for it."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            found[:] = self.pods(step)
            return bool(found)

        wait_until(look, TIMEOUT)
        return found[0]

    def job(self, step: str = "step") -> dict[str, Any]:
        return self.call(self.client.get(JOBS, object_name(self.key(step)), self.namespace))

    def execute(self, step: str, script: str, stdin: bytes = b"") -> int:
        """In the container, once it runs."""
        name = self.pod(step)["metadata"]["name"]

        async def run() -> int:
            for _ in range(400):
                with contextlib.suppress(KubeError):
                    words = ["sh", "-c", script]
                    return (await run_in(self.client, self.namespace, name, "step", words, stdin)).exit_code
                await asyncio.sleep(0.2)
            raise AssertionError(f"{name} cannot be reached")

        return self.call(run())

    def close(self) -> None:
        for executor in self.executors:
            executor.close(kill=True)
        self.thread.call(self.client.close())
        self.thread.close()


class KubeBench(ContainerBench):
    def __init__(self, kube: Kube) -> None:
        self.kube = kube

    @property
    def seen(self) -> Seen:
        return self.kube.seen

    def executor(self) -> KubernetesExecutor:
        return self.kube.executor()

    def launch(self, step: str = "step", output_limit: int = 4096, quiet_timeout: int | None = None) -> Launch:
        return self.kube.launch(self.SCRIPT, step, output_limit=output_limit, quiet_timeout=quiet_timeout)

    def finish(self, key: AttemptKey, exit_code: int = 0, outputs: bytes = b"") -> None:
        self.kube.execute(
            key.path, f"cat > /tmp/outputs; echo {exit_code} > /tmp/half; mv /tmp/half /tmp/code", outputs
        )

    def starts(self, key: AttemptKey) -> int:
        """Restarts of the container count, too."""
        pods = self.kube.pods(key.path)
        begun = [one for pod in pods for one in pod["status"].get("containerStatuses", ())]
        return sum(1 + one["restartCount"] for one in begun)
