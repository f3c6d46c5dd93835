"""Save and load: what comes back is what was there, and nothing outside of the working directory is touched."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from windlass.artifacts.objects import NoObjectError, Objects, folder_url
from windlass.artifacts.selection import MissingError
from windlass.artifacts.transfer import Bounds, load, manifest_at, save
from windlass.artifacts.tree import RefusedError, Tree

if TYPE_CHECKING:
    from pathlib import Path


class Place:
    def __init__(self, folder: Path) -> None:
        self.work = folder / "work"
        self.other = folder / "other"
        self.secret = folder / "secret"
        self.work.mkdir()
        self.other.mkdir()
        self.secret.write_text("outside")
        self.objects = Objects(folder_url(folder / "objects"))

    def write(self, *paths: str) -> None:
        for path in paths:
            (self.work / path).parent.mkdir(parents=True, exist_ok=True)
            (self.work / path).write_text(f"text of {path}")

    def save(self, *patterns: str, bounds: Bounds | None = None, all_needed: bool = True) -> list[str]:
        with Tree(self.work) as tree:
            manifest, _ = save(
                self.objects,
                "artifacts/x",
                tree,
                patterns,
                bounds or Bounds(),
                check=lambda: None,
                all_needed=all_needed,
            )
        return [file.path for file in manifest.files]

    def load(self, path: str) -> None:
        with Tree(self.other) as tree:
            load(self.objects, "artifacts/x", tree, path, check=lambda: None)

    def loaded(self) -> dict[str, str]:
        return {str(p.relative_to(self.other)): p.read_text() for p in self.other.rglob("*") if p.is_file()}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


# What a pattern means


def test_a_file_is_a_file(place):
    place.write("out/report.xml")
    assert place.save("./out//report.xml") == ["report.xml"]
    place.load("in/mine.xml")
    assert place.loaded() == {"in/mine.xml": "text of out/report.xml"}


@pytest.mark.parametrize("path", ["in/", "in/./"])
def test_a_file_goes_into_a_folder_under_its_own_name(place, path):
    place.write("report.xml")
    place.save("report.xml")
    place.load(path)
    assert place.loaded() == {"in/report.xml": "text of report.xml"}


def test_a_folder_has_paths_of_its_own(place):
    place.write("site/index.html", "site/css/.hidden", "other")
    assert place.save("site") == ["css/.hidden", "index.html"]
    place.load("www")
    assert set(place.loaded()) == {"www/css/.hidden", "www/index.html"}


def test_a_glob_keeps_the_paths_and_is_a_folder_even_with_one_file(place):
    place.write("out/a/r.xml", "out/r.txt", "r.xml")
    assert place.save("out/**/*.xml") == ["out/a/r.xml"]
    place.load("reports")
    assert set(place.loaded()) == {"reports/out/a/r.xml"}


def test_several_patterns_and_what_is_taken_back(place):
    place.write("a.txt", "b/c.txt", "b/d.map", "b/e/f.txt", "g.txt")
    assert place.save("a.txt", "b/*", "!**/*.map") == ["a.txt", "b/c.txt", "b/e/f.txt"]
    place.load(".")
    assert set(place.loaded()) == {"a.txt", "b/c.txt", "b/e/f.txt"}


def test_a_name_with_brackets_is_meant_as_it_is(place):
    place.write("a[1].txt", "a1.txt")
    assert place.save("a[1].txt") == ["a[1].txt"]
    (place.work / "a[1].txt").unlink()
    assert place.save("a[1].txt") == ["a1.txt"]


def test_an_empty_folder_is_an_artifact_without_files(place):
    (place.work / "empty").mkdir()
    assert place.save("empty") == []
    place.load("e")
    assert (place.other / "e").is_dir()


@pytest.mark.parametrize("pattern", ["gone.xml", "*.xml", "gone/**", "a.txt/x", "a.txt/*"])
def test_what_is_missing_is_told(place, pattern):
    place.write("a.txt")
    with pytest.raises(MissingError):
        place.save(pattern)
    with pytest.raises(MissingError):
        place.save("a.txt", pattern)
    assert place.save("a.txt", pattern, all_needed=False) == ["a.txt"]


@pytest.mark.parametrize("pattern", ["/etc/passwd", "../secret", "a/../../secret", "..", "**/../x", "!../x"])
def test_a_pattern_does_not_leave_the_working_directory(place, pattern):
    with pytest.raises(RefusedError, match="below the working directory"):
        place.save("a.txt", pattern)


# Links


@pytest.mark.parametrize("target", ["{outside}", "../secret", "sub/../../secret", "/etc/passwd"])
def test_a_link_to_the_outside_is_refused(place, target):
    place.write("sub/x")
    (place.work / "leak").symlink_to(target.format(outside=place.secret))
    for pattern in ("leak", "*", "."):
        with pytest.raises(RefusedError, match="leaves the working directory"):
            place.save(pattern)


def test_a_folder_that_is_a_link_to_the_outside_is_not_entered(place):
    (place.work / "out").symlink_to(place.work.parent)
    place.write("a.txt")
    with pytest.raises(RefusedError, match="leaves"):
        place.save("out/secret")
    with pytest.raises(RefusedError, match="leaves"):
        place.save("out")
    assert place.save("**/*.txt") == ["a.txt"]


def test_links_inside_are_followed(place):
    place.write("build-3/app", "build-3/lib/x")
    (place.work / "latest").symlink_to("build-3")
    (place.work / "build-3" / "absolute").symlink_to(place.work / "build-3" / "app")
    (place.work / "build-3" / "lib64").symlink_to("lib")
    assert place.save("latest") == ["absolute", "app", "lib/x", "lib64/x"]
    place.load("b")
    assert place.loaded()["b/lib64/x"] == "text of build-3/lib/x"
    assert not any(path.is_symlink() for path in place.other.rglob("*"))


def test_circles_end(place):
    place.write("a/b/x")
    (place.work / "a" / "b" / "up").symlink_to("..")
    (place.work / "loop").symlink_to("loop")
    assert place.save("a") == ["b/x"]
    with pytest.raises(RefusedError, match="circle"):
        place.save("loop")


def test_a_link_to_nothing_is_told(place):
    (place.work / "dangling").symlink_to("gone")
    with pytest.raises(RefusedError, match="link to nothing"):
        place.save("*")


def test_a_file_that_becomes_a_link_while_it_is_saved_is_not_followed(place, monkeypatch):
    """The race between looking and opening: the swap happens right after the look."""
    place.write("a.txt")
    looked = os.stat

    def swap(name, *args, **kwargs):
        found = looked(name, *args, **kwargs)
        if name == "a.txt" and not (place.work / "a.txt").is_symlink():
            (place.work / "a.txt").unlink()
            (place.work / "a.txt").symlink_to(place.secret)
        return found

    monkeypatch.setattr(os, "stat", swap)
    with pytest.raises((RefusedError, OSError)):
        place.save("a.txt")
    monkeypatch.undo()
    with pytest.raises(NoObjectError):
        manifest_at(place.objects, "artifacts/x")


def test_devices_pipes_and_sockets_are_refused_without_opening_them(place):
    os.mkfifo(place.work / "pipe")
    with pytest.raises(RefusedError, match="device, pipe or socket"):
        place.save("pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(place.work / "s"))
        with pytest.raises(RefusedError, match="device, pipe or socket"):
            place.save("s")


@pytest.mark.parametrize("name", [b"new\nline", b"not \xff utf-8", b"\x1b[31mred"])
def test_names_that_cannot_be_shown_are_refused(place, name):
    with open(os.fsencode(place.work) + b"/" + name, "wb"):
        pass
    with pytest.raises(RefusedError, match="cannot be shown") as caught:
        place.save(".")
    assert str(caught.value).isprintable()


def test_a_working_directory_that_became_a_link_is_not_followed(place):
    place.work.rmdir()
    place.work.symlink_to(place.other)
    with pytest.raises(OSError, match=r"symbolic link|directory"):
        place.save(".")


# Limits


def test_size_and_number_of_files_are_limited(place):
    place.write("a", "b", "c")
    with pytest.raises(RefusedError, match=r"limits\.artifactFiles"):
        place.save(".", bounds=Bounds(files=2))
    with pytest.raises(RefusedError, match=r"limits\.artifactFiles"):
        place.save("a", "b", "c", bounds=Bounds(files=2))
    with pytest.raises(RefusedError, match=r"limits\.artifactSize"):
        place.save(".", bounds=Bounds(size=20))
    with (place.work / "sparse").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(RefusedError, match=r"limits\.artifactSize"):
        place.save("sparse")


# Loading


def test_modes_contents_and_digests_come_back(place):
    (place.work / "run.sh").write_bytes(bytes(range(256)) * 10_000)
    (place.work / "run.sh").chmod(0o750)
    place.save("run.sh")
    place.load("run.sh")
    assert (place.other / "run.sh").read_bytes() == (place.work / "run.sh").read_bytes()
    assert os.access(place.other / "run.sh", os.X_OK)


def test_saving_again_replaces(place):
    place.write("a/1", "a/2")
    place.save("a")
    (place.work / "a" / "1").unlink()
    assert place.save("a") == ["2"]
    place.load("x")
    assert place.loaded() == {"x/2": "text of a/2"}


def test_a_changed_object_is_refused(place):
    place.write("a.txt")
    place.save("a.txt")
    place.objects.put("artifacts/x/0", [b"something else"])
    with pytest.raises(RefusedError, match="digest"):
        place.load("a.txt")


def test_a_file_that_is_there_is_replaced_and_a_link_is_not_followed(place):
    place.write("a.txt")
    place.save("a.txt")
    (place.other / "a.txt").write_text("old")
    (place.other / "b.txt").symlink_to(place.secret)
    (place.other / "sub").symlink_to(place.work)
    place.load("a.txt")
    place.load("b.txt")
    assert place.secret.read_text() == "outside"
    assert (place.other / "b.txt").read_text() == "text of a.txt"
    with pytest.raises(RefusedError, match="no folder"):
        place.load("sub/b.txt")
    (place.other / "folder").mkdir()
    with pytest.raises(RefusedError, match="folder already"):
        place.load("folder")


@pytest.mark.parametrize("path", ["../x", "a/../../x"])
def test_loading_does_not_leave_the_working_directory(place, path):
    place.write("a.txt")
    place.save("a.txt")
    with pytest.raises(RefusedError, match="leaves"):
        place.load(path)


@pytest.mark.parametrize("path", ["../evil", "/evil", "a/../../evil", ""])
def test_a_forged_manifest_is_refused(place, path):
    place.write("a.txt")
    place.save("a.txt")
    raw = place.objects.read("artifacts/x/manifest").replace(b'"a.txt"', f'"{path}"'.encode())
    place.objects.put("artifacts/x/manifest", [raw.replace(b'"folder": false', b'"folder": true')])
    with pytest.raises(Exception, match="is no path"):
        place.load("in")
    assert place.loaded() == {}
