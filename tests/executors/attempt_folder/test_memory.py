"""Files that hold secrets: in memory, with their mode, for this attempt alone, and gone with it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from tests.canary import secret
from tests.executors.conftest import wait_until

from windlass.executors.attempt_folder import memory
from windlass.executors.attempt_folder.folders import Folders
from windlass.executors.workspace.step_files import StepFiles
from windlass.runs.model import LaunchFile

VALUE = secret("memory")


def begun(local, script, *files):
    executor = local.workspace(preparations=[StepFiles()])
    launch = local.launch(script, env={}, files=files, masks=(VALUE,))
    executor.start([launch])
    local.seen.started(launch.key)
    return executor, launch


def on_disk(local) -> list[Path]:
    found = []
    for place, _, names in os.walk(local.data):
        for path in (Path(place, name) for name in names):
            with suppress(FileNotFoundError):  # it goes with its attempt
                found += [path] if not path.is_symlink() and VALUE.encode() in path.read_bytes() else []
    return found


@pytest.mark.skipif(not memory.SHARED.is_dir(), reason="this system has no /dev/shm")
def test_they_never_reach_the_disk_and_go_with_their_attempt(local):
    executor, launch = begun(
        local,
        "cat conf ~/.netrc plain; stat -Lc %a conf ~/.netrc; readlink conf; until [ -e go ]; do sleep 0.01; done",
        LaunchFile("conf", f"key={VALUE}\n", 0o400),
        LaunchFile("~/.netrc", f"password {VALUE}\n", 0o640),
        LaunchFile("plain", "nothing\n", 0o600),
    )
    folder = Folders(local.data).attempt(launch.key)
    place = memory.memory_of(folder)
    assert place is not None
    wait_until(lambda: local.log().endswith(b"\n") and local.log().count(b"\n") == 6)
    *lines, target = local.log().decode().splitlines()
    assert lines == ["key=***", "password ***", "nothing", "400", "640"]
    assert Path(target).parent == place
    assert (place.parent.stat().st_mode & 0o777, place.stat().st_mode & 0o777) == (0o700, 0o700)
    assert on_disk(local) == []
    (folder / "work/go").touch()
    assert local.seen.ended(launch.key).exit_code == 0
    executor.forget(launch.key)
    assert not place.exists()


def test_where_there_is_none_they_are_files(local, monkeypatch):
    monkeypatch.setattr(memory, "SHARED", Path("/no/such/folder"))
    executor, launch = begun(local, "stat -c %F%a conf; cat conf", LaunchFile("conf", VALUE, 0o400))
    assert local.seen.ended(launch.key).exit_code == 0
    assert local.log() == b"regular file400\n***"
    executor.forget(launch.key)
    wait_until(lambda: on_disk(local) == [])


def test_whoever_was_there_first_is_given_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "SHARED", tmp_path)
    open_to_all = tmp_path / f"windlass-{os.geteuid()}"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    assert memory.made(tmp_path / "attempt") is None
    open_to_all.rmdir()
    open_to_all.symlink_to(tmp_path)
    assert memory.made(tmp_path / "attempt") is None


def test_what_a_removed_folder_left_is_swept(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "SHARED", tmp_path)
    kept, gone, others = tmp_path / "a/kept", tmp_path / "a/gone", tmp_path / "b/others"
    places = [memory.made(one) for one in (kept, gone, others)]
    kept.mkdir(parents=True)
    memory.sweep(tmp_path / "a")
    assert [one.exists() for one in places if one is not None] == [True, False, True]
