"""Parts as processes: one after another in one directory, with $WINDLASS_ENV between them, whatever they do."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from tests.executors.conftest import wait_until

from windlass.runs.model import Ended, LaunchPart, PartsSeen, Started, Stop

if TYPE_CHECKING:
    from tests.executors.conftest import Local

    from windlass.runs.model import Launch, PartRecord


def part(script: str, number: int = 1, **fields: Any) -> LaunchPart:
    values: dict[str, Any] = {"argv": ("sh", "-e", "{script}"), **fields}
    return LaunchPart(script=script, script_name=f"{number}-script.sh", **values)


def parted(local: Local, *scripts: str | LaunchPart, **fields: Any) -> Launch:
    parts = tuple(part(s, n) if isinstance(s, str) else s for n, s in enumerate(scripts, 1))
    return local.launch(None, argv=(), parts=parts, **fields)


def end(local: Local, *scripts: str | LaunchPart, **fields: Any) -> Ended:
    launch = parted(local, *scripts, **fields)
    executor = local.executor()
    executor.start([launch])
    ended = local.seen.ended(launch.key)
    executor.close(kill=True)
    return ended


def codes(records: tuple[PartRecord, ...]) -> dict[int, tuple[int | None, str | None]]:
    return {record.index: (record.exit_code, record.cause) for record in records}


ALWAYS = {"on_failure": True}
CLEANUP = {"on_success": False, "on_failure": True}


def test_one_after_another_in_one_directory_with_a_section_each(local: Local) -> None:
    ended = end(local, "echo one; pwd > where; cd /", 'echo two; test "$(pwd)" = "$(cat where)"', "echo three")
    assert (ended.exit_code, codes(ended.parts)) == (0, {0: (0, None), 1: (0, None), 2: (0, None)})
    assert local.log() == b"one\ntwo\nthree\n"
    assert [record.offset for record in ended.parts] == [0, 4, 8]
    times = [(record.started_at, record.ended_at) for record in ended.parts]
    assert all(a <= b for a, b in times if b is not None)  # type: ignore[operator]
    assert times == sorted(times)  # type: ignore[type-var]


def test_after_a_failure_only_those_run_that_want_to(local: Local) -> None:
    scripts = ("true", "exit 7", "echo no", part("exit 9", 4, **ALWAYS), part("echo yes", 5, **CLEANUP))
    ended = end(local, *scripts)
    assert (ended.exit_code, ended.cause) == (7, None)
    assert codes(ended.parts) == {0: (0, None), 1: (7, None), 3: (9, None), 4: (0, None)}
    assert local.log() == b"yes\n"


def test_parts_that_are_not_to_run_leave_nothing(local: Local) -> None:
    ended = end(local, part("echo never", 1, **CLEANUP), part("echo never", 2, on_success=False))
    assert (ended.exit_code, ended.parts, local.log()) == (0, (), b"")
    assert [type(o) for o in local.seen.of(local.key())] == [Started, Ended]


def test_variables_reach_the_parts_after_the_one_that_wrote_them(local: Local) -> None:
    write = """
    printf 'A=env=1\\nLINES<<END\\nx\\ny\\nEND\\n{"N": 3, "L": [1, "ü"], "T": true, "GONE": null}\\n' >> "$WINDLASS_ENV"
    printf 'B=env\\nC=env\\n' >> "$WINDLASS_ENV"
    """
    show = 'echo "$A|$LINES|$N|$L|$T|${GONE-unset}|$B|$C|${D-unset}|$(wc -c < "$WINDLASS_ENV" | tr -d " ")"'
    read = part(show, 2, env={"B": "part"}, unset=("D",))
    ended = end(local, write, read, 'echo "$A|$B|$D"; echo A= >> "$WINDLASS_ENV"', 'echo "<$A>"',
                env={"A": "step", "B": "step", "D": "step", "GONE": "step"})  # fmt: skip
    assert ended.exit_code == 0
    assert local.log().decode() == 'env=1|x\ny|3|[1,"ü"]|true|unset|part|env|unset|0\nenv=1|env|step\n<>\n'


def test_variables_of_a_part_that_failed_count(local: Local) -> None:
    ended = end(local, 'echo A=1 >> "$WINDLASS_ENV"; exit 2', part('echo "$A"', 2, **ALWAYS))
    assert (ended.exit_code, local.log()) == (2, b"1\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nothing", "line 1 of $WINDLASS_ENV: neither name=value, name<<WORD nor a JSON object"),
        ("\\nA<<END\\nx", "line 2 of $WINDLASS_ENV: the block is not closed by a line END"),
        ("{bad", "line 1 of $WINDLASS_ENV: Expecting property name"),
        ("WINDLASS_STEP=x", "names that begin with WINDLASS_ cannot be set"),
        ("A-B=x", "'A-B' is no name of a variable"),
        ('{\\"A\\": \\"\\\\u0000\\"}', "the value of A holds a character that no variable can hold"),
        ('{\\"A\\": \\"\\\\ud800\\"}', "the value of A holds a character that no variable can hold"),
        ("A=\\377", "not UTF-8 (byte 2)"),
    ],
)
def test_what_cannot_be_taken_is_an_error_of_the_part_that_wrote_it(local: Local, line: str, said: str) -> None:
    ended = end(local, f'printf "{line}" >> "$WINDLASS_ENV"', "echo no", part("echo tidy", 3, **ALWAYS))
    assert (ended.exit_code, ended.cause) == (0, "env-invalid")
    assert said in str(ended.message)
    assert codes(ended.parts) == {0: (0, "env-invalid"), 2: (0, None)}
    assert local.log() == b"tidy\n"


def test_a_failure_is_not_hidden_by_a_malformed_file(local: Local) -> None:
    ended = end(local, 'echo nothing >> "$WINDLASS_ENV"; exit 3', "echo no")
    assert (ended.exit_code, ended.cause) == (3, None)


@pytest.mark.parametrize("trick", ["rm", "ln -sf /etc/passwd", "rm; mkdir", "rm; mkfifo", "chmod 0"])
def test_a_file_that_was_replaced_has_nothing_to_say(local: Local, trick: str) -> None:
    ended = end(local, "; ".join(f'{word} "$WINDLASS_ENV"' for word in trick.split("; ")), "echo on")
    assert (ended.exit_code, local.log()) == (0, b"on\n")


def test_outputs_of_all_parts_count_together(local: Local) -> None:
    ended = end(local, 'echo a=1 >> "$WINDLASS_OUTPUT"', 'echo b=2 >> "$WINDLASS_OUTPUT"')
    assert ended.outputs == b"a=1\nb=2\n"


def test_a_single_script_finds_the_file_too(local: Local) -> None:
    ended = local.end('test -f "$WINDLASS_ENV"; test ! -s "$WINDLASS_ENV"; echo nonsense >> "$WINDLASS_ENV"')
    assert (ended.exit_code, ended.cause, ended.parts) == (0, None, ())


def test_a_program_that_is_missing_is_an_error_of_its_part(local: Local) -> None:
    missing = part("x", 2, argv=("no-such-program", "{script}"))
    ended = end(local, "true", missing, "echo no", part("echo tidy", 4, **ALWAYS))
    assert (ended.exit_code, ended.cause) == (None, "start-failed")
    assert "no-such-program: no such program" in str(ended.message)
    assert codes(ended.parts) == {0: (0, None), 1: (None, "start-failed"), 3: (0, None)}
    assert local.log() == b"tidy\n"


def test_what_a_part_leaves_running_serves_the_parts_after_it_and_goes_with_the_last(local: Local) -> None:
    serve = 'mkfifo ask answer; (while read -r line < ask; do echo "got $line" > answer; done) & echo $! > pid'
    ended = end(local, serve, 'echo hello > ask; read -r line < answer; echo "$line"', "kill -0 $(cat pid)")
    assert (ended.exit_code, local.log()) == (0, b"got hello\n")
    assert not local.programs()


def test_output_belongs_to_the_part_that_runs(local: Local) -> None:
    """Also what is still in the pipe when its program ends."""
    ended = end(local, "head -c 60000 /dev/zero", "echo two")
    assert [record.offset for record in ended.parts] == [0, 60_000]


def test_a_timeout_ends_one_part_and_what_it_made(local: Local) -> None:
    before = "sleep 1000 & echo $! > before"
    late = "trap '' TERM; sh -c \"trap '' TERM; sleep 1000\" & echo $! > late; setsid sleep 1000 & wait"
    check = "kill -0 $(cat before); ! kill -0 $(cat late) 2>/dev/null; echo checked"
    scripts = (before, part(late, 2, timeout=3000), "echo no", part(check, 4, **ALWAYS))
    ended = end(local, *scripts, kill_after=200)
    assert (ended.exit_code, ended.cause) == (137, "timeout")
    assert codes(ended.parts)[1] == (137, "timeout")
    assert local.log() == b"checked\n"


def test_a_timeout_of_the_last_part(local: Local) -> None:
    ended = end(local, "true", part("echo begun; sleep 1000", 2, timeout=3000))
    assert (ended.exit_code, ended.cause, local.log()) == (143, "timeout", b"begun\n")


def test_a_part_within_its_timeout_is_left_alone(local: Local) -> None:
    ended = end(local, part("sleep 0.2", 1, timeout=60_000), "echo two")
    assert (ended.exit_code, ended.cause, local.log()) == (0, None, b"two\n")


def test_after_a_stop_no_part_begins(local: Local) -> None:
    launch = parted(local, "true", "touch began; sleep 1000", part("echo tidy", 3, **ALWAYS))
    executor = local.executor()
    executor.start([launch])
    wait_until((local.work() / "began").exists)
    executor.stop(Stop(launch.key, 5000))
    ended = local.seen.ended(launch.key)
    executor.close(kill=True)
    assert ended.exit_code == 143
    assert [(record.index, record.ended_at is None) for record in ended.parts] == [(0, False), (1, True)]
    assert local.log() == b""


def test_parts_are_told_as_they_begin(local: Local) -> None:
    launch = parted(local, "true", "touch began; sleep 1000")
    executor = local.executor()
    executor.start([launch])

    def seen() -> list[int]:
        told = [o for o in local.seen.all if isinstance(o, PartsSeen)]
        return [record.index for record in told[-1].parts] if told else []

    wait_until(lambda: seen() == [0, 1])
    assert isinstance(local.seen.all[0], Started)
    executor.close(kill=True)


def test_the_parts_go_on_without_a_controller(local: Local) -> None:
    """The warden needs nobody for the next part; the next controller learns of all of them."""
    launch = parted(local, "touch began; while ! test -e go; do sleep 0.01; done; echo A=1 >> $WINDLASS_ENV; echo one",
                    'echo "two $A"; while ! test -e again; do sleep 0.01; done', "exit 5")  # fmt: skip
    first = local.executor()
    first.start([launch])
    handle = local.seen.started(launch.key).handle
    wait_until((local.work() / "began").exists)
    first.close(kill=False)
    (local.work() / "go").touch()
    wait_until(lambda: b"two" in local.log())
    second = local.executor()
    second.adopt({launch.key: handle})
    wait_until(lambda: any(isinstance(o, PartsSeen) for o in local.seen.all))
    (local.work() / "again").touch()
    ended = local.seen.ended(launch.key)
    second.close(kill=True)
    assert (ended.exit_code, codes(ended.parts)) == (5, {0: (0, None), 1: (0, None), 2: (5, None)})
    assert local.log() == b"one\ntwo 1\n"


def test_an_end_that_nobody_heard_is_read_from_the_journal(local: Local) -> None:
    launch = parted(local, part("touch began; sleep 1000", 1, timeout=300), part("touch tidy", 2, **ALWAYS))
    first = local.executor()
    first.start([launch])
    handle = local.seen.started(launch.key).handle
    first.close(kill=False)
    journal = local.work().parent / "journal"
    wait_until(lambda: b"\nexit " in journal.read_bytes())
    second = local.executor()
    second.adopt({launch.key: handle})
    ended = local.seen.ended(launch.key)
    second.close(kill=True)
    assert (ended.exit_code, ended.cause) == (143, "timeout")
    assert codes(ended.parts) == {0: (143, "timeout"), 1: (0, None)}


def test_a_warden_that_is_killed_between_parts_loses_the_attempt(local: Local) -> None:
    launch = parted(local, "echo one", "touch began; sleep 1000", part("echo tidy", 3, **ALWAYS))
    executor = local.executor()
    executor.start([launch])
    wait_until((local.work() / "began").exists)
    warden = local.seen.started(launch.key).handle["pid"]
    os.kill(warden, signal.SIGKILL)
    ended = local.seen.ended(launch.key)
    executor.close(kill=True)
    assert ended.cause == "lost"
    assert codes(ended.parts) == {0: (0, None), 1: (None, None)}
    assert not local.programs()


def test_many_parts_fit(local: Local) -> None:
    comment = "# " + "x" * 5000 + "\n"
    ended = end(local, *(comment + f"echo {n}" for n in range(100)))
    assert (ended.exit_code, len(ended.parts)) == (0, 100)
    assert local.log().split() == [str(n).encode() for n in range(100)]
