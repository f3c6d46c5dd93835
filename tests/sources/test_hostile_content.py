"""Repositories that mean harm: the G entries of the catalogue of bad input."""

from __future__ import annotations

import os
import resource

import pytest

from windlass.errors import SourceError
from windlass.sources.command import Limits


def reason(call, *args):
    with pytest.raises(SourceError) as caught:
        call(*args)
    return caught.value.reason


def fetched(mirror):
    head = mirror.head()
    mirror.fetch(head)
    return mirror.tree(head.commit)


def test_g01_g02_g03_symbolic_links_are_entries_of_their_own_kind(repository, mirror_of, tmp_path):
    (repository.path / "flows").mkdir()
    (repository.path / "flows/a.yaml").symlink_to("/etc/passwd")
    (repository.path / "out").symlink_to("/")
    (repository.path / "loop").symlink_to("loop")
    commit = repository.commit({"b.yaml": "x"})
    mirror = mirror_of(repository)
    kinds = {entry.path: (entry.mode, entry.kind) for entry in fetched(mirror).entries}
    assert kinds["flows/a.yaml"] == ("120000", "symlink")
    assert kinds["out"] == kinds["loop"] == ("120000", "symlink")
    assert kinds["b.yaml"] == ("100644", "file")
    blob = next(entry.blob for entry in mirror.tree(commit).entries if entry.path == "flows/a.yaml")
    assert mirror.read([blob]) == {blob: b"/etc/passwd"}, "the text of the target, never the file"
    assert reason(mirror.archive_to, commit, tmp_path / "out") == "UnsafeLink"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "url, path",
    [
        ("ext::sh -c 'touch %s'", "sub"),  # G04
        ("https://example.com/x", "sub\r"),  # G05, CVE-2025-48384
        ("http://169.254.169.254/private", "sub"),  # G06
        ("--upload-pack=touch %s", "-sub"),
    ],
)
def test_g04_g05_g06_submodules_are_never_fetched(repository, mirror_of, tmp_path, url, path):
    witness = tmp_path / "witness"
    url = url.replace("%s", str(witness))
    modules = f'[submodule "{path.strip()}"]\n\tpath = "{path}"\n\turl = "{url}"\n'
    repository.write({".gitmodules": modules})
    repository.git("add", ".gitmodules")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    repository.git("commit", "--quiet", "--message", "sub")
    mirror = mirror_of(repository)
    tree = fetched(mirror)
    assert [(entry.path, entry.kind) for entry in tree.entries] == [(".gitmodules", "file"), ("sub", "submodule")]
    mirror.archive_to(mirror.head().commit, tmp_path / "out")
    assert os.listdir(tmp_path / "out/sub") == []
    assert not witness.exists()


def test_g08_an_lfs_pointer_is_read_as_it_is_and_never_fetched(repository, mirror_of, tmp_path):
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 12\n" % (b"a" * 64)
    commit = repository.commit({"a.yaml": pointer, ".gitattributes": "*.yaml filter=lfs diff=lfs merge=lfs -text\n"})
    mirror = mirror_of(repository)
    tree = fetched(mirror)
    blob = next(entry.blob for entry in tree.entries if entry.path == "a.yaml")
    assert mirror.read([blob])[blob] == pointer  # loading refuses it: fixture G08
    mirror.archive_to(commit, tmp_path / "out")
    assert (tmp_path / "out/a.yaml").read_bytes() == pointer


@pytest.mark.parametrize("name", [b"..", b".git", b".GIT", b"git~1", ".g\u200cit".encode()])
def test_g10_names_that_mean_git_or_the_parent_are_refused(repository, mirror_of, name):
    blob = repository.blob(b"x")
    repository.commit_tree(repository.tree(("100644", blob, name)))
    mirror = mirror_of(repository)
    try:
        tree = fetched(mirror)
    except SourceError as error:
        assert error.reason == "BadObjects"
        return
    assert tree.entries == ()
    assert [rule for _, rule, _ in tree.problems] == ["path-git-directory"]


