"""The mirror against real local repositories: heads, fetches, pins, trees, contents."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading

import pytest

from windlass.errors import SourceError, UsageError
from windlass.sources import mirror as mirror_module
from windlass.sources.command import run_git
from windlass.sources.location import Location


def reason(call, *args):
    with pytest.raises(SourceError) as caught:
        call(*args)
    assert "\n" not in str(caught.value)
    return caught.value.reason


def paths(tree):
    return [entry.path for entry in tree.entries]


def text_of(mirror, commit, path):
    blob = next(entry.blob for entry in mirror.tree(commit).entries if entry.path == path)
    return mirror.read([blob])[blob]


def test_a_commit_is_fetched_and_read(repository, mirror_of):
    commit = repository.commit({"workflows/a.yaml": "kind: Workflow\n", "empty": "", "ünï/ö.yaml": "x"})
    mirror = mirror_of(repository)
    head = mirror.head()
    assert (head.branch, head.commit) == ("main", commit)
    mirror.fetch(head)
    assert paths(mirror.tree(commit)) == ["empty", "workflows/a.yaml", "ünï/ö.yaml"]
    assert text_of(mirror, commit, "workflows/a.yaml") == b"kind: Workflow\n"
    assert text_of(mirror, commit, "empty") == b""


def test_the_branch_that_is_checked_out_is_followed(repository, mirror_of):
    first = repository.commit({"a": "1"})
    mirror = mirror_of(repository)
    assert mirror.head().branch == "main"
    repository.git("checkout", "--quiet", "-b", "topic/x")
    second = repository.commit({"a": "2"})
    assert mirror.head() == mirror_module.Head("topic/x", second)
    mirror.fetch(mirror.head())
    assert mirror.changed(first, second) is None, "the first commit was never fetched"
    repository.git("checkout", "--quiet", "--detach")
    repository.git("branch", "--quiet", "--delete", "--force", "topic/x")
    repository.git("checkout", "--quiet", "-b", "topic")
    third = repository.commit({"a": "3"})
    mirror.fetch(mirror.head())
    assert text_of(mirror, third, "a") == b"3", "a branch named like the folder of an earlier one"
    assert mirror_of(repository, "main", folder=repository.path.parent / "m2").head().commit == first


def test_packed_refs_worktrees_and_detached_heads_are_read_without_a_process(repository, mirror_of, tmp_path):
    first = repository.commit({"a": "1"})
    second = repository.commit({"a": "2"})
    repository.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "linked"), first)
    repository.git("pack-refs", "--all")
    linked = mirror_of(Location(str(tmp_path / "linked"), local=True), folder=tmp_path / "m1")
    assert linked.head() == mirror_module.Head("side", first)
    linked.fetch(linked.head())
    assert paths(linked.tree(first)) == ["a"]
    assert mirror_of(repository).head() == mirror_module.Head("main", second)
    repository.git("checkout", "--quiet", "--detach", first)
    detached = mirror_of(repository, folder=tmp_path / "m2")
    assert detached.head() == mirror_module.Head("HEAD", first)
    detached.fetch(detached.head())
    assert paths(detached.tree(first)) == ["a"]


def test_the_commits_of_a_rebase_that_is_under_way_are_not_followed(repository, mirror_of):
    repository.commit({"a": "1"})
    repository.git("checkout", "--quiet", "-b", "topic")
    tip = repository.commit({"b": "1"})
    repository.git("-c", "sequence.editor=sed -i 's/^pick/edit/'", "rebase", "--quiet", "-i", "--force", "main~0")
    assert (repository.path / ".git/rebase-merge").is_dir()
    assert mirror_of(repository).head() == mirror_module.Head("topic", tip)


def test_missing_branches_and_empty_repositories_have_their_reasons(repository, new_repository, mirror_of, tmp_path):
    assert reason(mirror_of(repository).head) == "EmptyRepository"
    assert reason(mirror_of(repository, "gone").head) == "EmptyRepository"
    repository.commit({"a": "1"})
    assert reason(mirror_of(repository, "gone").head) == "SourceMissing"
    assert reason(mirror_of(Location(str(tmp_path), local=True)).head) == "NotARepository"
    assert reason(mirror_of(Location(str(tmp_path / "nowhere"), local=True)).head) == "NotARepository"


@pytest.mark.parametrize("name", ["-x", "a..b", "a b", "refs/heads/*", "a\nb", "@{u}", "", "x.lock", "a~1", "HEAD^{x}"])
def test_a_branch_name_that_git_would_read_as_something_else_is_refused(repository, mirror_of, name):
    with pytest.raises(UsageError):
        mirror_of(repository, name)


def test_g26_a_tag_of_the_same_name_or_named_like_a_commit_means_nothing(repository, mirror_of):
    first = repository.commit({"a": "1"})
    second = repository.commit({"a": "2"})
    repository.git("tag", "main", first)
    repository.git("tag", second, first)
    mirror = mirror_of(repository, "main")
    assert mirror.head().commit == second
    mirror.fetch(mirror.head())
    assert text_of(mirror, second, "a") == b"2"


def test_g28_r17_a_force_push_and_gc_upstream_change_nothing_for_a_pinned_commit(repository, mirror_of, monkeypatch):
    old = repository.commit({"a": "old"})
    mirror = mirror_of(repository)
    mirror.fetch(mirror.head())
    mirror.pin(old)
    mirror.pin(old)
    repository.git("checkout", "--quiet", "--orphan", "other")
    new = repository.commit({"a": "new"})
    repository.git("branch", "--force", "main", new)
    repository.git("checkout", "--quiet", "main")
    repository.git("reflog", "expire", "--expire=now", "--all")
    repository.git("gc", "--quiet", "--prune=now")
    mirror.fetch(mirror.head())
    run_git(["gc", "--quiet", "--prune=now"], git_dir=mirror._git_dir)
    assert mirror.head().commit == new
    assert text_of(mirror, old, "a") == b"old"
    assert mirror.changed(old, new) == ["a"]
    assert not mirror.descends(old, new)
    assert mirror.descends(old, old)
    mirror.unpin(old)
    mirror.unpin(old)
    run_git(["gc", "--quiet", "--prune=now"], git_dir=mirror._git_dir)
    mirror.close()
    assert reason(mirror.tree, old) == "CommitMissing"


def test_a_pin_of_something_unknown_is_refused(repository, mirror_of):
    repository.commit({"a": "1"})
    mirror = mirror_of(repository)
    mirror.fetch(mirror.head())
    assert reason(mirror.pin, "0" * 40) == "CommitMissing"
    assert reason(mirror.pin, "--upload-pack=touch x") == "CommitMissing"
    assert reason(mirror.tree, "HEAD") == "CommitMissing"
    assert reason(mirror.read, ["HEAD:a"]) == "ObjectMissing"
    assert reason(mirror.read, ["0" * 40]) == "ObjectMissing"
    assert reason(mirror.read, [mirror.head().commit]) == "ObjectMissing"


def test_changed_names_every_path_that_a_commit_of_the_push_touched(repository, mirror_of):
    old = repository.commit({"a": "1", "b": "1", "c": "1"})
    mirror = mirror_of(repository)
    mirror.fetch(mirror.head())
    repository.commit({"a": "2"})
    repository.commit({"a": "1"}, "take it back")
    repository.git("checkout", "--quiet", "-b", "side", old)
    repository.commit({"c": "2"})
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-edit", "side")
    (repository.path / "b").unlink()
    new = repository.commit({"d": "1"})
    mirror.fetch(mirror.head())
    assert mirror.changed(old, new) == ["a", "b", "c", "d"]
    assert mirror.changed(new, new) == []
    assert mirror.changed("1" * 40, new) is None


def test_g31_a_thousand_commits_are_one_fetch_of_the_newest(repository, mirror_of):
    repository.commit({"a": "0"})
    mirror = mirror_of(repository)
    mirror.fetch(mirror.head())
    stream = b"".join(
        b"commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata 1\nx%s\nM 100644 inline a\ndata %d\n%d\n"
        % (number, b"\nfrom refs/heads/main^0" if number == 1 else b"", len(str(number)), number)
        for number in range(1, 1001)
    )
    repository.git("fast-import", "--quiet", "--force", stdin=stream)
    packs = mirror._git_dir / "objects" / "pack"
    before = len(list(packs.glob("*.pack")))
    head = mirror.head()
    mirror.fetch(head)
    assert text_of(mirror, head.commit, "a") == b"1000"
    assert len(list(packs.glob("*.pack"))) == before + 1


def test_g35_a_repository_inside_the_repository_is_plain_files(repository, mirror_of, tmp_path):
    commit = repository.commit(
        {
            "inner/HEAD": "ref: refs/heads/x\n",
            "inner/config": "[core]\n\tfsmonitor = touch pwned\n",
            "inner/objects/x": "",
        }
    )
    mirror = mirror_of(repository)
    mirror.fetch(mirror.head())
    assert paths(mirror.tree(commit)) == ["inner/HEAD", "inner/config", "inner/objects/x"]
    mirror.archive_to(commit, tmp_path / "out")
    assert (tmp_path / "out/inner/config").read_text().startswith("[core]")


def test_a_shallow_clone_as_the_source_is_fetched(repository, mirror_of, tmp_path):
    repository.commit({"a": "1"})
    commit = repository.commit({"a": "2"})
    shallow = tmp_path / "shallow"
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.path}", str(shallow))
    mirror = mirror_of(Location(str(shallow), local=True))
    mirror.fetch(mirror.head())
    assert text_of(mirror, commit, "a") == b"2"


def test_a_sha256_repository_is_mirrored(new_repository, mirror_of):
    repository = new_repository("upstream", "--object-format=sha256")
    commit = repository.commit({"a": "1"})
    assert len(commit) == 64
    mirror = mirror_of(repository)
    mirror.fetch(mirror.head())
    assert text_of(mirror, commit, "a") == b"1"


def test_a_repository_of_another_owner_is_read_all_the_same(repository, mirror_of):
    commit = repository.commit({"a": "1"})
    owner = 65534 if os.geteuid() == 0 else os.geteuid()  # only root can give files away
    for path in [repository.path, *repository.path.rglob("*")]:
        os.chown(path, owner, -1)
    mirror = mirror_of(repository)
    mirror.fetch(mirror.head())
    assert paths(mirror.tree(commit)) == ["a"]


def test_a_path_with_quotes_and_spaces_is_fetched(new_repository, mirror_of):
    repository = new_repository('a "quoted" \\ dir')
    commit = repository.commit({"a": "1"})
    mirror = mirror_of(repository)
    mirror.fetch(mirror.head())
    assert paths(mirror.tree(commit)) == ["a"]


def test_a_clone_killed_half_way_is_repaired(repository, mirror_of):
    commit = repository.commit({"a": "1"})
    mirror = mirror_of(repository)
    half = mirror._folder / "new-x" / "mirror.git"
    half.mkdir(parents=True)
    (half / "HEAD").write_text("")
    mirror.fetch(mirror.head())
    assert not half.exists()
    mirror.close()
    git_dir = mirror._git_dir
    for rubbish in (
        "shallow.lock",
        "packed-refs.lock",
        "config.lock",
        "objects/pack/tmp_pack_1",
        "objects/pack/a.lock",
    ):
        (git_dir / rubbish).write_bytes(b"half")
    (git_dir / "refs/windlass/newest.lock").write_bytes(b"")
    new = repository.commit({"a": "2"})
    again = mirror_of(repository)
    again.fetch(again.head())
    assert text_of(again, new, "a") == b"2"
    assert text_of(again, commit, "a") == b"1"
    assert not list(git_dir.rglob("*.lock"))
    assert not list(git_dir.rglob("tmp_*"))


def test_a_git_left_over_from_an_earlier_life_is_ended(repository, mirror_of):
    repository.commit({"a": "1"})
    mirror = mirror_of(repository)
    leftover = subprocess.Popen(["sleep", "60"], start_new_session=True)
    bystander = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        mirror._folder.mkdir()
        mirror_module.repair.note_running(mirror._folder, leftover.pid)
        mirror.fetch(mirror.head())
        assert leftover.wait(60) == -signal.SIGKILL
        (mirror._folder / "running").write_text(f"{bystander.pid} 12345")  # the id is another process's by now
        again = mirror_of(repository)
        again.fetch(again.head())
        assert bystander.poll() is None
    finally:
        for process in (leftover, bystander):
            process.kill()
            process.wait()


def test_reading_survives_the_death_of_its_process(repository, mirror_of):
    commit = repository.commit({"a": "1"})
    mirror = mirror_of(repository)
    mirror.fetch(mirror.head())
    blob = mirror.tree(commit).entries[0].blob
    for _ in range(2):
        process = mirror._reader._process
        process.kill()
        assert mirror.read([blob]) == {blob: b"1"}
        assert mirror._reader._process.pid != process.pid


def test_a_reader_that_stops_half_way_does_not_harm_the_next(repository, mirror_of):
    commit = repository.commit({"a": "1" * 500_000, "b": "2"})
    mirror = mirror_of(repository)
    mirror.fetch(mirror.head())
    first, second = (entry.blob for entry in mirror.tree(commit).entries)

    def full(blob, piece):
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        mirror._reader.contents([first, second], full)
    assert mirror.read([second]) == {second: b"2"}


def test_reading_from_many_threads_gives_each_its_own_answer(repository, mirror_of):
    commit = repository.commit({f"f{number}": f"{number}\n" * (number * 40) for number in range(60)})
    mirror = mirror_of(repository)
    mirror.fetch(mirror.head())
    entries = mirror.tree(commit).entries
    wrong = []

    def read(offset):
        for entry in entries[offset:] + entries[:offset]:
            content = mirror.read([entry.blob])[entry.blob]
            if len(content) != entry.size or not content.startswith(entry.path[1:].encode() * (entry.size > 0)):
                wrong.append(entry.path)

    threads = [threading.Thread(target=read, args=(number * 7,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_many_fetches_become_one_pack(repository, mirror_of, monkeypatch):
    monkeypatch.setattr(mirror_module, "_PACKS_BEFORE_REPACK", 3)
    mirror = mirror_of(repository)
    commits = []
    for number in range(5):
        commits.append(repository.commit({"a": str(number)}))
        mirror.fetch(mirror.head())
        mirror.pin(commits[-1])
    assert len(list((mirror._git_dir / "objects/pack").glob("*.pack"))) <= 3
    assert [text_of(mirror, commit, "a") for commit in commits] == [b"0", b"1", b"2", b"3", b"4"]


def test_a_broken_source_leaves_what_was_here(repository, mirror_of):
    commit = repository.commit({"a": "1"})
    mirror = mirror_of(repository)
    mirror.fetch(mirror.head())
    repository.commit({"a": "2"})
    head = mirror.head()
    shutil.rmtree(repository.path / ".git/objects")
    (repository.path / ".git/objects").mkdir()
    assert reason(mirror.fetch, head) in ("FetchFailed", "BadObjects", "RepositoryNotFound", "NotARepository")
    assert text_of(mirror, commit, "a") == b"1"


@pytest.mark.parametrize("local", [True, False])
def test_tags_are_told_by_the_commit_they_stand_for(repository, mirror_of, tmp_path, local):
    first = repository.commit({"a": "1"})
    where = Location(str(repository.path), local=True) if local else Location(f"file://{repository.path}", local=False)
    mirror = mirror_of(where, folder=tmp_path / "m1")
    assert mirror.tags() == {}
    repository.git("tag", "light")
    repository.git("tag", "--annotate", "--message", "x", "rel/v1")
    second = repository.commit({"a": "2"})
    assert mirror.tags() == {"light": first, "rel/v1": first}
    repository.git("tag", "--force", "light")
    repository.git("tag", "--annotate", "--message", "x", "v2")
    repository.git("pack-refs", "--all")
    assert mirror.tags() == {"light": second, "rel/v1": first, "v2": second}
    repository.git("tag", "--delete", "v2")
    assert set(mirror.tags()) == {"light", "rel/v1"}


def test_a_commit_has_an_author_when_it_is_here(repository, mirror_of):
    commit = repository.commit({"a": "1"})
    mirror = mirror_of(repository)
    assert mirror.author(commit) is None
    mirror.fetch(mirror.head())
    assert mirror.author(commit) == "Ada"
    assert mirror.author("--all") is None
