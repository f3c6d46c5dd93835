"""kill -9 of the controller, a warden, the supervisor: adopted by proof, or lost, and never run twice (R2, R3)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
import pytest
from tests.executors.conftest import wait_until

from windlass.executors.local import journal
from windlass.executors.local.evidence import Unsettled, judge
from windlass.executors.local.link import Link
from windlass.executors.process_identity import boot_id, start_time
from windlass.runs.model import Ended, Started, Stop

if TYPE_CHECKING:
    from pathlib import Path

    from tests.executors.conftest import Local

CONTROLLER = """
import os, sys, threading
from pathlib import Path
from windlass.executors.local.executor import LocalExecutor
from windlass.executors.local.spawn import spawn_supervisor
from windlass.executors.local.link import Link
from windlass.runs.model import AttemptKey, Launch, Started

data, run, mode, script, step_count = sys.argv[1:]
started = threading.Semaphore(0)
supervisor = spawn_supervisor(foreground=mode == "foreground")
executor = LocalExecutor(Path(data), lambda o: started.release() if isinstance(o, Started) else None, supervisor)
executor.start([
    Launch(AttemptKey(run, f"step-{n}", "", 1), "local", ("sh", "{script}"), {}, script=script, kill_after=300)
    for n in range(int(step_count))
])
for _ in range(int(step_count)):
    started.acquire()
