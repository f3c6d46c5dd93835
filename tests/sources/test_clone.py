"""A checkout with its history: a repository of its own that git itself finds nothing wrong with."""

from __future__ import annotations

import subprocess

import pytest

from windlass.errors import SourceError
from windlass.sources.clone import give_history_of_work_tree
from windlass.sources.work_tree import copy_to, head_commit

ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}


def git(folder, *args):
    """As a step would call it."""
    done = subprocess.run(["git", *args], cwd=folder, env=ENV, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def shop(repository):
    """Three commits, a tag on the second, one on a branch of its own."""
    repository.commit({"a.txt": "one\n", "run.sh": "#!/bin/sh\n"}, "first")
    repository.commit({"a.txt": "two\n"}, "second")
    repository.git("tag", "v1")
    repository.git("checkout", "--quiet", "-b", "side")
    repository.commit({"b.txt": "side\n"}, "side")
    repository.git("tag", "-a", "v1-side", "-m", "annotated")
    repository.git("checkout", "--quiet", "main")
    (repository.path / "link").symlink_to("a.txt")
    repository.commit({".gitattributes": "*.txt text eol=crlf filter=lfs\n"}, "third")
    return repository


def checked(folder, commit):
    assert git(folder, "rev-parse", "HEAD") == commit
    assert git(folder, "status", "--porcelain") == ""
    assert git(folder, "log", "--format=%s") == "third\nsecond\nfirst"
    assert git(folder, "describe", "--tags", "--dirty").startswith("v1-1-g")
    assert git(folder, "tag") == "v1\nv1-side"
    assert "+two" in git(folder, "diff", "v1~1..HEAD", "--", "a.txt")
    assert git(folder, "diff-index", "HEAD") == ""
    assert git(folder, "remote") == ""
    assert git(folder, "fsck", "--strict") == ""
    assert not (folder / ".git/hooks").exists()
    assert not (folder / ".git/objects/info/alternates").exists()


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_of_a_local_repository(object_format, new_repository, mirror_of, tmp_path):
    repository = new_repository("one", f"--object-format={object_format}")
    commit = repository.commit({"a.txt": "one"})
    mirror = mirror_of(repository)
    mirror.fetch(mirror.head())
    mirror.clone_to(commit, tmp_path / "work")
    assert git(tmp_path / "work", "rev-parse", "HEAD") == commit
    assert git(tmp_path / "work", "status", "--porcelain") == ""


def test_of_a_server_whose_mirror_was_shallow(shop, git_server, mirror_of, tmp_path):
    mirror = mirror_of(git_server.location(shop))
    head = mirror.head()
    mirror.fetch(head)
    assert (tmp_path / "mirror/mirror.git/shallow").is_file()
    mirror.clone_to(head.commit, tmp_path / "work")
    checked(tmp_path / "work", head.commit)
    text = "".join(p.read_text(errors="replace") for p in (tmp_path / "work/.git").rglob("*") if p.is_file())
    assert git_server.url("") not in text
    assert str(tmp_path / "mirror") not in text


def test_a_server_that_is_away_harms_nothing_once_the_history_is_here(shop, git_server, mirror_of, tmp_path):
    mirror = mirror_of(git_server.location(shop))
    head = mirror.head()
    mirror.fetch(head)
    mirror.clone_to(head.commit, tmp_path / "first")
    mirror._tags_fetched = float("-inf")
    git_server.answer = lambda request: request.send_error(500) is None
    mirror.clone_to(head.commit, tmp_path / "second")
    checked(tmp_path / "second", head.commit)


def test_history_that_cannot_be_had_is_an_error(shop, git_server, mirror_of, tmp_path):
    mirror = mirror_of(git_server.location(shop))
    head = mirror.head()
    mirror.fetch(head)
    git_server.answer = lambda request: request.send_error(500) is None
    with pytest.raises(SourceError):
        mirror.clone_to(head.commit, tmp_path / "work")


def test_a_step_cannot_reach_the_mirror_through_its_clone(shop, mirror_of, tmp_path):
    mirror = mirror_of(shop)
    head = mirror.head()
    mirror.fetch(head)
    mirror.clone_to(head.commit, tmp_path / "work")
    linked = [p for p in (tmp_path / "work/.git").rglob("*") if p.is_file() and p.stat().st_nlink > 1]
    assert linked == []


def test_a_work_tree_with_uncommitted_changes(shop, tmp_path):
    shop.write({"a.txt": "changed\n", "new.txt": "new\n"})
    work = tmp_path / "work"
    copy_to(shop.path, work)
    commit = head_commit(shop.path)
    give_history_of_work_tree(work, commit, shop.path, timeout=60)
    assert git(work, "rev-parse", "HEAD") == commit
    assert git(work, "status", "--porcelain").split() == ["M", "a.txt", "??", "new.txt"]
    assert git(work, "describe", "--tags", "--dirty").endswith("-dirty")


def test_a_linked_work_tree(shop, tmp_path):
    shop.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "side")
    work = tmp_path / "work"
    copy_to(tmp_path / "linked", work)
    give_history_of_work_tree(work, head_commit(tmp_path / "linked"), tmp_path / "linked", timeout=60)
    assert git(work, "describe", "--tags") == "v1-side"


def test_without_a_repository_or_a_commit_it_says_so(new_repository, tmp_path):
    (tmp_path / "plain").mkdir()
    with pytest.raises(SourceError, match=r"has no \.git"):
        give_history_of_work_tree(tmp_path / "work", None, tmp_path / "plain", timeout=60)
    empty = new_repository("empty")
    with pytest.raises(SourceError, match="no commit yet"):
        give_history_of_work_tree(tmp_path / "work", head_commit(empty.path), empty.path, timeout=60)
