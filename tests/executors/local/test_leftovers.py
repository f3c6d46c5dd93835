"""No process is left: daemons, double forks, deaf programs (docs: Running; catalogue: P02, L05).

The fixture `local` asserts after each test that no process with its mark exists.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from windlass.runs.model import Ended, Started, Stop

if TYPE_CHECKING:
    from tests.executors.conftest import Local

DAEMON = "setsid sleep 1000 > /dev/null 2>&1 &"
DOUBLE_FORK = """python3 -c '
import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.write(1, b"ready\\n")
        for fd in (0, 1, 2): os.close(fd)
        time.sleep(1000)
    os._exit(0)
'"""


DRAINING = 1900  # milliseconds: a little less than leftovers are given
LAST_WORD = 'date +%s%3N > "$WINDLASS_OUTPUT"'


def since_its_last_word(ended: Ended) -> int:
    """Milliseconds between the program's own end and the one that is told: what came before them does not count."""
    return ended.at - int(ended.outputs)


def test_a_plain_end_is_told_at_once(local: Local) -> None:
    assert since_its_last_word(local.end(LAST_WORD)) < DRAINING  # no draining of what is not there


@pytest.mark.parametrize("script", [DAEMON, DOUBLE_FORK, f"nohup sh -c '{DAEMON} sleep 1000' >/dev/null 2>&1 &"])
def test_what_a_finished_program_leaves_silent_is_ended_at_once(local: Local, script: str) -> None:
    ended = local.end(f"{script}\n{LAST_WORD}\nexit 4")
    assert ended.exit_code == 4
    assert not local.programs()
    assert since_its_last_word(ended) < DRAINING  # nothing to drain: its output is closed


def test_what_a_finished_program_leaves_talking_is_drained_two_seconds(local: Local) -> None:
    ended = local.end(f"(sleep 0.3; echo late; sleep 1000) &\n{LAST_WORD}\nexit 4")
    assert ended.exit_code == 4
    assert local.log() == b"late\n"
    assert since_its_last_word(ended) > DRAINING
    assert not local.programs()


def test_leftovers_that_end_by_themselves_are_not_cut_short(local: Local) -> None:
    ended = local.end(f"(sleep 0.2; echo done) &\n{LAST_WORD}")
    assert local.log() == b"done\n"
    assert since_its_last_word(ended) < DRAINING


def test_a_stop_is_a_term_that_may_be_handled(local: Local) -> None:
    executor = local.executor()
    script = "trap 'sh -c \"echo cleaned\"; exit 5' TERM; echo ready; while :; do sleep 0.05; done"
    launch = local.launch(script, argv=("sh", "{script}"))
    executor.start([launch])
    _until_log(local, b"ready\n")
    executor.stop(Stop(launch.key, 5000))
    assert local.seen.ended(launch.key).exit_code == 5
    assert local.log().endswith(b"cleaned\n")  # the shell may note that its sleep was terminated


@pytest.mark.parametrize(
    "script",
    ["trap '' TERM; echo ready; while :; do sleep 0.05; done", f"{DOUBLE_FORK} & sleep 1000"],
)
def test_the_deaf_are_killed_after_the_grace(local: Local, script: str) -> None:
    executor = local.executor()
    launch = local.launch(script)
    executor.start([launch])
    _until_log(local, b"ready\n")
    began = time.monotonic()
    executor.stop(Stop(launch.key, 300))
    ended = local.seen.ended(launch.key)
    assert ended.exit_code in {137, 143}
    assert time.monotonic() - began > 0.25
    assert not local.programs()


def test_a_second_stop_shortens_the_grace(local: Local) -> None:
    executor = local.executor()
    launch = local.launch("trap '' TERM; echo ready; while :; do sleep 0.05; done")
    executor.start([launch])
    _until_log(local, b"ready\n")
    executor.stop(Stop(launch.key, 3_600_000))
    executor.stop(Stop(launch.key, 0))
    assert local.seen.ended(launch.key).exit_code == 137


def test_a_suspended_program_can_be_stopped(local: Local) -> None:
    executor = local.executor()
    launch = local.launch("trap 'exit 6' TERM; echo ready; kill -STOP $$; sleep 1000")
    executor.start([launch])
    _until_log(local, b"ready\n")
    executor.stop(Stop(launch.key, 10_000))
    assert local.seen.ended(launch.key).exit_code == 6


RACERS = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
end = time.monotonic() + 120
for _ in range(30):
    if os.fork() == 0:
        while time.monotonic() < end:
            if os.fork():
                os._exit(0)
        os._exit(0)
print("ready", flush=True)
time.sleep(120)
"""


def test_p02_processes_that_fork_faster_than_one_looks_are_ended(local: Local) -> None:
    executor = local.executor()
    launch = local.launch(RACERS, argv=("python3", "{script}"))
    executor.start([launch])
    _until_log(local, b"ready\n")
    executor.stop(Stop(launch.key, 100))
    assert local.seen.ended(launch.key).exit_code == 137
    assert not local.programs()


def test_a_stop_before_the_program_runs_prevents_it(local: Local) -> None:
    """Whoever wins the gate decides: either it never ran, or it was started and stopped."""
    executor = local.executor()
    launches = [local.launch("touch ran; sleep 1000", f"step-{n}") for n in range(20)]
    executor.start(launches)
    for launch in launches:
        executor.stop(Stop(launch.key, 0))
    for launch in launches:
        ended = local.seen.ended(launch.key)
        if ended.exit_code is None:
            assert [type(o) for o in local.seen.of(launch.key)] == [Ended]
            assert not (executor.working_directory(launch.key) / "ran").exists()
        else:
            assert [type(o) for o in local.seen.of(launch.key)] == [Started, Ended]


def _until_log(local: Local, text: bytes) -> None:
    path = local.executors[-1].log_path(local.key())
    assert path is not None
    deadline = time.monotonic() + 60
    while not path.exists() or text not in path.read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.005)
