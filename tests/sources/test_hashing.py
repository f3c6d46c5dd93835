"""What `hashFiles` gives: the same for a commit and a work tree that has it, by git's own ids."""

from __future__ import annotations

import hashlib

import pytest

from windlass.errors import SourceError
from windlass.sources.hashing import CommitHashes, work_tree_digest

FILES = {
    "a.txt": "one",
    "lib/b.txt": "two",
    "lib/deep/c.lock": "three",
    "big.bin": b"\0" * 3_000_000,
    "ünï.txt": "four",
}
GLOBS = [
    ["a.txt"],
    ["**/*.txt"],
    ["*.txt", "lib/**"],
    ["**", "!lib/**"],
    ["!a.txt"],
    ["lib/"],
    ["lib/*/c.lock", "big.*"],
    ["lib/link"],
]


@pytest.fixture
def filled(repository):
    repository.write(FILES)
    (repository.path / "lib/link").symlink_to("b.txt")
    return repository


@pytest.mark.parametrize("globs", GLOBS)
@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_commit_and_work_tree_agree(globs, object_format, new_repository, mirror_of):
    repository = new_repository("one", f"--object-format={object_format}")
    repository.write(FILES)
    (repository.path / "lib/link").symlink_to("b.txt")
    commit = repository.commit()
    mirror = mirror_of(repository)
    mirror.fetch(mirror.head())
    found = CommitHashes(lambda _, at: mirror.tree(at)).digest("one", commit, globs)
    assert len(found) == 64
    assert work_tree_digest(repository.path, globs) == found


def test_the_digest_is_made_of_paths_and_blob_ids(filled):
    filled.commit()
    blobs = {path: filled.git("rev-parse", f"HEAD:{path}") for path in ("a.txt", "lib/b.txt")}
    expected = hashlib.sha256(b"".join(f"{path}\0{blobs[path]}\0".encode() for path in sorted(blobs)))
    assert work_tree_digest(filled.path, ["lib/b.txt", "a.txt"]) == expected.hexdigest()


def test_no_match_is_empty(filled):
    assert work_tree_digest(filled.path, ["nothing/here.txt"]) == ""
    assert work_tree_digest(filled.path, ["lib"]) == ""


def test_it_follows_content_names_and_uncommitted_changes(filled):
    filled.commit()
    seen = {work_tree_digest(filled.path, ["lib/**"])}
    filled.write({"lib/b.txt": "changed"})
    seen.add(work_tree_digest(filled.path, ["lib/**"]))
    filled.write({"lib/new.txt": ""})
    seen.add(work_tree_digest(filled.path, ["lib/**"]))
    (filled.path / "lib/new.txt").rename(filled.path / "lib/newer.txt")
    seen.add(work_tree_digest(filled.path, ["lib/**"]))
    assert len(seen) == 4
    before = work_tree_digest(filled.path, ["a.txt"])
    filled.write({"elsewhere": "x"})
    assert work_tree_digest(filled.path, ["a.txt"]) == before


def test_a_link_counts_as_a_link(filled, tmp_path):
    before = work_tree_digest(filled.path, ["lib/link"])
    filled.write({"lib/b.txt": "what it leads to has changed"})
    assert work_tree_digest(filled.path, ["lib/link"]) == before


def test_a_file_that_cannot_be_read(filled):
    (filled.path / "a.txt").chmod(0)
    if (filled.path / "a.txt").stat().st_uid == 0:
        (filled.path / "a.txt").unlink()
        (filled.path / "a.txt").mkdir()
        assert work_tree_digest(filled.path, ["a.txt"]) == ""
        return
    with pytest.raises(SourceError, match=r"a\.txt"):
        work_tree_digest(filled.path, ["a.txt"])


def test_a_commit_is_listed_once(filled, mirror_of):
    commit = filled.commit()
    mirror = mirror_of(filled)
    mirror.fetch(mirror.head())
    asked = []

    def tree(repository, at):
        asked.append((repository, at))
        return mirror.tree(at)

    hashes = CommitHashes(tree)
    first = [hashes.digest("one", commit, globs) for globs in GLOBS]
    assert [hashes.digest("one", commit, globs) for globs in GLOBS] == first
    assert asked == [("one", commit)]
