"""`files` of a step: exact content and mode, a home of its own, and nothing written elsewhere."""

from __future__ import annotations

import os

import pytest

from windlass.executors.workspace.step_files import StepFiles
from windlass.runs.model import LaunchFile


def run(local, script, *files, preparations=(), env=None):
    executor = local.workspace(preparations=[*preparations, StepFiles()])
    launch = local.launch(script, env=env or {}, files=files)
    executor.start([launch])
    return local.seen.ended(launch.key)


def test_content_mode_and_home(local):
    ended = run(
        local,
        'cat deep/er/a.txt; stat -c %a deep/er/a.txt script ~/.netrc; ./script; cat ~/.netrc; ls -A ~; echo "$HOME"',
        LaunchFile("deep/er/a.txt", "ünï\n", 0o640),
        LaunchFile("./script", "#!/bin/sh\necho ran\n", 0o777),
        LaunchFile("~/.netrc", "secret\n", 0o400),
        env={"HOME": "/elsewhere"},
    )
    assert ended.exit_code == 0, local.log()
    *lines, home = local.log().decode().splitlines()
    assert lines == ["ünï", "640", "777", "400", "ran", "secret", ".netrc"]
    assert home != "/elsewhere"
    assert os.stat(home).st_mode & 0o777 == 0o700


def test_without_a_path_below_home_the_home_stays(local):
    run(local, 'echo "$HOME"', LaunchFile("a", ""), env={"HOME": "/elsewhere"})
    assert local.log() == b"/elsewhere\n"


def test_a_file_or_link_of_the_name_is_replaced(local, tmp_path):
    target = tmp_path / "target"
    target.write_text("untouched")

    class Before:
        cause, verb = "checkout-failed", "checkout"

        def wants(self, launch):
            return True

        def prepare(self, launch, place):
            place.work.mkdir()
            (place.work / "a").write_text("from the repository")
            (place.work / "b").symlink_to(target)
            return launch

    ended = run(local, "cat a b", LaunchFile("a", "new a\n"), LaunchFile("b", "new b\n"), preparations=[Before()])
    assert (ended.exit_code, local.log()) == (0, b"new a\nnew b\n")
    assert target.read_text() == "untouched"


@pytest.mark.parametrize("path", ["link/inside", "file/inside", "folder"])
def test_nothing_is_written_through_a_link_or_in_place_of_a_folder(local, tmp_path, path):
    outside = tmp_path / "outside"
    outside.mkdir()

    class Before:
        cause, verb = "checkout-failed", "checkout"

        def wants(self, launch):
            return True

        def prepare(self, launch, place):
            (place.work / "folder").mkdir(parents=True)
            (place.work / "file").write_text("")
            (place.work / "link").symlink_to(outside)
            return launch

    ended = run(local, "true", LaunchFile(path, "x"), preparations=[Before()])
    assert (ended.exit_code, ended.cause) == (None, "files-failed")
    assert ended.message.startswith(f"cannot write the file {path}: ")
    assert list(outside.iterdir()) == []


def test_the_content_is_nowhere_but_in_the_file(local):
    content = "content-that-nobody-else-may-see\n"
    run(local, "cat ~/f >/dev/null", LaunchFile("~/f", content, 0o400))
    found = [p for p in local.data.rglob("*") if p.is_file() and content.strip() in p.read_text(errors="replace")]
    assert [p.name for p in found] in (["f"], [])
    assert content.strip() not in repr(LaunchFile("~/f", content))
