"""How attempts of the docker runner end: each way by making it happen on a real engine."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from tests.executors.conftest import Docker, Seen, wait_until

from windlass.executors.attempt_folder.end import END
from windlass.executors.docker.container import container_name
from windlass.executors.docker.executor import DockerExecutor
from windlass.executors.docker.records import CONTAINER
from windlass.runs.model import AttemptKey, Ended, Launch, Stop

if TYPE_CHECKING:
    from pathlib import Path

WAITING = "echo begun; until [ -e /tmp/go ]; do sleep 0.02; done; echo done"


def begun(docker: Docker, script: str = WAITING) -> tuple[DockerExecutor, Launch]:
    """A started attempt whose first line is in its log."""
    executor = docker.executor()
    launch = docker.launch(script)
    executor.start([launch])
    docker.seen.started(launch.key)
    wait_until(lambda: b"begun" in docker.log())
    return executor, launch


def test_no_engine_is_told_at_once(tmp_path: Path, run_id: str) -> None:
    seen, key = Seen(), AttemptKey(run_id, "step", "", 1)
    executor = DockerExecutor(tmp_path, seen, environment={"DOCKER_HOST": f"unix://{tmp_path}/nobody"}, patience=3600)
    executor.start([Launch(key, "docker", ("true",), {}, image="any")])
    ended = seen.ended(key)
    executor.close(kill=True)
    assert (ended.exit_code, ended.cause) == (None, "runner-unavailable")
    assert f"unix://{tmp_path}/nobody does not answer" in (ended.message or "")


def test_a_wrong_address_is_told_at_once(tmp_path: Path, run_id: str) -> None:
    seen, key = Seen(), AttemptKey(run_id, "step", "", 1)
    executor = DockerExecutor(tmp_path, seen, environment={"DOCKER_HOST": "ssh://somewhere"})
    executor.start([Launch(key, "docker", ("true",), {}, image="any")])
    ended = seen.ended(key)
    executor.close(kill=True)
    assert ended.cause == "runner-unavailable"
    assert "DOCKER_HOST 'ssh://somewhere' is no address" in (ended.message or "")


def test_an_image_that_cannot_be_pulled(docker: Docker) -> None:
    ended = docker.end("true", image="127.0.0.1:1/none:2")
    assert (ended.exit_code, ended.cause) == (None, "registry-unavailable")
    assert "127.0.0.1:1" in (ended.message or "")
    assert docker.log().startswith(b"windlass: pulling the image 127.0.0.1:1/none:2\n")


def test_no_image(docker: Docker) -> None:
    ended = docker.end("true", image=None)
    assert (ended.cause, ended.message) == ("start-failed", "a step on the docker runner needs an image")


def test_a_program_that_the_image_lacks(docker: Docker) -> None:
    ended = docker.end(None, argv=("no-such-program",))
    assert (ended.exit_code, ended.cause) == (None, "start-failed")
    assert "no-such-program" in (ended.message or "")


def test_a_working_directory_outside(docker: Docker) -> None:
    ended = docker.end("true", working_directory="../../etc")
    assert ended.cause == "start-failed"
    assert "leaves the attempt's folder" in (ended.message or "")


def test_memory_that_runs_out(docker: Docker) -> None:
    executor, launch = begun(docker, f"{WAITING}; head -c 200000000 /dev/zero | tail -c 150000000 >/dev/null")
    limit = 6 * 1024 * 1024
    body = {"Memory": limit, "MemorySwap": limit}
    docker.dockerd.engine.json("POST", f"/containers/{docker.container()}/update", body)
    docker.dockerd.put(docker.container(), "/tmp/go", b"")
    ended = docker.seen.ended(launch.key)
    executor.close(kill=True)
    assert (ended.exit_code, ended.cause) == (137, "oom-killed")


@pytest.mark.parametrize("signal", ["KILL", "TERM"])
def test_a_container_that_somebody_kills(docker: Docker, signal: str) -> None:
    executor, launch = begun(docker)
    docker.dockerd.engine.json("POST", f"/containers/{docker.container()}/kill", signal=signal)
    ended = docker.seen.ended(launch.key)
    executor.close(kill=True)
    number = {"KILL": 9, "TERM": 15}[signal]
    assert (ended.exit_code, ended.cause) == (128 + number, "container-killed")
    assert f"signal {number}" in (ended.message or "")


def test_a_program_that_a_signal_ends(docker: Docker) -> None:
    """Its own, or one that the engine does not know of: what its exit code says is all there is."""
    ended = docker.end("echo begun; kill -9 $$")
    assert (ended.exit_code, ended.cause) == (137, None)


def test_a_container_that_somebody_removes(docker: Docker) -> None:
    executor, launch = begun(docker)
    docker.dockerd.engine.json("DELETE", f"/containers/{docker.container()}", force="1")
    ended = docker.seen.ended(launch.key)
    executor.close(kill=True)
    assert (ended.exit_code, ended.cause) == (None, "lost")


def test_a_name_that_is_taken_stays_with_whom_it_belongs_to(docker: Docker) -> None:
    launch = docker.launch("true")
    name = container_name(launch.key)
    docker.dockerd.engine.json("POST", "/containers/create", {"Image": launch.image, "Cmd": ["true"]}, name=name)
    executor = docker.executor()
    executor.start([launch])
    ended = docker.seen.ended(launch.key)
    executor.close(kill=True)
    assert ended.cause == "name-taken"
    assert name in docker.dockerd.containers()
    docker.dockerd.engine.json("DELETE", f"/containers/{name}")


@pytest.mark.parametrize("comes_back", [True, False])
def test_an_engine_that_is_killed_in_the_middle(docker: Docker, comes_back: bool) -> None:
    executor = docker.executor(patience=600 if comes_back else 0.5)
    launch = docker.launch(WAITING)
    executor.start([launch])
    docker.seen.started(launch.key)
    docker.dockerd.kill()
    if comes_back:
        docker.dockerd.start()
    ended = docker.seen.ended(launch.key)
    if not comes_back:
        docker.dockerd.start()
    executor.close(kill=True)
    executor.forget(launch.key)
    assert (ended.exit_code, ended.cause) == (None, "runner-lost")


def test_a_program_that_ignores_TERM_is_killed_after_the_grace(docker: Docker) -> None:
    executor, launch = begun(docker, f"trap '' TERM; {WAITING}")
    executor.stop(Stop(launch.key, 300))
    ended = docker.seen.ended(launch.key)
    executor.close(kill=True)
    assert (ended.exit_code, ended.cause) == (137, None)


def test_a_program_may_clean_up_after_TERM(docker: Docker) -> None:
    executor, launch = begun(docker, f"trap 'echo cleaned; exit 9' TERM; {WAITING}")
    executor.stop(Stop(launch.key, 20_000))
    ended = docker.seen.ended(launch.key)
    executor.close(kill=True)
    assert ended.exit_code == 9
    lines = [line for line in docker.log().splitlines() if line != b"Terminated"]  # what the shell says of its child
    assert lines == [b"begun", b"cleaned"]


def test_a_stop_does_not_wait_for_a_place(docker: Docker) -> None:
    executor = docker.executor(parallel=1)
    first, second = docker.launch(WAITING, "first"), docker.launch(WAITING, "second")
    executor.start([first, second])
    docker.seen.started(first.key)
    executor.stop(Stop(second.key, 20_000))
    ended = docker.seen.ended(second.key)
    assert (ended.exit_code, ended.cause, ended.message) == (None, None, "stopped before it started")
    executor.close(kill=True)
    assert docker.dockerd.containers() == []


def test_what_ended_unseen_is_told_by_the_next_controller(docker: Docker) -> None:
    """The end is on disk and the container gone: killed before anybody heard of it."""
    held = threading.Event()

    def deaf(observation: object) -> None:
        if isinstance(observation, Ended):
            held.set()

    executor = docker.made(deaf)
    launch = docker.launch('echo tag=1 >> "$WINDLASS_OUTPUT"; exit 7')
    executor.start([launch])
    assert held.wait(60)
    executor.close(kill=False)
    folder = executor.working_directory(launch.key).parent
    assert sorted(path.name for path in folder.iterdir()) == [END]
    second = docker.executor()
    second.adopt({launch.key: {"container": "gone"}})
    ended = docker.seen.ended(launch.key)
    second.close(kill=True)
    assert (ended.exit_code, ended.outputs) == (7, b"tag=1\n")


def test_a_container_that_was_never_started_is_lost_and_goes(docker: Docker) -> None:
    """Killed between the container and its start."""
    executor, launch = begun(docker)
    folder = executor.working_directory(launch.key).parent
    record = (folder / CONTAINER).read_bytes()
    executor.close(kill=True)
    (folder / END).unlink()
    (folder / CONTAINER).write_bytes(record)
    body = docker.dockerd_body(launch)
    docker.dockerd.engine.json("POST", "/containers/create", body, name=docker.container())
    second = docker.executor()
    second.adopt({launch.key: None})
    ended = docker.seen.ended(launch.key)
    second.close(kill=True)
    assert ended.cause == "lost"
    assert docker.dockerd.times_started(docker.container()) == 1
