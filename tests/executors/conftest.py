"""What executor tests share: a sink that can be waited for, attempts with a mark, and the proof that none is left."""

from __future__ import annotations

import threading
import time
import uuid
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import psutil
import pytest
from tests.docker_engine import IMAGE, Dockerd

from windlass.clock import SystemClock
from windlass.executors.docker.container import container_name, create_body
from windlass.executors.docker.executor import DockerExecutor
from windlass.executors.local.executor import LocalExecutor
from windlass.executors.local.spawn import spawn_supervisor
from windlass.executors.workspace.executor import WorkspaceExecutor
from windlass.runs.model import AttemptKey, Ended, Launch, Observation, Started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from scripts.cluster.cluster import Cluster
    from tests.executors.kubernetes_bench import Kube

    from windlass.executors.base import Sink
    from windlass.executors.workspace.pieces import Collection, Preparation

Kind = TypeVar("Kind")
PATIENCE = 120.0  # seconds; a cluster on a busy machine takes its time


def wait_until(true: Callable[[], object], patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def _living() -> Iterator[psutil.Process]:
    return (p for p in psutil.process_iter() if _asked(p.status, psutil.STATUS_ZOMBIE) != psutil.STATUS_ZOMBIE)


def _asked(question: Callable[[], Any], gone: Any) -> Any:
    try:
        return question()
    except (psutil.Error, OSError):
        return gone


class Seen:
    """A sink that remembers; `ended` and `started` wait."""

    def __init__(self) -> None:
        self.all: list[Observation] = []
        self._changed = threading.Condition()

    def __call__(self, observation: Observation) -> None:
        with self._changed:
            self.all.append(observation)
            self._changed.notify_all()

    def of(self, key: AttemptKey) -> list[Started | Ended]:
        with self._changed:
            return [seen for seen in self.all if isinstance(seen, (Started, Ended)) and seen.key == key]

    def ended(self, key: AttemptKey, patience: float = PATIENCE) -> Ended:
        found = self._wait(key, Ended, patience)
        assert isinstance(found, Ended)
        return found

    def started(self, key: AttemptKey) -> Started:
        found = self._wait(key, Started)
        assert isinstance(found, Started)
        return found

    def _wait(self, key: AttemptKey, kind: type[Started | Ended], patience: float = PATIENCE) -> Observation:
        def look() -> Observation | None:
            return next((o for o in self.all if isinstance(o, kind) and o.key == key), None)

        with self._changed:
            found = self._changed.wait_for(look, patience)
        assert found is not None, f"no {kind.__name__} of {key}; seen: {self.all}"
        return found


class Attempts(ABC, Generic[Kind]):
    """An executor of one kind over a folder, and attempts that carry the test's mark as their run id."""

    patience = PATIENCE

    def __init__(self, data: Path, run: str) -> None:
        self.data = data
        self.run = run
        self.seen = Seen()
        self.executors: list[Kind] = []

    @abstractmethod
    def new(self, sink: Sink, **terms: Any) -> Kind: ...

    @abstractmethod
    def launch(self, script: str | None, step: str = "step", **fields: Any) -> Launch: ...

    def made(self, sink: Sink, **terms: Any) -> Kind:
        self.executors.append(self.new(sink, **terms))
        return self.executors[-1]

    def executor(self, **terms: Any) -> Kind:
        """A new one over the same folder, as after a restart."""
        self.seen = Seen()
        return self.made(self.seen, **terms)

    def workspace(
        self, *, preparations: Sequence[Preparation] = (), collections: Sequence[Collection] = ()
    ) -> WorkspaceExecutor:
        """The same, with pieces that fill the working directory and collect from it."""
        self.seen = Seen()
        return WorkspaceExecutor(
            self.made, self.seen, SystemClock(), preparations=preparations, collections=collections
        )

    def key(self, step: str = "step", item: str = "", number: int = 1) -> AttemptKey:
        return AttemptKey(self.run, step, item, number)

    def end(self, script: str | None, *, terms: Mapping[str, Any] | None = None, **fields: Any) -> Ended:
        """Run it in a new executor, to its end."""
        launch = self.launch(script, **fields)
        executor = self.executor(**(terms or {}))
        executor.start([launch])
        ended = self.seen.ended(launch.key, self.patience)
        executor.close(kill=True)
        return ended

    def log(self, step: str = "step") -> bytes:
        path = self.executors[-1].log_path(self.key(step))
        assert path is not None
        return path.read_bytes()


class Local(Attempts[LocalExecutor]):
    def new(self, sink: Sink, *, foreground: bool = False, parallel: int = 64) -> LocalExecutor:
        return LocalExecutor(self.data, sink, spawn_supervisor(foreground=foreground), parallel=parallel)

    def launch(self, script: str | None, step: str = "step", **fields: Any) -> Launch:
        values: dict[str, Any] = {"argv": ("sh", "-e", "{script}"), "env": {}, "script": script, "kill_after": 300}
        return Launch(key=self.key(step), runner="local", **(values | fields))

    def work(self, step: str = "step") -> Path:
        return self.executors[-1].working_directory(self.key(step))

    def programs(self) -> list[psutil.Process]:
        """Living processes that the attempts of this test started, by their environment."""
        return [p for p in _living() if f"/{self.run}/" in _asked(p.environ, {}).get("WINDLASS_OUTPUT", "")]

    def wardens(self) -> list[psutil.Process]:
        """Living wardens of this test's attempts, by their title."""
        return [p for p in _living() if any(part.startswith(f"windlass: {self.run}") for part in _asked(p.cmdline, []))]

    def close(self) -> None:
        for executor in self.executors:
            if not executor.closed:
                executor.close(kill=True)


@pytest.fixture
def run_id() -> str:
    return f"run{uuid.uuid4().hex}"


@pytest.fixture
def local(tmp_path: Path, run_id: str) -> Iterator[Local]:
    """After the test no process with its mark is left."""
    place = Local(tmp_path / "data", run_id)
    yield place
    place.close()
    assert not place.programs()
    wait_until(lambda: not place.wardens())


class Docker(Attempts[DockerExecutor]):
    """Over the tests' engine."""

    def __init__(self, data: Path, run: str, dockerd: Dockerd) -> None:
        super().__init__(data, run)
        self.dockerd = dockerd

    def new(self, sink: Sink, *, parallel: int = 64, patience: float = 20.0) -> DockerExecutor:
        environment = self.dockerd.environment
        return DockerExecutor(self.data, sink, parallel=parallel, environment=environment, patience=patience)

    def launch(self, script: str | None, step: str = "step", **fields: Any) -> Launch:
        values: dict[str, Any] = {"argv": ("sh", "-e", "{script}"), "env": {}, "script": script, "image": IMAGE}
        return Launch(key=self.key(step), runner="docker", **(values | fields))

    def dockerd_body(self, launch: Launch) -> dict[str, Any]:
        """What the executor asks the engine for."""
        return create_body(launch, launch.argv, self.data)

    def container(self, step: str = "step") -> str:
        return container_name(self.key(step))

    def close(self) -> None:
        for executor in self.executors:
            executor.close(kill=True)


@pytest.fixture
def docker(tmp_path: Path, run_id: str, dockerd: Dockerd) -> Iterator[Docker]:
    """After the test no container of it is left."""
    place = Docker(tmp_path / "data", run_id, dockerd)
    yield place
    place.close()
    wait_until(lambda: not [name for name in dockerd.containers() if run_id in name])


@pytest.fixture
def kube(tmp_path: Path, run_id: str, cluster: Cluster, namespace: str) -> Iterator[Kube]:
    """With the rights that the chart gives, and no others. After the test none of its Pods runs."""
    from dataclasses import replace

    from tests import rights
    from tests.executors.kubernetes_bench import Kube

    from windlass.kube.access import Place

    place = Kube(tmp_path / "data", run_id, cluster.kubeconfig, namespace)
    place.terms = replace(place.terms, place=Place(str(rights.account(cluster, namespace, tmp_path))))
    yield place
    place.close()
