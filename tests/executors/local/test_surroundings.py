"""What a program finds: its environment, folder, files, standard input (docs: A step; catalogue: P03)."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

from tests.executors.conftest import wait_until

if TYPE_CHECKING:
    import pytest
    from tests.executors.conftest import Local


def test_p03_five_variables_of_the_caller_and_nothing_else(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/a/secret/socket")
    monkeypatch.setenv("WINDLASS_TOKEN", "secret")
    local.end("env -0", env={"MINE": "1\n2", "WINDLASS_STEP": "step"})
    variables = dict(line.split("=", 1) for line in local.log().decode().split("\0") if line)
    assert variables.pop("PWD") == str(local.work())
    assert set(variables) - {"_", "OLDPWD", "SHLVL"} == {
        "PATH", "HOME", "LANG", "TMPDIR", "USER",
        "MINE", "WINDLASS_STEP", "WINDLASS_OUTPUT", "WINDLASS_ENV", "WINDLASS_INPUTS",
    }  # fmt: skip
    assert variables["MINE"] == "1\n2"
    assert variables["PATH"] == os.environ["PATH"]


def test_the_steps_variables_win_over_the_callers_but_not_over_ours(local: Local) -> None:
    env = {"HOME": "/elsewhere", "TMPDIR": "/var/tmp", "WINDLASS_OUTPUT": "/dev/null"}
    ended = local.end('echo "$HOME $TMPDIR"; echo a=b >> "$WINDLASS_OUTPUT"', env=env)
    assert local.log() == b"/elsewhere /var/tmp\n"
    assert ended.outputs == b"a=b\n"


def test_a_program_is_found_by_the_steps_own_path(local: Local) -> None:
    tools = local.data.parent / "tools"
    tools.mkdir()
    (tools / "greet").write_text("#!/bin/sh\necho hi $1\n")
    (tools / "greet").chmod(0o755)
    local.end(None, argv=("greet", "you"), env={"PATH": f"/nonexistent:{tools}"})
    assert local.log() == b"hi you\n"


def test_the_working_directory_is_empty_and_standard_input_is_closed(local: Local) -> None:
    ended = local.end('test -z "$(ls -A)"; test -z "$(cat)"; test -d "$TMPDIR"; test -w "$TMPDIR"')
    assert ended.exit_code == 0


def test_each_attempt_has_a_folder_of_its_own(local: Local) -> None:
    executor = local.executor()
    launches = [local.launch("touch left-behind", "one"), local.launch('test -z "$(ls -A)"', "two")]
    for launch in launches:
        executor.start([launch])
        assert local.seen.ended(launch.key).exit_code == 0


def test_inputs_are_a_file_and_the_script_is_private(local: Local) -> None:
    local.end('cat "$WINDLASS_INPUTS"; ls -l "$0" >&2', inputs='{"replicas": 3}', script_name="script.sh")
    inputs, listing = local.log().decode().split("-rwx", 1)
    assert json.loads(inputs) == {"replicas": 3}
    assert listing.startswith("------")
    assert "script.sh" in listing


def test_folders_are_for_their_owner_only(local: Local) -> None:
    local.end("true")
    for path in (local.work().parent, local.data / "logs" / local.run):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_an_ignored_image_is_one_line_at_the_beginning_of_the_log(local: Local) -> None:
    local.end("echo hello", image="alpine:3")
    assert local.log() == b"windlass: image alpine:3 is ignored by the local runner\nhello\n"


def test_no_descriptor_of_ours_reaches_the_program(local: Local) -> None:
    local.end("ls /proc/$$/fd", argv=("bash", "{script}"))
    found = set(map(int, local.log().split()))
    assert found <= {0, 1, 2, 255}  # 255: bash's own, the script


def test_forgetting_deletes_the_folder_even_without_write_permission(local: Local) -> None:
    local.end("mkdir deep; touch deep/file; chmod 500 deep .")
    folder = local.work().parent
    executor = local.executor()
    executor.forget(local.key())
    wait_until(lambda: not folder.exists())
    assert local.log() == b""


def test_the_title_says_which_attempt_a_warden_has(local: Local) -> None:
    executor = local.executor()
    launch = local.launch("sleep 100", "build")
    executor.start([launch])
    pid = local.seen.started(launch.key).handle["pid"]
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        title = file.read().rstrip(b"\0").decode()
    assert title == f"windlass: {local.run}/build#1"
