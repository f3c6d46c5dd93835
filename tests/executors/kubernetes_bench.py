"""A kubernetes executor over the real cluster, in a namespace of the test's own, and a hand on its Pods."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.executors.conftest import Seen, wait_until

from windlass.clock import SystemClock
from windlass.executors.kubernetes.executor import KubernetesExecutor
from windlass.executors.kubernetes.naming import JOB_NAME, object_name
from windlass.executors.kubernetes.terms import Terms
from windlass.executors.workspace.executor import WorkspaceExecutor
from windlass.kube.access import Place
from windlass.kube.client import Client
from windlass.kube.errors import KubeError
from windlass.kube.exec import run_in
from windlass.kube.resources import JOBS, PODS
from windlass.kube.thread import LoopThread
from windlass.runs.model import AttemptKey, Delayed, Ended, Launch, LaunchPart

if TYPE_CHECKING:
    from pathlib import Path

    from windlass.executors.base import Sink

IMAGE = "windlass.test/shell:1"
TIMEOUT = 120.0


class Kube:
    """Attempts carry the test's mark as their run id."""

    def __init__(self, data: Path, run: str, kubeconfig: Path, namespace: str) -> None:
        self.data = data
        self.run = run
        self.namespace = namespace
        self.terms = Terms(Place(str(kubeconfig)), namespace, helper=IMAGE, log_patience=5.0)
        self.seen = Seen()
        self.executors: list[KubernetesExecutor] = []
        self.thread = LoopThread("test-kube")
        self.client = Client(self.terms.place)

    def executor(self, **terms: Any) -> KubernetesExecutor:
        """A new one over the same folder, as after a restart."""
        self.seen = Seen()
        return self.made(self.seen, **terms)

    def made(self, sink: Sink, **terms: Any) -> KubernetesExecutor:
        made = KubernetesExecutor(self.data, sink, replace(self.terms, **terms), may_start=lambda: True)
        self.executors.append(made)
        return made

    def workspace(self, *, preparations: Any = (), collections: Any = ()) -> WorkspaceExecutor:
        self.seen = Seen()
        return WorkspaceExecutor(
            self.made, self.seen, SystemClock(), preparations=preparations, collections=collections
        )

    def key(self, step: str = "step") -> AttemptKey:
        return AttemptKey(self.run, step, "", 1)

    def launch(self, script: str | None, step: str = "step", **fields: Any) -> Launch:
        values: dict[str, Any] = {
            "argv": ("sh", "-e", "{script}"), "env": {}, "script": script, "image": IMAGE, "kill_after": 1000,
        }  # fmt: skip
        return Launch(key=self.key(step), runner="kubernetes", **(values | fields))

    def end(self, script: str | None, *, terms: dict[str, Any] | None = None, **fields: Any) -> Ended:
        """Run it in a new executor, to its end."""
        launch = self.launch(script, **fields)
        executor = self.executor(**(terms or {}))
        executor.start([launch])
        ended = self.seen.ended(launch.key, TIMEOUT)
        executor.close(kill=True)
        return ended

    def log(self, step: str = "step") -> bytes:
        path = self.executors[-1].log_path(self.key(step))
        assert path is not None
        return path.read_bytes()

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


class KubeBench:
    SCRIPT = """
    echo hello
    until [ -e /tmp/code ]; do sleep 0.02; done
    cat /tmp/outputs >> "$WINDLASS_OUTPUT"
    exit "$(cat /tmp/code)"
    """

    def __init__(self, kube: Kube) -> None:
        self.kube = kube

    @property
    def seen(self) -> Seen:
        return self.kube.seen

    def executor(self) -> KubernetesExecutor:
        return self.kube.executor()

    def launch(self, step: str = "step", output_limit: int = 4096, quiet_timeout: int | None = None) -> Launch:
        return self.kube.launch(self.SCRIPT, step, output_limit=output_limit, quiet_timeout=quiet_timeout)

    def be_silent(self, key: AttemptKey) -> None:
        """Its program waits for `finish`."""

    def parted(self, step: str, *runs: tuple[bool, bool]) -> Launch:
        script = f"test -e held && exit; touch held; {self.SCRIPT}"
        argv = ("sh", "-e", "{script}")
        parts = [LaunchPart(script, f"{n}", argv, on_success=s, on_failure=f) for n, (s, f) in enumerate(runs)]
        return replace(self.launch(step), script=None, argv=(), parts=tuple(parts))

    def finish(self, key: AttemptKey, exit_code: int = 0, outputs: bytes = b"") -> None:
        self.kube.execute(
            key.path, f"cat > /tmp/outputs; echo {exit_code} > /tmp/half; mv /tmp/half /tmp/code", outputs
        )

    def starts(self, key: AttemptKey) -> int:
        """Restarts of the container count, too."""
        pods = self.kube.pods(key.path)
        begun = [one for pod in pods for one in pod["status"].get("containerStatuses", ())]
        return sum(1 + one["restartCount"] for one in begun)
