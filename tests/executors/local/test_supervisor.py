"""The supervisor: small, quick, quiet, and away from the terminal."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
from tests.executors.conftest import wait_until

if TYPE_CHECKING:
    from tests.executors.conftest import Local

LOADED = """
import sys
sys.path.append(sys.argv.pop())
before = set(sys.modules)
import windlass.executors.local.supervisor
print(*sorted(set(sys.modules) - before))
"""
OURS = ["channel", "descendants", "identity", "journal", "logfile", "prctl", "preparation", "supervisor", "warden"]
HEAVY = {"asyncio", "json", "logging", "pathlib", "re", "socket", "subprocess", "threading", "traceback", "typing"}


def test_it_imports_next_to_nothing() -> None:
    import windlass

    root = os.path.dirname(os.path.dirname(os.path.abspath(windlass.__file__)))
    command = [sys.executable, "-I", "-S", "-X", "frozen_modules", "-c", LOADED, root]
    loaded = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert not loaded & HEAVY
    assert {name for name in loaded if name.startswith("windlass.")} <= {
        "windlass.executors", "windlass.executors.local", *(f"windlass.executors.local.{name}" for name in OURS)
    }  # fmt: skip


def test_it_has_a_session_of_its_own_and_no_stream_of_ours(local: Local) -> None:
    pid = local.executor().supervisor_pid
    assert pid is not None
    wait_until(lambda: psutil.Process(pid).cmdline()[0] == "windlass: supervisor")
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
    executor = local.executor()
    pid = executor.supervisor_pid
    assert pid is not None
    executor.close(kill=True)
    assert not psutil.pid_exists(pid)