print(supervisor.pid, flush=True)
sys.stdin.read()
"""


def killed_controller(local: Local, mode: str, script: str, steps: int = 1) -> int:
    """A controller that was killed while its attempts ran; its supervisor's pid."""
    command = [sys.executable, "-c", CONTROLLER, str(local.data), local.run, mode, script, str(steps)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as controller:
        assert controller.stdout is not None
        supervisor = int(controller.stdout.readline())
        controller.kill()
    return supervisor


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_attempts_of_a_killed_controller_are_adopted(local: Local, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    script = f"echo started; while ! [ -e {gate} ]; do sleep 0.01; done; echo a=b >> $WINDLASS_OUTPUT; exit 7"
    supervisor = killed_controller(local, "adopt", script)
    executor = local.executor()
    key = local.key("step-0")
    executor.adopt({key: None})
    handle = local.seen.started(key).handle
    assert handle["bootId"] == boot_id()
    gate.touch()
    ended = local.seen.ended(key)
    assert (ended.exit_code, ended.outputs, ended.cause) == (7, b"a=b\n", None)
    assert local.log("step-0") == b"started\n"
    wait_until(lambda: gone(supervisor))


def test_an_end_nobody_heard_is_read_from_the_journal(local: Local, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    script = f"while ! [ -e {gate} ]; do sleep 0.01; done; echo a=b >> $WINDLASS_OUTPUT; exit 7"
    supervisor = killed_controller(local, "adopt", script)
    gate.touch()
    wait_until(lambda: gone(supervisor))
    executor = local.executor()
    executor.adopt({local.key("step-0"): {"pid": 1}})
    ended = local.seen.ended(local.key("step-0"))
    assert (ended.exit_code, ended.outputs, ended.cause) == (7, b"a=b\n", None)


def test_an_adopted_attempt_can_be_stopped_wherever_its_processes_moved(local: Local) -> None:
    killed_controller(local, "adopt", "setsid sh -c 'trap \"\" TERM; sleep 1000' & sleep 1000")
    executor = local.executor()
    key = local.key("step-0")
    executor.adopt({key: {}})
    executor.stop(Stop(key, 200))
    assert local.seen.ended(key).exit_code in {143, 137}
    assert not local.programs()


def test_in_foreground_nothing_outlives_the_controller(local: Local) -> None:
    supervisor = killed_controller(local, "foreground", "setsid sleep 1000 & trap '' TERM; sleep 1000", steps=3)
    wait_until(lambda: gone(supervisor))
    assert not local.programs()


def test_in_foreground_nothing_outlives_controller_and_supervisor(local: Local) -> None:
    command = [sys.executable, "-c", CONTROLLER, str(local.data), local.run, "foreground", "sleep 1000", "1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as controller:
        assert controller.stdout is not None
        supervisor = int(controller.stdout.readline())
        controller.send_signal(signal.SIGSTOP)  # it must not start another supervisor in between
        os.kill(supervisor, signal.SIGKILL)
        controller.kill()
    wait_until(lambda: not local.programs())


def test_a_killed_warden_is_a_lost_attempt_and_takes_its_processes_along(local: Local) -> None:
    executor = local.executor()
    launch = local.launch("setsid env -i sleep 1234567 & setsid sleep 1000 & echo ready; sleep 1000")
    executor.start([launch])
    warden = psutil.Process(local.seen.started(launch.key).handle["pid"])
    wait_until(lambda: len(warden.children(recursive=True)) >= 4)
    below = warden.children(recursive=True)
    warden.kill()
    ended = local.seen.ended(launch.key)
    assert (ended.cause, ended.exit_code) == ("lost", None)
    assert [process for process in below if not gone(process.pid)] == []


def test_a_warden_killed_while_no_controller_looked_is_lost_too(local: Local) -> None:
    killed_controller(local, "adopt", "setsid sleep 1000 & sleep 1000")
    (warden,) = local.wardens()
    warden.kill()
    executor = local.executor()
    executor.adopt({local.key("step-0"): {}})
    assert local.seen.ended(local.key("step-0")).cause == "lost"
    wait_until(lambda: not local.programs())


def test_when_supervisor_and_warden_die_what_carries_the_mark_is_ended(local: Local) -> None:
    supervisor = killed_controller(local, "adopt", "setsid sleep 1000 & sleep 1000")
    (warden,) = local.wardens()
    os.kill(supervisor, signal.SIGKILL)
    warden.kill()
    executor = local.executor()
    executor.adopt({local.key("step-0"): {}})
    assert local.seen.ended(local.key("step-0")).cause == "lost"
    assert not local.programs()


def test_a_killed_supervisor_is_replaced_and_its_attempts_are_watched(local: Local, tmp_path: Path) -> None:
    executor = local.executor()
    gate = tmp_path / "gate"
    script = f"while ! [ -e {gate} ]; do sleep 0.01; done; exit 7"
    first = local.launch(script, "first")
    executor.start([first])
    warden = psutil.Process(local.seen.started(first.key).handle["pid"])
    os.kill(warden.ppid(), signal.SIGKILL)
    second = local.launch("exit 8", "second")
    executor.start([second])
    ended = local.seen.ended(second.key)
    assert ended.exit_code == 8
    third = local.launch("exit 9", "third")
    executor.start([third])
    assert local.seen.ended(third.key).exit_code == 9
    gate.touch()
    assert local.seen.ended(first.key).exit_code == 7
    assert sum(isinstance(o, Started) for o in local.seen.of(first.key)) == 1


def test_ready_wardens_may_die_without_harm(local: Local) -> None:
    executor = local.executor()
    first = local.launch("exit 1", "first")
    executor.start([first])
    warden = local.seen.started(first.key).handle["pid"]
    local.seen.ended(first.key)
    supervisor = psutil.Process(executor.supervisor_pid)
    for process in supervisor.children():
        if process.pid != warden:
            with suppress(psutil.NoSuchProcess):
                process.kill()
    second = local.launch("exit 2", "second")
    executor.start([second])
    assert local.seen.ended(second.key).exit_code == 2


def test_a_launch_that_a_killed_warden_took_along_is_sent_again(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between reading a launch and saying so: too short a moment to hit, so here the datagram is dropped."""
    executor = local.executor()
    supervisor = psutil.Process(executor.supervisor_pid)
    wait_until(supervisor.children)
    monkeypatch.setattr(Link, "send", lambda _link, _data: True)
    launch = local.launch("exit 3")
    executor.start([launch])
    monkeypatch.undo()
    supervisor.children()[0].kill()
    assert local.seen.ended(launch.key).exit_code == 3


def test_a_launch_that_two_wardens_have_runs_once(local: Local, tmp_path: Path) -> None:
    executor = local.executor()
    real = Link.send

    def twice(link: Link, data: bytes) -> bool:
        return real(link, data) and real(link, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Link, "send", twice)
        launches = [local.launch(f"echo x >> {tmp_path}/ran-{n}; exit {n}", f"step-{n}") for n in range(20)]
        executor.start(launches)
        ended = [local.seen.ended(launch.key).exit_code for launch in launches]
    executor.close(kill=True)
    assert ended == list(range(20))
    assert {(tmp_path / f"ran-{n}").read_text() for n in range(20)} == {"x\n"}
    assert all([type(o) for o in local.seen.of(launch.key)] == [Started, Ended] for launch in launches)


def test_a_start_that_was_never_told_is_told_before_the_end(local: Local) -> None:
    """A warden tells both in one message; whoever reads the journal instead knows both as well."""
    launch = local.launch("exit 4")
    first = local.executor()
    first.start([launch])
    told = local.seen.ended(launch.key)
    first.close(kill=False)
    started = next(o for o in local.seen.of(launch.key) if isinstance(o, Started))
    local.seen.all.clear()
    local.executor().adopt({launch.key: None})
    assert local.seen.ended(launch.key).exit_code == told.exit_code == 4
    assert [o for o in local.seen.of(launch.key) if isinstance(o, Started)] == [started]


def test_an_adopter_that_wins_the_gate_prevents_the_start(local: Local) -> None:
    launch = local.launch("touch ran")
    first = local.executor()
    folder = first.working_directory(launch.key).parent
    assert judge(str(folder), boot_id()).cause == "lost"  # type: ignore[union-attr]
    first.start([launch])
    assert local.seen.ended(launch.key).cause == "lost"
    assert not (folder / "work").exists()


@pytest.mark.parametrize(
    ("lines", "cause", "code"),
    [
        (b"warden %d %d another-boot 4096\nchild 1 1\n", "lost", None),
        (b"warden 4194300 %d %s 4096\nchild 1 1\n", "lost", None),
        (b"warden %d 12 %s 4096\nchild 1 1\n", "lost", None),
        (b"warden %d 12 %s 4096\nchild 1 1\nexit 3 1700000000000\n", None, 3),
        (b"warden %d 12 %s 4096\nchild 1 1\nexit 3 17000", "lost", None),
        (b"warden %d 12 %s 4096\nfailed 1700000000000 no such program\n", "start-failed", None),
        (b"refused 1700000000000 no controller saw it start\n", "lost", None),
        (b"", "lost", None),
        (b"war", "lost", None),
    ],
)
def test_what_a_journal_proves(local: Local, lines: bytes, cause: str | None, code: int | None) -> None:
    """Pid, start time and boot id all have to fit; a line that was not finished proves nothing."""
    text = lines
    for value in (b"%d" % os.getpid(), b"%d" % (start_time(os.getpid()) or 0)):
        text = text.replace(b"%d", value, 1)
    text = text.replace(b"%s", boot_id().encode())
    executor = local.executor()
    folder = executor.working_directory(local.key()).parent
    folder.mkdir(parents=True)
    (folder / journal.NAME).write_bytes(text)
    executor.adopt({local.key(): None})
    ended = local.seen.ended(local.key())
    assert (ended.cause, ended.exit_code) == (cause, code)


def test_a_gate_that_was_won_this_instant_is_not_judged_yet(tmp_path: Path) -> None:
    (tmp_path / journal.NAME).touch()
    assert isinstance(judge(str(tmp_path), boot_id()), Unsettled)
