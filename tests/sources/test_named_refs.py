"""What a library's `ref` stands for, in a folder and on a server: tags, branches, commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from windlass.errors import SourceError
from windlass.sources.named_refs import Named, refs_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler

    from tests.sources.conftest import GitServer, MakeMirror, Repository

    from windlass.sources.mirror import Mirror

WHERE = pytest.mark.parametrize("where", ["folder", "server"])


@pytest.fixture
def mirror(repository: Repository, git_server: GitServer, mirror_of: MakeMirror) -> Callable[[str], Mirror]:
    return lambda where: mirror_of(repository if where == "folder" else git_server.location(repository))


@WHERE
def test_tags_branches_and_commits(where: str, repository: Repository, mirror: Callable[[str], Mirror]) -> None:
    first = repository.commit({"a": "1"})
    repository.git("tag", "--annotate", "--message", "one", "v1")
    repository.git("tag", "both")
    second = repository.commit({"a": "2"})
    repository.git("branch", "both")
    repository.git("branch", "feature/x")
    found = mirror(where)
    assert found.find("v1").commit == first, "an annotated tag stands for its commit"
    assert found.find("both").commit == first, "a tag wins over a branch of its name"
    assert found.find("feature/x").commit == second
    assert found.find(None).commit == second
    assert found.find(first).commit == first


@WHERE
@pytest.mark.parametrize("ref", ["v9", "abcdef1", "--upload-pack=x", "a b", "main~1", "refs/heads/main"])
def test_what_is_no_ref(where: str, ref: str, repository: Repository, mirror: Callable[[str], Mirror]) -> None:
    repository.commit({"a": "1"})
    with pytest.raises(SourceError) as refused:
        mirror(where).find(ref)
    assert refused.value.reason == "SourceMissing"
    assert ("in full" in str(refused.value)) == (ref == "abcdef1")


@WHERE
def test_a_commit_is_brought_and_stays(where: str, repository: Repository, mirror: Callable[[str], Mirror]) -> None:
    first = repository.commit({"a": "1"})
    repository.git("tag", "v1")
    found = mirror(where)
    found.bring(found.find("v1"))
    repository.commit({"a": "2"})
    repository.git("tag", "--force", "v1")
    found.bring(found.find("v1"))
    assert found.pins() == {first, repository.git("rev-parse", "HEAD")}
    assert [entry.size for entry in found.tree(first).entries] == [1]


def test_what_is_here_is_not_asked_for(repository: Repository, git_server: GitServer, mirror_of: MakeMirror) -> None:
    repository.commit({"a": "1"})
    mirror = mirror_of(git_server.location(repository))
    named = mirror.find(None)
    mirror.bring(named)
    asked = len(git_server.requests)
    mirror.bring(named)
    assert len(git_server.requests) == asked


def test_a_server_that_gives_no_commits_by_id(
    repository: Repository, git_server: GitServer, mirror_of: MakeMirror
) -> None:
    """The ref has moved on; its history still leads to the commit."""
    first = repository.commit({"a": "1"})
    repository.commit({"a": "2"})

    def answer(request: BaseHTTPRequestHandler) -> bool:
        del request.headers["Git-Protocol"]  # protocol version 0, in which only what a ref shows may be asked for
        return False

    git_server.answer = answer
    mirror = mirror_of(git_server.location(repository))
    mirror.bring(Named(first, refs_of("main")))
    assert mirror.has(first)
    with pytest.raises(SourceError):
        mirror.bring(Named("0" * 40, refs_of("main")))


@pytest.mark.parametrize("ref", ["a:b", "*", "-x", "a b", "x^{}", "a\nb", "../x"])
def test_no_ref_of_a_lock_becomes_more_than_a_name(ref: str) -> None:
    assert refs_of(ref) == ()


def test_where_a_commit_is_looked_for() -> None:
    assert refs_of("v1") == ("refs/tags/v1", "refs/heads/v1")
    assert refs_of("a" * 40) == ()
    assert refs_of(None) == ("HEAD",)
