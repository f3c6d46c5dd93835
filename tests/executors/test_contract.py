"""The contract of `executors.base`, which every executor keeps. A new executor adds a Bench."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.executors.bench import ContainerBench, ShellBench
from tests.executors.conftest import wait_until

from windlass.executors.docker.container import container_name
from windlass.executors.held import HeldExecutor, HeldWorld
from windlass.runs.model import AttemptKey, Ended, Launch, LaunchPart, PartsSeen, Quiet, Started, Stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.executors.bench import Bench
    from tests.executors.conftest import Docker, Local, Seen

    from windlass.executors.base import Executor


class HeldBench:
    def __init__(self, logs: Path, new_seen: type[Seen]) -> None:
        self.world = HeldWorld()
        self.logs = logs
        self.new_seen = new_seen

    def executor(self) -> HeldExecutor:
        self.seen = self.new_seen()
        self.held = HeldExecutor(self.seen, logs=self.logs, world=self.world)
        return self.held

    def launch(self, step: str = "step", output_limit: int = 4096, quiet_timeout: int | None = None) -> Launch:
        key = AttemptKey("run", step, "", 1)
        self.held.write_log(key, b"hello\n")
        return Launch(key, "held", ("true",), {}, output_limit=output_limit, quiet_timeout=quiet_timeout)

    def be_silent(self, key: AttemptKey) -> None:
        self.held.fall_silent(key)

    def parted(self, step: str, *runs: tuple[bool, bool]) -> Launch:
        parts = (LaunchPart("", f"{n}", ("true",), on_success=s, on_failure=f) for n, (s, f) in enumerate(runs))
        return Launch(AttemptKey("run", step, "", 1), "held", (), {}, parts=tuple(parts))

    def finish(self, key: AttemptKey, exit_code: int = 0, outputs: bytes = b"") -> None:
        self.held.finish(key, exit_code, outputs)

    def starts(self, key: AttemptKey) -> int:
        return self.world.started.count(key)


class LocalBench(ShellBench):
    SCRIPT = """
    echo "$WINDLASS_RUN_ID" >> "$BENCH.starts"
    echo hello
    read -r code < "$BENCH.code"
    cat "$BENCH.outputs" >> "$WINDLASS_OUTPUT"
    exit "$code"
    """

    def __init__(self, local: Local, folder: Path) -> None:
        self.local = local
        self.folder = folder

    @property
    def seen(self) -> Seen:
        return self.local.seen

    def executor(self) -> Executor:
        return self.local.executor()

    def launch(self, step: str = "step", output_limit: int = 4096, quiet_timeout: int | None = None) -> Launch:
        if not (self.folder / f"{step}.code").exists():
            os.mkfifo(self.folder / f"{step}.code")
        env = {"BENCH": str(self.folder / step), "WINDLASS_RUN_ID": self.local.run}
        return self.local.launch(self.SCRIPT, step, env=env, output_limit=output_limit, quiet_timeout=quiet_timeout)

    def finish(self, key: AttemptKey, exit_code: int = 0, outputs: bytes = b"") -> None:
        (self.folder / f"{key.path}.outputs").write_bytes(outputs)
        (self.folder / f"{key.path}.code").write_text(f"{exit_code}\n")

    def starts(self, key: AttemptKey) -> int:
        path = self.folder / f"{key.path}.starts"
        return len(path.read_text().splitlines()) if path.exists() else 0


class DockerBench(ContainerBench):
    def __init__(self, docker: Docker) -> None:
        self.docker = docker

    @property
    def seen(self) -> Seen:
        return self.docker.seen

    def executor(self) -> Executor:
        return self.docker.executor()

    def launch(self, step: str = "step", output_limit: int = 4096, quiet_timeout: int | None = None) -> Launch:
        return self.docker.launch(self.SCRIPT, step, output_limit=output_limit, quiet_timeout=quiet_timeout)

    def finish(self, key: AttemptKey, exit_code: int = 0, outputs: bytes = b"") -> None:
        self.docker.dockerd.put(container_name(key), "/tmp/outputs", outputs)
        self.docker.dockerd.put(container_name(key), "/tmp/code", b"%d" % exit_code)

    def starts(self, key: AttemptKey) -> int:
        return self.docker.dockerd.times_started(container_name(key))


@pytest.fixture(params=["held", "local", "docker", "kubernetes"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "docker":
        yield DockerBench(request.getfixturevalue("docker"))
    elif request.param == "kubernetes":
        from tests.executors.kubernetes_bench import KubeBench

        yield KubeBench(request.getfixturevalue("kube"))
    elif request.param == "held":
        local = request.getfixturevalue("local")
        yield HeldBench(tmp_path / "logs", type(local.seen))
    else:
        yield LocalBench(request.getfixturevalue("local"), tmp_path)


def kinds(bench: Bench, key: AttemptKey) -> list[type]:
    return [type(observation) for observation in bench.seen.of(key)]


def test_an_attempt_starts_ends_and_hands_over_its_outputs(bench: Bench) -> None:
    executor = bench.executor()
    launch = bench.launch()
    executor.start([launch])
    started = bench.seen.started(launch.key)
    bench.finish(launch.key, 3, b"tag=1.2\n")
    ended = bench.seen.ended(launch.key)
    executor.close(kill=True)
    assert kinds(bench, launch.key) == [Started, Ended]
    assert (ended.exit_code, ended.outputs, ended.cause) == (3, b"tag=1.2\n", None)
    assert 0 < started.at <= ended.at
    assert started.handle


def test_a_key_never_runs_twice(bench: Bench) -> None:
    executor = bench.executor()
    launch = bench.launch()
    executor.start([launch, launch])
    executor.start([launch])
    bench.seen.started(launch.key)
    bench.finish(launch.key)
    bench.seen.ended(launch.key)
    executor.start([launch])
    executor.close(kill=True)
    assert kinds(bench, launch.key) == [Started, Ended]
    assert bench.starts(launch.key) == 1


def test_traces_of_an_earlier_life_are_enough_not_to_start_again(bench: Bench) -> None:
    first = bench.executor()
    launch = bench.launch()
    first.start([launch])
    bench.seen.started(launch.key)
    first.close(kill=False)
    second = bench.executor()
    second.start([launch])
    bench.finish(launch.key, 4)
    assert bench.seen.ended(launch.key).exit_code == 4
    second.close(kill=True)
    assert bench.starts(launch.key) == 1


def test_a_stopped_attempt_ends_once_however_often_it_is_told(bench: Bench) -> None:
    executor = bench.executor()
    launch = bench.launch()
    executor.start([launch])
    bench.seen.started(launch.key)
    executor.stop(Stop(launch.key, 5000))
    executor.stop(Stop(launch.key, 5000))
    ended = bench.seen.ended(launch.key)
    executor.stop(Stop(launch.key, 0))
    executor.close(kill=True)
    assert ended.exit_code == 143
    assert kinds(bench, launch.key) == [Started, Ended]


def test_a_stop_may_come_at_once(bench: Bench) -> None:
    executor = bench.executor()
    launch = bench.launch()
    executor.start([launch])
    executor.stop(Stop(launch.key, 0))
    ended = bench.seen.ended(launch.key)
    executor.close(kill=True)
    assert ended.cause is None
    assert ended.exit_code is None or ended.exit_code > 128
    assert kinds(bench, launch.key).count(Ended) == 1


def test_a_stop_of_something_unknown_is_nothing(bench: Bench) -> None:
    executor = bench.executor()
    executor.stop(Stop(bench.launch().key, 0))
    executor.close(kill=True)
    assert bench.seen.all == []


def test_what_runs_is_adopted_watched_and_can_be_stopped(bench: Bench) -> None:
    first = bench.executor()
    watched, stopped = bench.launch("watched"), bench.launch("stopped")
    first.start([watched, stopped])
    handles = {launch.key: bench.seen.started(launch.key).handle for launch in (watched, stopped)}
    first.close(kill=False)
    second = bench.executor()
    second.adopt(handles)
    second.stop(Stop(stopped.key, 5000))
    bench.finish(watched.key, 5, b"a=b\n")
    ended = bench.seen.ended(watched.key)
    assert (ended.exit_code, ended.outputs, ended.cause) == (5, b"a=b\n", None)
    assert bench.seen.ended(stopped.key).exit_code == 143
    second.close(kill=True)
    assert kinds(bench, watched.key) == kinds(bench, stopped.key) == [Ended]


def test_a_start_that_nobody_saw_is_told_at_adoption(bench: Bench) -> None:
    first = bench.executor()
    launch = bench.launch()
    first.start([launch])
    bench.seen.started(launch.key)
    first.close(kill=False)
    second = bench.executor()
    second.adopt({launch.key: None})
    bench.seen.started(launch.key)
    bench.finish(launch.key)
    bench.seen.ended(launch.key)
    second.close(kill=True)
    assert kinds(bench, launch.key) == [Started, Ended]


UNBEGUN = ("lost", "never-started")


def test_what_never_started_is_lost_and_never_starts_later(bench: Bench) -> None:
    executor = bench.executor()
    launch = bench.launch()
    executor.adopt({launch.key: None})
    assert bench.seen.ended(launch.key).cause in UNBEGUN
    executor.start([launch])
    executor.close(kill=True)
    third = bench.executor()
    third.start([launch])
    assert bench.seen.ended(launch.key).cause in UNBEGUN
    third.close(kill=True)
    assert bench.starts(launch.key) == 0


def test_too_many_outputs_show_by_one_byte(bench: Bench) -> None:
    executor = bench.executor()
    launch = bench.launch(output_limit=10)
    executor.start([launch])
    bench.seen.started(launch.key)
    bench.finish(launch.key, outputs=b"x" * 50)
    assert bench.seen.ended(launch.key).outputs == b"x" * 11
    executor.close(kill=True)


def test_the_log_outlives_what_is_forgotten(bench: Bench) -> None:
    executor = bench.executor()
    assert executor.log_path(AttemptKey("run", "unheard-of", "", 1)) is None
    launch = bench.launch()
    executor.start([launch])
    bench.seen.started(launch.key)
    path = executor.log_path(launch.key)
    bench.finish(launch.key)
    bench.seen.ended(launch.key)
    executor.forget(launch.key)
    executor.forget(launch.key)
    executor.close(kill=True)
    assert path is not None
    assert path.read_bytes() == b"hello\n"
    assert executor.log_path(launch.key) == path


def test_close_with_kill_ends_everything_and_nothing_is_told_after(bench: Bench) -> None:
    executor = bench.executor()
    launches = [bench.launch(f"step-{number}") for number in range(3)]
    executor.start(launches)
    for launch in launches:
        bench.seen.started(launch.key)
    executor.close(kill=True)
    told = len(bench.seen.all)
    assert [kinds(bench, launch.key) for launch in launches] == [[Started, Ended]] * 3
    executor.stop(Stop(launches[0].key, 0))
    assert len(bench.seen.all) == told


@pytest.mark.parametrize(
    ("code", "ran"),
    [(0, [(1, 0), (2, 0), (4, 0)]), (6, [(1, 6), (3, 0), (4, 0)])],
)
def test_parts_run_if_those_before_them_ended_as_they_want(bench: Bench, code: int, ran: list[tuple[int, int]]) -> None:
    executor = bench.executor()
    launch = bench.parted("parts", (False, True), (True, False), (True, False), (False, True), (True, True))
    executor.start([launch])
    bench.seen.started(launch.key)
    bench.finish(launch.key, code)
    ended = bench.seen.ended(launch.key)
    executor.close(kill=True)
    assert (ended.exit_code, ended.cause) == (code, None)
    assert [(record.index, record.exit_code) for record in ended.parts] == ran
    assert all(record.started_at <= (record.ended_at or 0) for record in ended.parts)
    seen = next(o for o in bench.seen.all if isinstance(o, PartsSeen))
    assert (seen.parts[0].index, seen.parts[0].ended_at) == (1, None)


def test_silence_is_told_once_and_ends_nothing(bench: Bench) -> None:
    executor = bench.executor()
    launch, patient = bench.launch(quiet_timeout=200), bench.launch("patient", quiet_timeout=3_600_000)
    executor.start([launch, patient])
    bench.seen.started(launch.key)
    bench.seen.started(patient.key)
    bench.be_silent(launch.key)
    wait_until(lambda: any(isinstance(o, Quiet) for o in bench.seen.all))
    bench.finish(launch.key, 3)
    ended = bench.seen.ended(launch.key)
    executor.close(kill=True)
    assert ended.exit_code == 3
    quiet = [o for o in bench.seen.all if isinstance(o, Quiet)]
    assert [o.key for o in quiet] == [launch.key]
    assert quiet[0].at <= ended.at


def test_what_was_adopted_is_listened_to(bench: Bench) -> None:
    first = bench.executor()
    launch = bench.launch(quiet_timeout=200)
    first.start([launch])
    handle = bench.seen.started(launch.key).handle
    first.close(kill=False)
    second = bench.executor()
    second.adopt({launch.key: handle})
    bench.be_silent(launch.key)
    wait_until(lambda: any(isinstance(o, Quiet) for o in bench.seen.all))
    bench.finish(launch.key)
    bench.seen.ended(launch.key)
    second.close(kill=True)
