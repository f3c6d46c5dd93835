"""The user's own checkout."""

from __future__ import annotations

import os
import stat

import pytest

from windlass.errors import UsageError
from windlass.sources.work_tree import copy_to, find_root, head_commit, list_files, scan


def test_the_root_is_the_nearest_windlass_yaml_else_the_nearest_git(repository, tmp_path):
    deep = repository.path / "a/b"
    deep.mkdir(parents=True)
    assert find_root(deep) == repository.path
    repository.write({"a/windlass.yaml": "", "a/b/x.yaml": ""})
    assert find_root(deep) == repository.path / "a"
    assert find_root(deep / "x.yaml") == repository.path / "a"
    assert find_root(repository.path) == repository.path


def test_windlass_yaml_far_above_wins_over_a_git_folder_nearer(repository, tmp_path):
    (tmp_path / "windlass.yaml").write_text("")
    assert find_root(repository.path) == tmp_path


def test_no_root_is_a_usage_error_with_a_hint(tmp_path):
    with pytest.raises(UsageError) as caught:
        find_root(tmp_path)
    assert caught.value.hint


def test_files_are_listed_without_following_links_or_entering_git(repository, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/secret.yaml").write_text("x")
    repository.write({"workflows/a.yaml": "12", "workflows/sub/b.yml": "", "actions/x/action.yaml": "", "README": ""})
    (repository.path / "workflows/link.yaml").symlink_to("/etc/passwd")
    (repository.path / "linked").symlink_to(tmp_path / "elsewhere")
    (repository.path / "workflows/a.yaml").chmod(0o755)
    os.mkfifo(repository.path / "workflows/pipe.yaml")
    entries = {entry.path: entry for entry in list_files(repository.path, ["workflows", "windlass.yaml", "linked/x"])}
    assert list(entries) == ["linked", "workflows/a.yaml", "workflows/link.yaml", "workflows/sub/b.yml"]
    assert (entries["workflows/a.yaml"].size, entries["workflows/a.yaml"].mode) == (2, "100755")
    assert entries["workflows/link.yaml"].kind == entries["linked"].kind == "symlink"
    everything = [entry.path for entry in list_files(repository.path)]
    assert "README" in everything
    assert not any(path.startswith(".git/") for path in everything)
    assert [entry.path for entry in list_files(repository.path, ["workflows/a.yaml", "./workflows/"])] == [
        *("workflows/a.yaml", "workflows/link.yaml", "workflows/sub/b.yml")
    ]


@pytest.mark.parametrize("under", ["../x", "/etc", "a/../../b"])
def test_nothing_outside_the_root_is_listed(repository, under):
    with pytest.raises(UsageError):
        list_files(repository.path, [under])


def test_names_have_the_rules_of_a_commit(repository):
    repository.write({"A.yaml": "", "a.yaml": "", "b\\c.yaml": "", "good.yaml": ""})
    (repository.path / os.fsdecode(b"bad\xff.yaml")).write_text("")
    tree = scan(repository.path)
    assert [entry.path for entry in tree.entries] == ["good.yaml"]
    assert [(shown, rule) for shown, rule, _ in tree.problems] == [
        ("A.yaml", "path-collision"),
        ("a.yaml", "path-collision"),
        ("b\\c.yaml", "path-backslash"),
        ("bad\\xff.yaml", "path-encoding"),
    ]


def test_the_commit_is_that_of_head(repository, new_repository, tmp_path):
    assert head_commit(tmp_path) is None
    assert head_commit(repository.path) is None, "no commit yet"
    commit = repository.commit({"a": "1", "deep/x/y": ""})
    assert head_commit(repository.path) == head_commit(repository.path / "deep/x") == commit
    repository.git("pack-refs", "--all")
    repository.git("checkout", "--quiet", "--detach")
    assert head_commit(repository.path) == commit


def test_a_copy_is_the_work_tree_as_it_is(repository, tmp_path):
    repository.write(
        {"run.sh": "x", "d/ignored.o": "y", ".gitignore": "*.o\n", "data/state.db": "z", "sub/.git": "gitdir: x"}
    )
    (repository.path / "run.sh").chmod(0o750)
    (repository.path / "venv").symlink_to("/usr")
    (repository.path / "emptydir").mkdir()
    os.mkfifo(repository.path / "pipe")
    folder = repository.path / "data" / "attempts" / "1"
    copy_to(repository.path, folder, [repository.path / "data" / "state.db"])
    assert sorted(os.listdir(folder)) == [".gitignore", "d", "data", "emptydir", "run.sh", "sub", "venv"]
    assert os.readlink(folder / "venv") == "/usr"
    assert stat.S_IMODE((folder / "run.sh").stat().st_mode) == 0o750
    assert os.listdir(folder / "sub") == []
    assert os.listdir(folder / "data") == ["attempts"]
    assert os.listdir(folder / "data/attempts") == []
