"""What a program on the docker runner finds and leaves: variables, files, its log, its outputs; and no secret shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.canary import secret
from tests.executors.conftest import Docker, wait_until

from windlass.executors.docker.owner import owner_of
from windlass.executors.workspace.step_files import StepFiles
from windlass.runs.model import AttemptKey, Ended, Launch, LaunchFile, LaunchPart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.executors.workspace.pieces import Place

SECRET = secret("docker.surroundings")


def test_variables_inputs_and_the_working_directory(docker: Docker) -> None:
    script = 'pwd; ls -A; cat "$WINDLASS_INPUTS"; echo; echo "$A|$WINDLASS_STEP|${PATH:-none}"; ls -A "$PWD"'
    env = {"A": "two words\nand 'lines'", "WINDLASS_STEP": "step"}
    ended = docker.end(script, env=env, inputs='{"a":1}', unset=("LANG",))
    assert ended.exit_code == 0
    assert docker.log().startswith(b"/windlass/work\n" + b"{\"a\":1}\ntwo words\nand 'lines'|step|/")


def test_a_variable_of_the_image_can_be_unset(docker: Docker) -> None:
    docker.end('echo "[$PATH]"; echo "$A"', argv=("/bin/sh", "{script}"), unset=("PATH",), env={"A": "1"})
    assert b"/usr/local/sbin:" not in docker.log()


def test_what_it_writes_to_both_streams_is_its_log(docker: Docker) -> None:
    docker.end("echo out; sleep 0.1; echo err >&2; sleep 0.1; printf 'no end of line'")
    assert docker.log() == b"out\nerr\nno end of line"


def test_long_lines_and_odd_characters_arrive_as_written(docker: Docker) -> None:
    docker.end(
        "head -c 100000 /dev/zero | tr '\\0' x; printf '\\303\\274\\000\\n'; head -c 40000 /dev/zero | tr '\\0' y"
    )
    assert docker.log() == b"x" * 100_000 + "ü\0\n".encode() + b"y" * 40_000


def test_an_image_with_a_user_of_its_own_can_write(docker: Docker) -> None:
    script = 'id -u; id -g; echo a=1 > "$WINDLASS_OUTPUT"; touch here; stat -c %a /windlass/output'
    ended = docker.end(script, image="windlass-user:1")
    assert (ended.exit_code, ended.outputs, docker.log()) == (0, b"a=1\n", b"1234\n4321\n600\n")


def test_outputs_that_are_no_file_are_empty(docker: Docker) -> None:
    ended = docker.end('rm "$WINDLASS_OUTPUT"; ln -s /etc/passwd "$WINDLASS_OUTPUT"')
    assert (ended.exit_code, ended.outputs) == (0, b"")


def test_no_secret_in_log_and_outputs(docker: Docker) -> None:
    script = 'echo "it is $S!"; echo "s=$S" > "$WINDLASS_OUTPUT"'
    ended = docker.end(script, env={"S": SECRET}, masks=(SECRET,))
    assert docker.log() == b"it is ***!\n"
    assert ended.outputs == b"s=***\n"
    assert not [path for path in docker.data.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]


def test_a_log_goes_on_without_a_gap_or_a_double_and_still_hides_secrets(docker: Docker) -> None:
    script = """
    echo "one $S"
    until [ -e /tmp/two ]; do sleep 0.02; done; echo "two $S"
    until [ -e /tmp/three ]; do sleep 0.02; done; echo "three $S"
    """
    first = docker.executor()
    launch = docker.launch(script, env={"S": SECRET}, masks=(SECRET,), notes=("a note of ours",))
    first.start([launch])
    handle = docker.seen.started(launch.key).handle
    wait_until(lambda: b"one" in docker.log())
    first.close(kill=False)
    docker.dockerd.put(docker.container(), "/tmp/two", b"")
    second = docker.executor()
    second.adopt({launch.key: handle})
    wait_until(lambda: b"two" in docker.log())
    docker.dockerd.put(docker.container(), "/tmp/three", b"")
    assert docker.seen.ended(launch.key).exit_code == 0
    second.close(kill=True)
    assert docker.log() == b"a note of ours\none ***\ntwo ***\nthree ***\n"


class Keep:
    """A collection: the names of the files that the program left."""

    name = "keep"

    def owes(self, launch: Launch) -> Mapping[str, Any]:
        return {}

    def collect(self, owed: Mapping[str, Any], place: Place, ended: Ended) -> Mapping[str, Any]:
        return {path.name: path.read_text() for path in sorted(place.work.iterdir()) if path.is_file()}


def test_files_are_brought_and_what_is_left_is_collected(docker: Docker) -> None:
    workspace = docker.workspace(preparations=[StepFiles()], collections=[Keep()])
    files = (LaunchFile("given.txt", "given", 0o640), LaunchFile("~/.token", "mine"))
    script = 'cat "$HOME/.token"; stat -c %a given.txt; echo made > made.txt; ln -s /etc/passwd leak; rm given.txt'
    launch = docker.launch(script, files=files)
    workspace.start([launch])
    ended = docker.seen.ended(launch.key)
    workspace.close(kill=True)
    assert docker.log() == b"mine640\n"
    assert (ended.exit_code, ended.detail) == (0, {"made.txt": "made\n"})


def parts(*scripts: str, **fields: Any) -> tuple[LaunchPart, ...]:
    return tuple(LaunchPart(script, f"{n}", ("sh", "-e", "{script}"), **fields) for n, script in enumerate(scripts))


def test_parts_hand_on_variables_and_share_everything(docker: Docker) -> None:
    handing = """
    printf 'A=one\\nB<<END\\ntwo\\n'"'"'lines'"'"'\\nEND\\n{"C":{"x":1},"GONE":null}\\n' > "$WINDLASS_ENV"
    printf 'no end of line'
    """
    given = parts(
        handing, "echo; A=mine; touch here", 'ls; echo "$A|$B|$C|${GONE-gone}"; echo A=last > "$WINDLASS_ENV"'
    )
    ended = docker.end(None, argv=(), parts=given, env={"GONE": "there"})
    assert ended.exit_code == 0
    log = docker.log()
    assert log == b"no end of line\nhere\none|two\n'lines'|{\"x\":1}|gone\n"
    assert [log[record.offset :][:5] for record in ended.parts] == [b"no en", b"\nhere", b"here\n"]


def test_variables_that_cannot_be_taken_fail_the_part(docker: Docker) -> None:
    ended = docker.end(None, argv=(), parts=parts('echo WINDLASS_X=1 > "$WINDLASS_ENV"', "echo never"))
    assert (ended.exit_code, ended.cause) == (0, "env-invalid")
    assert "WINDLASS_X is ours" in (ended.message or "")
    assert docker.log() == b""


def test_a_part_that_takes_too_long_is_ended_and_what_was_there_before_lives_on(docker: Docker) -> None:
    first = LaunchPart("sleep 1000 & echo $! > pid", "0", ("sh", "{script}"))
    slow = LaunchPart("sleep 2000", "1", ("sh", "{script}"), timeout=200)
    look = "kill -0 $(cat pid) && echo there; ps | grep 'sleep 2000' | grep -v grep || echo gone"
    last = LaunchPart(look, "2", ("sh", "{script}"), on_failure=True)
    ended = docker.end(None, argv=(), parts=(first, slow, last))
    assert ended.cause == "timeout"
    assert [record.cause for record in ended.parts] == [None, "timeout", None]
    assert docker.log().endswith(b"there\ngone\n")


def test_a_part_whose_program_is_missing(docker: Docker) -> None:
    ended = docker.end(None, argv=(), parts=(LaunchPart(None, "0", ("no-such-program",)), *parts("echo never")))
    assert (ended.exit_code, ended.cause, ended.message) == (
        None,
        "start-failed",
        "no-such-program: no such program in PATH",
    )


def test_parts_are_adopted_where_they_are(docker: Docker) -> None:
    wait = "echo {0}; until [ -e /tmp/{0} ]; do sleep 0.02; done; echo V={0} > $WINDLASS_ENV"
    first = docker.executor()
    launch = docker.launch(None, argv=(), parts=parts(wait.format("one"), wait.format("two"), 'echo "$V"'))
    first.start([launch])
    handle = docker.seen.started(launch.key).handle
    wait_until(lambda: docker.log() == b"one\n")
    first.close(kill=False)
    docker.dockerd.put(docker.container(), "/tmp/one", b"")
    second = docker.executor()
    second.adopt({launch.key: handle})
    wait_until(lambda: docker.log() == b"one\ntwo\n")
    docker.dockerd.put(docker.container(), "/tmp/two", b"")
    ended = docker.seen.ended(launch.key)
    second.close(kill=True)
    assert docker.log() == b"one\ntwo\ntwo\n"
    assert [(record.index, record.exit_code) for record in ended.parts] == [(0, 0), (1, 0), (2, 0)]


def test_labels_tell_whose_a_container_is(docker: Docker) -> None:
    executor = docker.executor()
    launch = docker.launch("sleep 1000", "build/inner")
    executor.start([launch])
    docker.seen.started(launch.key)
    found = docker.dockerd.inspect(docker.container("build/inner"))
    executor.close(kill=True)
    labels = {name: value for name, value in found["Config"]["Labels"].items() if name.startswith("windlass.")}
    key: AttemptKey = launch.key
    assert labels == {
        "windlass.run": key.run,
        "windlass.step": "build/inner",
        "windlass.item": "",
        "windlass.attempt": "1",
        "windlass.owner": owner_of(docker.data, lasting=True),
    }
    assert json.dumps(found["HostConfig"]["Binds"]) == "null"
