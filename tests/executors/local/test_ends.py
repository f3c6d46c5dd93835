"""How attempts end: exit codes, signals, programs that cannot start (catalogue: P04, P05), and waiting in line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from windlass.executors.local import channel
from windlass.runs.model import Ended, LaunchPart, Started, Stop

if TYPE_CHECKING:
    from pathlib import Path

    from tests.executors.conftest import Local

    from windlass.runs.model import Observation


@pytest.mark.parametrize(
    ("script", "code", "message"),
    [
        ("exit 0", 0, None),
        ("exit 255", 255, None),
        ("exit 256", 0, None),
        ("kill -KILL $$", 137, "ended by SIGKILL"),
        ("kill -SEGV $$", 139, "ended by SIGSEGV"),
        ("kill -34 $$", 162, "ended by SIGRTMIN"),
        ("kill -40 $$", 168, "ended by signal 40"),
    ],
)
def test_p05_a_signal_is_128_and_its_number(local: Local, script: str, code: int, message: str | None) -> None:
    ended = local.end(script)
    assert (ended.exit_code, ended.cause, ended.message) == (code, None, message)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"argv": ("no-such-program", "{script}")}, "no-such-program: no such program in PATH"),
        ({"argv": ("./missing",)}, "cannot start ./missing: No such file or directory"),
        ({"argv": ("{script}",), "script": "#!/no/such/interpreter\n"}, "interpreter its first line names"),
        ({"argv": ("{script}",), "script": "echo no first line\n"}, "nor a script with a #! line"),
        ({"argv": ("sh", "x" * 200_000)}, "arguments and environment are too long"),
        ({"env": {"A": "null \0 byte"}}, "embedded null byte"),
        ({"working_directory": "not/there"}, "cannot enter the working directory 'not/there'"),
        ({"working_directory": "../.."}, "leaves the attempt's folder"),
        ({"env": {"PATH": ""}}, "no such program in PATH (which is empty)"),
    ],
)
def test_p04_what_cannot_start_says_why(local: Local, fields: dict[str, object], said: str) -> None:
    script = str(fields.pop("script", "true"))
    ended = local.end(script, **fields)
    assert (ended.exit_code, ended.cause) == (None, "start-failed")
    assert said in str(ended.message)
    assert [type(o) for o in local.seen.of(local.key())] == [Ended]


def test_p04_a_script_needs_no_limit_of_a_datagram(local: Local) -> None:
    comment = "# " + "x" * 1000 + "\n"
    assert local.end(comment * 10_000 + "exit 7").exit_code == 7


def test_large_outputs_are_handed_over_whole(local: Local) -> None:
    size = channel.LIMIT * 3
    ended = local.end(f"head -c {size} /dev/zero > $WINDLASS_OUTPUT", output_limit=size + 10)
    assert ended.outputs == bytes(size)


@pytest.mark.parametrize(
    "script",
    ["true", "mkdir $WINDLASS_OUTPUT", "mkfifo $WINDLASS_OUTPUT", "ln -s /etc/passwd $WINDLASS_OUTPUT"],
)
def test_an_output_file_that_is_none_is_empty(local: Local, script: str) -> None:
    ended = local.end(f"rm $WINDLASS_OUTPUT; {script}")
    assert (ended.exit_code, ended.outputs) == (0, b"")


def test_a_log_that_cannot_be_written_is_no_start(local: Local) -> None:
    (local.data / "logs").mkdir(parents=True)
    (local.data / "logs" / local.run).write_text("a file in the way")
    ended = local.end("true")
    assert ended.cause == "start-failed"
    assert "cannot write the log" in str(ended.message)


def test_a_folder_that_cannot_be_made_is_no_start(local: Local) -> None:
    local.data.mkdir()
    (local.data / "attempts").write_text("a file in the way")
    ended = local.end("true")
    assert ended.cause == "start-failed"
    assert "cannot make its folder" in str(ended.message)


def test_more_than_may_run_wait_in_line_and_can_be_stopped_there(local: Local, tmp_path: Path) -> None:
    executor = local.executor(parallel=2)
    gate = tmp_path / "gate"
    launches = [local.launch(f"while ! [ -e {gate} ]; do sleep 0.01; done", f"step-{n}") for n in range(5)]
    executor.start(launches)
    for launch in launches[:2]:
        local.seen.started(launch.key)
    executor.stop(Stop(launches[3].key, 0))
    stopped = local.seen.ended(launches[3].key)
    assert (stopped.exit_code, stopped.cause, stopped.message) == (None, None, "stopped before it started")
    assert sum(isinstance(o, Started) for o in local.seen.all) == 2
    gate.touch()
    for launch in [*launches[:3], launches[4]]:
        assert local.seen.ended(launch.key).exit_code == 0


def test_many_at_once_all_end(local: Local) -> None:
    """Wardens are used again: nothing of one attempt reaches the next."""
    executor = local.executor(parallel=16)
    launches = [local.launch(f"exit {n % 7}", f"step-{n}") for n in range(150)]
    executor.start(launches)
    assert [local.seen.ended(launch.key).exit_code for launch in launches] == [n % 7 for n in range(150)]


def test_an_observation_that_cannot_be_taken_harms_no_other(local: Local) -> None:
    executor = local.executor()
    told = local.seen

    def sink(observation: Observation) -> None:
        if observation.key.path == "first":  # type: ignore[union-attr]
            raise RuntimeError("cannot take it")
        told(observation)

    executor._sink = sink
    executor.start([local.launch("true", "first"), local.launch("true", "second")])
    assert told.ended(local.key("second")).exit_code == 0
    executor.start([local.launch("exit 3", "third")])
    assert told.ended(local.key("third")).exit_code == 3
    executor.close(kill=True)


@pytest.mark.parametrize("line", ["exit nothing", "over 7 0 1 - -", "over", "warden", "part x"])
def test_what_a_program_writes_into_its_journal_is_not_read(local: Local, line: str) -> None:
    part = LaunchPart("echo 'LINE' >> ../journal; exit 4".replace("LINE", line), "script", ("sh", "-e", "{script}"))
    assert local.end(None, parts=(part,)).exit_code == 4
