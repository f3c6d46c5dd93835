"""The supervisor: small, quick, quiet, and away from the terminal."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
from tests.executors.conftest import wait_until
from tests.executors.local.test_crashes import gone

from windlass.executors.local.supervisor import KEEP
from windlass.executors.local.warden import STOP
from windlass.runs.model import Started, Stop

if TYPE_CHECKING:
    from tests.executors.conftest import Local

LOADED = """
import sys
sys.path.append(sys.argv.pop())
before = set(sys.modules)
import windlass.executors.local.supervisor
print(*sorted(set(sys.modules) - before))
"""
OURS = {"attempt_folder", "attempt_folder.env_file", "attempt_folder.log_file", "local", "now", "process_identity"} | {
    "local.board", "local.channel", "local.descendants", "local.journal", "local.limit", "local.parts", "local.prctl",
    "local.preparation", "local.scanned", "local.supervisor", "local.telling",
    "local.warden",
}  # fmt: skip
HEAVY = {"asyncio", "json", "logging", "pathlib", "re", "socket", "subprocess", "threading", "traceback", "typing"}


def test_it_imports_next_to_nothing() -> None:
    import windlass

    root = os.path.dirname(os.path.dirname(os.path.abspath(windlass.__file__)))
    command = [sys.executable, "-I", "-S", "-X", "frozen_modules", "-c", LOADED, root]
    loaded = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert not loaded & HEAVY
    ours = "windlass.executors."
    assert {name.removeprefix(ours) for name in loaded if name.startswith(ours)} == OURS


def test_it_has_a_session_of_its_own_and_no_stream_of_ours(local: Local) -> None:
    pid = local.executor().supervisor_pid
    assert pid is not None
    wait_until(lambda: psutil.Process(pid).cmdline()[:1] == ["windlass: supervisor"])
    assert os.getsid(pid) == pid
    assert {os.readlink(f"/proc/{pid}/fd/{number}") for number in range(3)} == {"/dev/null"}


def test_idle_it_does_not_wake_up(local: Local) -> None:
    executor = local.executor()
    launch = local.launch("sleep 1000")
    executor.start([launch])
    local.seen.started(launch.key)
    assert executor.supervisor_pid is not None
    processes = [psutil.Process(executor.supervisor_pid), *local.wardens()]

    def switches() -> list[int]:
        return [process.num_ctx_switches().voluntary for process in processes]

    def quiet() -> bool:
        before = switches()
        time.sleep(0.3)  # the span that is measured
        return switches() == before

    wait_until(quiet)


def test_it_goes_with_its_executor(local: Local) -> None:
    """Also when its wardens were quicker than it could look, and without being killed."""
    executor = local.executor()
    pid = executor.supervisor_pid
    assert pid is not None
    launches = [local.launch("true", f"step-{n}") for n in range(100)]
    executor.start(launches)
    for launch in launches:
        local.seen.ended(launch.key)
    executor.close(kill=False)
    wait_until(lambda: gone(pid))


def test_after_a_burst_few_wardens_stay(local: Local) -> None:
    executor = local.executor()
    gate = local.data.parent / "gate"
    launches = [local.launch(f"while ! [ -e {gate} ]; do sleep 0.05; done", f"step-{n}") for n in range(20)]
    executor.start(launches)
    for launch in launches:
        local.seen.started(launch.key)
    supervisor = psutil.Process(executor.supervisor_pid)
    assert len(supervisor.children()) >= 20
    gate.touch()
    for launch in launches:
        local.seen.ended(launch.key)
    wait_until(lambda: 2 <= len(supervisor.children()) <= KEEP + 2)


def test_a_stop_that_comes_too_late_does_not_hit_the_next_attempt(local: Local) -> None:
    """A warden takes attempt after attempt; the stop of an earlier one leaves no word in the later one's folder."""
    executor = local.executor()
    launch = local.launch("trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done")
    executor.start([launch])
    warden = local.seen.started(launch.key).handle["pid"]
    wait_until(lambda: b"ready" in local.log())
    os.kill(warden, STOP)
    for number in range(5):  # time enough for it to be heeded
        other = local.launch("true", f"other-{number}")
        executor.start([other])
        local.seen.ended(other.key)
    assert [type(told) for told in local.seen.of(launch.key)] == [Started]
    executor.stop(Stop(launch.key, 5000))
    assert local.seen.ended(launch.key).exit_code in {5, 143}
