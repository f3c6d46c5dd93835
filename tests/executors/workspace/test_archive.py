"""Archives of folders: what goes in comes out, and nothing that somebody else put in does any harm."""

from __future__ import annotations

import io
import os
import stat
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from windlass.executors.workspace.archive import ArchiveError, move_into, pack, unpack
from windlass.plan.step_paths import where

BIG = 1 << 40


def ok():
    """Nobody stops it."""


def packed(roots, *paths, limit=BIG):
    file = io.BytesIO()
    pack(roots, [where(path) for path in paths], file, limit, ok)
    return file.getvalue()


def pieces(data, size=1000):
    return iter([data[at : at + size] for at in range(0, len(data), size)])


def unpacked(data, folder, limit=BIG):
    folder.mkdir(exist_ok=True)
    return unpack(pieces(data), folder, limit, ok)


@pytest.fixture
def roots(tmp_path):
    made = {name: tmp_path / "from" / name for name in ("work", "home")}
    for folder in made.values():
        folder.mkdir(parents=True)
    return made


def listing(root):
    found = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))
        elif path.is_dir():
            found[name] = ("folder", stat.S_IMODE(status.st_mode))
        else:
            found[name] = (path.read_bytes(), stat.S_IMODE(status.st_mode), status.st_mtime_ns // 10**6)
    return found


def test_a_tree_comes_back_as_it_was(roots, tmp_path):
    deep = roots["work"] / "node_modules/a b/ünï"
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(os.urandom(3_000_000))
    (deep / "run").write_text("#!/bin/sh\n")
    (deep / "run").chmod(0o755)
    os.utime(deep / "run", ns=(10**18, 10**18 + 123_000_000))
    (deep / "empty").mkdir()
    (deep / "link").symlink_to("../../top")
    (roots["work"] / "node_modules/top").write_text("top")
    (roots["work"] / "other").write_text("not asked for")
    (roots["home"] / ".cache").mkdir()
    (roots["home"] / ".cache/x").write_text("x")
    os.mkfifo(deep / "pipe")
    data = packed(roots, "node_modules", "~/.cache/x", "missing/there")
    (deep / "pipe").unlink()
    tops = unpacked(data, tmp_path / "to")
    assert [top.text for top in tops] == ["node_modules", "~/.cache/x"]
    (roots["work"] / "other").unlink()
    assert listing(tmp_path / "to/work") == listing(roots["work"])
    assert (tmp_path / "to/home/.cache/x").read_text() == "x"


def test_hard_links_become_files_and_folders_stay_ours_to_delete(roots, tmp_path):
    (roots["work"] / "d").mkdir()
    (roots["work"] / "d/a").write_text("a")
    (roots["work"] / "d/b").hardlink_to(roots["work"] / "d/a")
    (roots["work"] / "d").chmod(0o555)
    unpacked(packed(roots, "d"), tmp_path / "to")
    (roots["work"] / "d").chmod(0o755)
    made = tmp_path / "to/work/d"
    assert (made / "b").read_text() == "a"
    assert (made / "b").stat().st_nlink == 1
    assert stat.S_IMODE(made.stat().st_mode) == 0o755


def test_nothing_there_is_nothing_packed(roots):
    assert pack(roots, [where("a"), where("~/b/c")], io.BytesIO(), BIG, ok) == 0


def test_a_path_through_a_link_is_not_followed(roots, tmp_path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/key").write_text("key")
    (roots["work"] / "out").symlink_to(tmp_path / "secret")
    assert pack(roots, [where("out/key")], io.BytesIO(), BIG, ok) == 0


@pytest.mark.parametrize("target", ["/etc/passwd", "../../x", "a/../../../x", "loop"])
def test_a_link_that_leads_out_is_refused_on_both_sides(roots, tmp_path, target):
    (roots["work"] / "d").mkdir()
    (roots["work"] / "d/loop").symlink_to(target)
    with pytest.raises(ArchiveError, match="leads out"):
        packed(roots, "d")
    with pytest.raises(ArchiveError, match="leads out"):
        unpacked(tar(("work/d/loop", tarfile.SYMTYPE, target)), tmp_path / "to")


def test_what_is_too_large(roots, tmp_path):
    (roots["work"] / "a").write_bytes(b"x" * 1000)
    with pytest.raises(ArchiveError, match="limit of 999"):
        packed(roots, "a", limit=999)
    data = packed(roots, "a", limit=1000)
    with pytest.raises(ArchiveError, match="limit"):
        unpacked(data, tmp_path / "to", limit=999)


def tar(*members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as made:
        for name, kind, link in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, link
            content = b"content" if kind == tarfile.REGTYPE else b""
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    return file.getvalue()


REG = tarfile.REGTYPE


@pytest.mark.parametrize(
    "members",
    [
        [("/etc/passwd", REG, "")],
        [("work/../../x", REG, "")],
        [("work", REG, "")],
        [("elsewhere/x", REG, "")],
        [("work/./x", REG, "")],
        [("work/x", tarfile.LNKTYPE, "/etc/passwd")],
        [("work/x", tarfile.CHRTYPE, "")],
        [("work/x", tarfile.FIFOTYPE, "")],
        [("work/d", tarfile.SYMTYPE, ".."), ("work/d/x", REG, "")],
        [("work/x", REG, ""), ("work/x", REG, "")],
        [("work/x", tarfile.SYMTYPE, "y"), ("work/x", REG, "")],
        [("work/" + "d/" * 300 + "x", REG, "")],
    ],
)
def test_what_pack_would_never_write_is_refused_and_stays_inside(members, tmp_path):
    with pytest.raises((ArchiveError, OSError)):
        unpacked(tar(*members), tmp_path / "to")
    assert [path.name for path in tmp_path.iterdir()] == ["to"]


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_bytes_are_an_error_of_ours_or_harmless(data, tmp_path):
    whole = tar(("work/a", REG, ""), ("work/b", tarfile.DIRTYPE, ""), ("work/b/c", REG, ""))
    cut = data.draw(st.integers(0, len(whole)))
    noise = data.draw(st.binary(max_size=20))
    folder = tmp_path / data.draw(st.uuids()).hex
    try:
        unpacked(whole[:cut] + noise + whole[cut + len(noise) :], folder)
    except (ArchiveError, OSError):
        return


def test_moving_fills_folders_and_replaces_files(tmp_path):
    staged, roots = tmp_path / "staged", {"work": tmp_path / "work", "home": tmp_path / "home"}
    for path, text in {"d/a": "new a", "d/e/c": "new c"}.items():
        (staged / "work" / path).parent.mkdir(parents=True, exist_ok=True)
        (staged / "work" / path).write_text(text)
    (roots["work"] / "d/e").mkdir(parents=True)
    (roots["work"] / "d/a").write_text("old a")
    (roots["work"] / "d/b").write_text("old b")
    move_into(staged, roots, where("d"))
    assert {p.name: p.read_text() for p in roots["work"].rglob("*") if p.is_file()} == {
        "a": "new a",
        "b": "old b",
        "c": "new c",
    }


def test_moving_never_goes_through_a_link(tmp_path):
    staged, roots = tmp_path / "staged", {"work": tmp_path / "work"}
    outside = tmp_path / "outside"
    for folder in (staged / "work/d/e", roots["work"], outside):
        folder.mkdir(parents=True)
    (staged / "work/d/e/f").write_text("f")
    (roots["work"] / "d").symlink_to(outside)
    with pytest.raises(OSError, match=r".*"):
        move_into(staged, roots, where("d/e"))
    assert list(outside.iterdir()) == []