def test_g11_g12_unusable_names_are_shown_escaped_and_the_others_stay_usable(repository, mirror_of, tmp_path):
    blob = repository.blob(b"x")
    names = [
        *(b"a\nb", b"a\tb", b"esc\x1b[31m", "rtl\u202egpj".encode(), b"bad\xff", b"back\\slash", b"C:x"),
        *(b"n" * 255, "wide\u3000space".encode(), b"plain.yaml"),
    ]
    entries = [("100644", blob, name) for name in sorted(names)]
    commit = repository.commit_tree(repository.tree(*entries))
    mirror = mirror_of(repository)
    tree = fetched(mirror)
    assert {entry.path for entry in tree.entries} == {"n" * 255, "plain.yaml", "wide\u3000space"}
    assert {(shown, rule) for shown, rule, _ in tree.problems} == {
        ("C:x", "path-backslash"),
        ("a\\nb", "path-control"),
        ("a\\tb", "path-control"),
        ("back\\slash", "path-backslash"),
        ("bad\\xff", "path-encoding"),
        ("esc\\x1b[31m", "path-control"),
        ("rtl\\u202egpj", "path-control"),
    }
    assert all(f"{shown}{message}".isprintable() for shown, _, message in tree.problems)
    mirror.archive_to(commit, tmp_path / "out")
    assert sorted(os.listdir(os.fsencode(tmp_path / "out"))) == sorted(names)


def test_g13_names_that_differ_only_in_case_or_normal_form_are_all_refused(repository, mirror_of):
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    repository.commit({"w/A.yaml": "1", "w/a.yaml": "2", composed: "1", decomposed: "2", "b": "3"})
    tree = fetched(mirror_of(repository))
    assert [entry.path for entry in tree.entries] == ["b"]
    assert {rule for _, rule, _ in tree.problems} == {"path-collision"}
    messages = {shown: message for shown, _, message in tree.problems}
    assert set(messages) == {"w/A.yaml", "w/a.yaml", composed, decomposed}
    assert "w/a.yaml" in messages["w/A.yaml"]
    assert decomposed in messages[composed]


def test_g15_a_blob_over_the_limit_ends_the_fetch_and_leaves_nothing(repository, mirror_of):
    repository.commit({"big": os.urandom(300_000)})
    mirror = mirror_of(repository, limits=Limits(file_size=100_000))
    assert reason(mirror.fetch, mirror.head()) in ("TooLarge", "FetchFailed")
    assert sum(path.stat().st_size for path in mirror._folder.rglob("*") if path.is_file()) < 50_000
    again = mirror_of(repository)
    assert [entry.size for entry in fetched(again).entries] == [300_000]


def test_g16_sizes_are_known_before_anything_is_read(repository, mirror_of, monkeypatch):
    repository.commit({"flow.yaml": b"#" * 10_000_000, "small.yaml": "x"})
    mirror = mirror_of(repository)
    sizes = {entry.path: entry.size for entry in fetched(mirror).entries}
    assert sizes == {"flow.yaml": 10_000_000, "small.yaml": 1}
    monkeypatch.setattr("windlass.sources.mirror.MAX_READ", 1_000_000)
    assert reason(mirror.read, [entry.blob for entry in mirror.tree(mirror.head().commit).entries]) == "TooLarge"


@pytest.mark.parametrize("leaf", ["file", "nothing"])
def test_g17_a_tree_that_names_itself_a_billion_times_is_given_up(repository, mirror_of, leaf):
    blob = repository.blob(b"x")
    tree = repository.tree(*([("100644", blob, b"f")] if leaf == "file" else []))
    for _ in range(10):
        tree = repository.tree(*[("40000", tree, b"d%d" % number) for number in range(10)])
    repository.commit_tree(tree)
    mirror = mirror_of(repository)
    head = mirror.head()
    mirror.fetch(head)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert reason(mirror.tree, head.commit) == "TooLarge"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime - before.ru_utime < 2


def test_g18_a_bomb_in_the_pack_does_not_take_the_memory(repository, mirror_of):
    repository.commit({"zeros": bytes(60_000_000)})
    mirror = mirror_of(repository, limits=Limits(memory=40_000_000))
    assert [entry.size for entry in fetched(mirror).entries] == [60_000_000]
    starved = mirror_of(repository, folder=mirror._folder.with_name("m2"), limits=Limits(memory=9_000_000))
    reason(starved.fetch, starved.head())


def test_g32_the_date_of_a_commit_decides_nothing(repository, mirror_of):
    repository.commit({"a": "1"})
    tree = repository.git("write-tree")
    raw = f"tree {tree}\nauthor A <a@b.c> 4070908800 +0000\ncommitter A <a@b.c> 4070908800 +0000\n\n2099\n"
    future = repository.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=raw.encode())
    repository.git("update-ref", "HEAD", future)
    mirror = mirror_of(repository)
    fetched(mirror)
    past = repository.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=raw.replace("4070908800", "0").encode())
    repository.git("update-ref", "HEAD", past)
    assert mirror.head().commit == past
