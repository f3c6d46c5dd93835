"""The files of an action stand beside its script, in a folder of the attempt's own."""

from __future__ import annotations

from windlass.executors.workspace.action_files import ActionFiles

FILES = {
    "data.txt": {"text": "ünï\n"},
    "src/tool": {"text": "#!/bin/sh\necho ran\n", "executable": True},
    "raw": {"base64": "/wA="},
}
SCRIPT = 'here=$(dirname "$0"); cat "$here/../data.txt"; "$here/tool"; wc -c < "$here/../raw"; ls -A .'


def test_files_stand_where_they_do_in_the_folder(local):
    executor = local.workspace(preparations=[ActionFiles()])
    launch = local.launch(SCRIPT, script_name="action/src/main.sh", action_files=FILES)
    executor.start([launch])
    assert local.seen.ended(launch.key).exit_code == 0, local.log()
    assert local.log().decode().split() == ["ünï", "ran", "2"]


def test_a_file_that_cannot_be_written_ends_the_attempt_before_it_starts(local):
    executor = local.workspace(preparations=[ActionFiles()])
    files = {"a": {"text": "x"}, "a/b": {"text": "y"}}
    launch = local.launch("echo ran", script_name="action/main.sh", action_files=files)
    executor.start([launch])
    ended = local.seen.ended(launch.key)
    assert (ended.exit_code, ended.cause) == (None, "start-failed")
    assert "cannot write the file a/b of the action: " in ended.message
