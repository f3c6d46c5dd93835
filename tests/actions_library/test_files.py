"""std/files and std/archive: what globs mean, and what hostile names, links and archives do not reach."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.actions_library.conftest import LIBRARY, Act

ENDINGS = [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip"]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "kept").write_text("kept")
    return folder


def put(act: Act, *names: str) -> None:
    for name in names:
        path = act.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir() or p.is_symlink())


def test_the_two_pack_alike() -> None:
    """An action stands alone in its folder: what they share is there twice."""
    for name in ("places.py", "archives.py"):
        assert (LIBRARY / "files" / name).read_text() == (LIBRARY / "archive" / name).read_text()


@pytest.mark.parametrize(
    ("given", "there"),
    [
        ({"from": ["dist/**/*.js"]}, ["a/b.js", "c.js"]),
        ({"from": ["dist"]}, ["dist/.hidden", "dist/a/b.js", "dist/c.js", "dist/c.txt"]),
        ({"from": ["dist/c.txt", "dist/c.*"]}, ["c.js", "c.txt"]),
        ({"from": ["dist/**"]}, [".hidden", "a/b.js", "c.js", "c.txt"]),
        ({"from": ["dist/a", "dist/a/b.js"]}, ["a/b.js"]),
        ({"from": ["dist/a/b.js"], "as": "d.js"}, ["d.js"]),
        ({"from": ["nothing", "n*"], "optional": True}, []),
        ({"from": ["./dist//[c].js"]}, ["c.js"]),
    ],
)
@pytest.mark.parametrize("do", ["copy", "move"])
def test_what_is_meant_and_where_it_goes(act: Act, do: str, given: dict[str, Any], there: list[str]) -> None:
    put(act, "dist/a/b.js", "dist/c.js", "dist/c.txt", "dist/.hidden")
    before = files(act.folder / "dist")
    done = act("files", do=do, to="out/x", **given)
    assert done.code == 0, done.log
    assert files(act.folder / "out/x") == there
    assert (len(files(act.folder / "dist")) == len(before)) == (do == "copy" or not there)
    if do == "copy":
        assert done.outputs["count"] == str(len(there))


def test_a_copy_keeps_modes_and_links_and_overwrites(act: Act, outside: Path) -> None:
    put(act, "a/run", "out/run", "out/other")
    (act.folder / "a/run").chmod(0o755)
    (act.folder / "a/link").symlink_to("run")
    (act.folder / "out/link").symlink_to(outside / "kept")
    assert act("files", do="copy", **{"from": ["a/*"]}, to="out").code == 0
    assert (act.folder / "out/run").read_text() == "a/run"
    assert os.access(act.folder / "out/run", os.X_OK)
    assert os.readlink(act.folder / "out/link") == "run"
    assert (outside / "kept").read_text() == "kept"
    assert act("files", do="copy", **{"from": ["a"]}, to="a").outputs["count"] == "2", "into itself"
    assert files(act.folder / "a") == ["a/link", "a/run", "link", "run"]


def test_what_is_deleted(act: Act, outside: Path) -> None:
    put(act, "a/b/c", "a/d.log", "e.log", "f")
    (act.folder / "link").symlink_to(outside)
    (act.folder / "a/link").symlink_to(outside)
    assert act("files", do="delete", **{"from": ["**/*.log", "a/b", "link"]}).outputs["count"] == "4"
    assert files(act.folder) == ["a/link", "f"]
    assert act("files", do="delete", **{"from": ["**"]}).code == 0
    assert list(act.folder.iterdir()) == []
    assert files(outside) == ["kept"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"do": "copy", "from": ["nothing"], "to": "out"}, "there is nothing at nothing"),
        ({"do": "copy", "from": ["no*"], "to": "out"}, "there is nothing at no*"),
        ({"do": "copy", "from": ["../outside/kept"], "to": "out"}, "may not go up with .."),
        ({"do": "copy", "from": ["link/kept"], "to": "out"}, "link/kept leads through a link"),
        ({"do": "copy", "from": ["link/*"], "to": "out"}, "there is nothing at link/*"),
        ({"do": "copy", "from": ["f"], "to": "../outside"}, "may not go up with .."),
        ({"do": "copy", "from": ["f"], "to": "link"}, "leads out of the working directory through a link"),
        ({"do": "copy", "from": ["f"], "to": "link/deeper"}, "leads out of the working directory through a link"),
        ({"do": "copy", "from": ["f"], "to": "f"}, "files: f: File exists"),
        ({"do": "copy", "from": ["f"]}, "copy needs to"),
        ({"do": "copy", "from": ["f"], "to": "out", "as": "../x"}, "as: ../x"),
        ({"do": "copy", "from": ["f", "g"], "to": "out", "as": "x"}, "as is for copying or moving one thing"),
        ({"do": "copy", "from": ["pipe"], "to": "out"}, "pipe is neither a file nor a folder"),
        ({"do": "move", "from": ["d"], "to": "there"}, "there/d is there already"),
        ({"do": "delete", "from": ["link/kept"]}, "leads through a link"),
        ({"do": "delete", "from": ["f"], "to": "x"}, "delete takes no to"),
        ({"do": "archive", "from": ["f"], "to": "x.rar"}, "x.rar is no archive by its name"),
        ({"do": "archive", "from": ["link"], "to": "x.zip"}, "link is a link to something that is no file"),
        ({"do": "extract", "from": ["f"], "to": "out"}, "f is no archive by its name"),
        ({"do": "extract", "from": ["broken.tar.gz"], "to": "out"}, "cannot be read as an archive"),
        ({"do": "extract", "from": ["broken.zip"], "to": "out"}, "cannot be read as an archive"),
    ],
)
def test_what_cannot_be_done(act: Act, outside: Path, given: dict[str, Any], said: str) -> None:
    put(act, "f", "g", "d/a", "there/d/a", "broken.tar.gz", "broken.zip")
    (act.folder / "link").symlink_to(outside)
    os.mkfifo(act.folder / "pipe")
    assert said in act("files", **given).said
    assert [path.name for path in outside.iterdir()] == ["kept"]
    assert (outside / "kept").read_text() == "kept"


@pytest.mark.parametrize("do", ["move", "delete"])
def test_nothing_elsewhere_is_taken_away(act: Act, outside: Path, do: str) -> None:
    for path in (str(outside / "kept"), f"{outside}/*"):
        given = {"to": "x"} if do == "move" else {}
        assert "is not in the working directory" in act("files", do=do, **{"from": [path]}, **given).said
    assert files(outside) == ["kept"]
    assert act("files", do="copy", **{"from": [f"{outside}/*"]}, to=str(outside / "copy")).outputs["count"] == "1"
    assert files(outside) == ["copy/kept", "kept"]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("action", ["files", "archive"])
def test_there_and_back(act: Act, ending: str, action: str) -> None:
    put(act, "site/a/b", "site/ü\n", "site/run", "other")
    (act.folder / "site/run").chmod(0o755)
    (act.folder / "site/link").symlink_to("run")
    os.link(act.folder / "site/run", act.folder / "site/twin")
    (act.folder / "site/empty").mkdir()
    pack, unpack = ({"do": "archive"}, {"do": "extract"}) if action == "files" else ({}, {"unpack": True})
    done = act(action, **pack, **{"from": ["site"]}, to=f"out/x{ending}")
    assert done.outputs["count"] == "5", done.log
    assert act(action, **unpack, **{"from": [f"out/*{ending}"]}, to="back").outputs["count"] == "5"
    back = act.folder / "back/site"
    assert files(back) == ["a/b", "link", "run", "twin", "ü\n"]
    assert (back / "link").read_text() == (back / "twin").read_text() == "site/run"
    assert not (back / "link").is_symlink()
    assert os.access(back / "run", os.X_OK)
    assert (back / "empty").is_dir()
    assert files(act.folder / "out") == [f"x{ending}"]


def tar_with(*members: tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        good = tarfile.TarInfo("good")
        good.size = 4
        for member in (good, *members):
            archive.addfile(member, io.BytesIO(b"evil"))
    return buffer.getvalue()


def tar_member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, link, 4 if kind == tarfile.REGTYPE else 0
    return member


def zip_with(name: str, mode: int = stat.S_IFREG | 0o644) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("good", "good")
        member = zipfile.ZipInfo(name)
        member.external_attr = mode << 16
        archive.writestr(member, "/etc/passwd")
    return buffer.getvalue()


HOSTILE = {
    "up.tgz": tar_with(tar_member("../evil")),
    "deep.tgz": tar_with(tar_member("a/b/../../../evil")),
    "absolute.tgz": tar_with(tar_member("/tmp/evil")),
    "link.tgz": tar_with(tar_member("l", tarfile.SYMTYPE, "../outside"), tar_member("l/evil")),
    "hard.tgz": tar_with(tar_member("h", tarfile.LNKTYPE, "/etc/passwd")),
    "device.tgz": tar_with(tar_member("d", tarfile.CHRTYPE)),
    "pipe.tgz": tar_with(tar_member("p", tarfile.FIFOTYPE)),
    "up.zip": zip_with("../evil"),
    "absolute.zip": zip_with("/tmp/evil"),
    "link.zip": zip_with("l", stat.S_IFLNK | 0o777),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives_are_refused_before_anything_is_written(act: Act, outside: Path, name: str) -> None:
    (act.folder / name).write_bytes(HOSTILE[name])
    for given in ({"do": "extract"}, {"unpack": True}):
        done = act("files" if "do" in given else "archive", **given, **{"from": [name]}, to="out")
        assert f"{name} is refused: its member " in done.said
    assert files(act.folder / "out") == []
    assert files(outside) == ["kept"]


def test_a_link_that_waits_where_an_archive_is_unpacked(act: Act, outside: Path) -> None:
    (act.folder / "a.tgz").write_bytes(tar_with(tar_member("d/kept"), tar_member("kept")))
    (act.folder / "out").mkdir()
    (act.folder / "out/kept").symlink_to(outside / "kept")
    assert act("files", do="extract", **{"from": ["a.tgz"]}, to="out").outputs["count"] == "3"
    assert (act.folder / "out/kept").read_text() == "evil"
    (act.folder / "out/d/kept").unlink()
    (act.folder / "out/d").rmdir()
    (act.folder / "out/d").symlink_to(outside)
    assert "leads out of out through a link" in act("files", do="extract", **{"from": ["a.tgz"]}, to="out").said
    assert (outside / "kept").read_text() == "kept"


@pytest.mark.parametrize("name", ["bomb.zip", "bomb.tar.gz"])
def test_an_archive_that_unpacks_to_too_much(act: Act, name: str) -> None:
    path = act.folder / name
    if name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("zeros", bytes(3 << 20))
    else:
        (act.folder / "zeros").write_bytes(bytes(3 << 20))
        with tarfile.open(path, "w:gz") as packed:
            packed.add(act.folder / "zeros", "zeros")
    assert "more than 2 MiB" in act("archive", unpack=True, **{"from": [name]}, to="out", limit=2).said
    assert files(act.folder / "out") == []
    assert act("archive", unpack=True, **{"from": [name]}, to="out", limit=3).outputs["count"] == "1"


def test_an_encrypted_archive(act: Act) -> None:
    data = bytearray(zip_with("x"))
    for at in [i for i in range(len(data)) if data[i : i + 4] in (b"PK\x03\x04", b"PK\x01\x02")]:
        data[at + (6 if data[at + 2] == 3 else 8)] |= 1
    (act.folder / "a.zip").write_bytes(data)
    assert "encrypted" in act("files", do="extract", **{"from": ["a.zip"]}, to="out").said
