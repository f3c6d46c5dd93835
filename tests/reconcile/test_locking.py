"""`windlass lock` over real repositories: refs, libraries of libraries, circles, content that is not what it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.reconcile.library_repos import action, library, settings
from tests.slow.repo import Repo

from windlass.errors import SourceError
from windlass.loading.lock import lock_text
from windlass.reconcile.library_mirrors import LibraryMirrors, location_of
from windlass.reconcile.locking import make_lock
from windlass.sources.location import Location
from windlass_schemas.repository import Library

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from windlass.loading.lock import Lock

NOTIFY = {"actions/notify/action.yaml": action("notify")}


@pytest.fixture
def mirrors(tmp_path: Path) -> Iterator[LibraryMirrors]:
    made = LibraryMirrors(tmp_path / "mirrors")
    yield made
    made.close()


def locked(tmp_path: Path, mirrors: LibraryMirrors, **libraries: dict[str, str]) -> Lock:
    models = {name: Library.model_validate(written) for name, written in libraries.items()}
    (tmp_path / "shop").mkdir(exist_ok=True)
    return make_lock(models, Location(str(tmp_path / "shop"), local=True), mirrors)


def head(repo: Repo) -> str:
    return repo.git("rev-parse", "HEAD")


def test_each_library_and_those_below_it(tmp_path: Path, mirrors: LibraryMirrors) -> None:
    base = library(tmp_path, "base", {"a/action.yaml": action("a")})
    named = settings(base="git: ../base")
    infra = library(tmp_path, "infra", {**NOTIFY, "windlass.yaml": named}, tag="v1")
    lock = locked(tmp_path, mirrors, infra={"git": "../infra", "ref": "v1", "path": "actions"})
    assert {name: one.commit for name, one in lock.libraries.items()} == {
        "infra": head(infra),
        "infra/base": head(base),
    }
    here = Location(str(tmp_path / "shop"), local=True)
    for name, one in lock.libraries.items():
        files = mirrors.open(location_of(name, lock, here, allow_local=True), one)
        assert files.read([e for e in files.entries if e.path.endswith("action.yaml")])


def test_a_library_below_is_taken_as_its_owner_pinned_it(tmp_path: Path, mirrors: LibraryMirrors) -> None:
    base = library(tmp_path, "base", {"a/action.yaml": action("a")})
    infra = library(tmp_path, "infra", {**NOTIFY, "windlass.yaml": settings(base=f"git: {base.path}")})
    tried = head(base)
    infra.commit({"windlass.lock": lock_text(locked(tmp_path, mirrors, base={"git": str(base.path)}))})
    base.commit({"a/action.yaml": action("a", "run: echo other\n")})
    lock = locked(tmp_path, mirrors, infra={"git": "../infra"})
    assert lock.libraries["infra/base"].commit == tried
    infra.commit({"windlass.yaml": settings(base=f"git: {base.path}, ref: main")})
    lock = locked(tmp_path, mirrors, infra={"git": "../infra"})
    assert lock.libraries["infra/base"].commit == head(base), "its lock is stale, so the ref counts"


def test_a_circle_is_named(tmp_path: Path, mirrors: LibraryMirrors) -> None:
    library(tmp_path, "a", {"windlass.yaml": settings(b="git: ../b")})
    library(tmp_path, "b", {"windlass.yaml": settings(a="git: ../a")})
    with pytest.raises(SourceError) as refused:
        locked(tmp_path, mirrors, a={"git": "../a"})
    assert str(refused.value) == "library a/b/a: libraries name one another in a circle: a → a/b → a/b/a"


def test_a_chain_ends(tmp_path: Path, mirrors: LibraryMirrors) -> None:
    for number in range(11):
        library(tmp_path, f"l{number}", {"windlass.yaml": settings(next=f"git: ../l{number + 1}")})
    with pytest.raises(SourceError, match="end at 10"):
        locked(tmp_path, mirrors, l={"git": "../l0"})


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"git": "../gone"}, "library x: .*is no git repository"),
        ({"git": "../infra", "ref": "v9"}, "library x: there is no tag or branch v9"),
        ({"git": "../broken"}, "library x: its windlass.yaml:3:1: unknown key librarys"),
    ],
)
def test_what_cannot_be_locked(tmp_path: Path, mirrors: LibraryMirrors, written: dict[str, str], said: str) -> None:
    library(tmp_path, "infra", NOTIFY)
    library(tmp_path, "broken", {"windlass.yaml": settings() + "librarys: {}\n"})
    with pytest.raises(SourceError, match=said):
        locked(tmp_path, mirrors, x=written)


def test_the_built_in_name_is_refused(tmp_path: Path, mirrors: LibraryMirrors) -> None:
    library(tmp_path, "infra", NOTIFY)
    with pytest.raises(SourceError, match="std is built in"):
        locked(tmp_path, mirrors, std={"git": "../infra"})


def test_contents_that_are_not_those_locked(tmp_path: Path, mirrors: LibraryMirrors) -> None:
    infra = library(tmp_path, "infra", NOTIFY)
    lock = locked(tmp_path, mirrors, infra={"git": "../infra", "path": "actions"})
    one = lock.libraries["infra"]
    where = Location(str(infra.path), local=True)
    from dataclasses import replace

    with pytest.raises(SourceError) as refused:
        mirrors.open(where, replace(one, hash="sha256:" + "0" * 64))
    assert refused.value.reason == "HashMismatch"
    with pytest.raises(SourceError) as refused:
        mirrors.open(where, replace(one, commit="0" * 40))
    assert refused.value.reason == "CommitMissing"


@pytest.mark.parametrize("git", ["file:///x", "/x", "../x"])
def test_folders_are_refused_where_a_server_is_open_to_others(git: str) -> None:
    from windlass.reconcile.library_mirrors import library_location

    with pytest.raises(SourceError) as refused:
        library_location(git, Location("/shop", local=True), allow_local=False)
    assert refused.value.reason == "NotAllowed"
