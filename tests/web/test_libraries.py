"""A server with libraries: loaded as locked, kept while they are needed, asked for again when they come back."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from tests.reconcile.library_repos import action, library, settings

from windlass.loading.lock import lock_text
from windlass.reconcile.library_mirrors import LibraryMirrors
from windlass.reconcile.locking import make_lock
from windlass.sources.location import Location
from windlass_schemas.repository import Library

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.slow.repo import Repo
    from tests.web.site import Site

USES = """apiVersion: windlass.dev/v1
kind: Workflow
metadata: {name: %s}
steps:
  build: {uses: infra/say}
"""
ALONE = USES.replace("uses: infra/say", "run: echo alone")


@pytest.fixture
def infra(tmp_path: Path) -> Repo:
    return library(tmp_path, "infra", {"lib/say/action.yaml": action("say", "run: echo one\n")}, tag="v1")


@pytest.fixture
def files(tmp_path: Path, infra: Repo) -> Callable[..., dict[str, str]]:
    """windlass.yaml and windlass.lock for `ref` of the library, as it is now."""

    def make(ref: str = "v1", **changed: str) -> dict[str, str]:
        written = {"git": f"file://{infra.path}", "ref": ref, "path": "lib"}
        mirrors = LibraryMirrors(tmp_path / "laptop")
        lock = make_lock({"infra": Library.model_validate(written)}, Location(str(tmp_path), local=True), mirrors)
        mirrors.close()
        named = ", ".join(f"{key}: {value}" for key, value in written.items())
        return {"windlass.yaml": settings(infra=named), "windlass.lock": lock_text(lock), **changed}

    return make


def conditions(repository: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {one["type"]: (one["status"], one["reason"]) for one in repository["conditions"]}


def rules(repository: dict[str, Any]) -> list[tuple[str, str]]:
    return [(problem["file"], problem["rule"]) for problem in repository["problems"]]


def head(repo: Repo) -> str:
    return repo.git("rev-parse", "HEAD")


def test_loaded_as_locked_whatever_the_tag_does(
    new_site: Callable[..., Site], infra: Repo, files: Callable[..., dict[str, str]]
) -> None:
    site = new_site({**files(), "workflows/a.yaml": USES % "a"})
    shown = site.reconcile()
    first = head(infra)
    assert conditions(shown)["LibrariesFetched"] == ("True", "Fetched")
    assert rules(shown) == []
    assert shown["libraries"]["infra"]["commit"] == first
    infra.commit({"lib/say/action.yaml": action("say", "run: echo two\n")})
    infra.git("tag", "--force", "v1")
    assert site.reconcile()["libraries"]["infra"]["commit"] == first
    used = site.parts.catalog.get("shop", "a").used["infra/say"]
    assert (used.document["run"], used.library, used.commit) == ("echo one", "infra", first)
    shown = site.push(files())
    used = site.parts.catalog.get("shop", "a").used["infra/say"]
    assert (used.document["run"], used.commit) == ("echo two", head(infra))
    mirror = site.libraries._mirrors.of(Location(str(infra.path), local=True))
    assert mirror.pins() == {head(infra)}, "nobody needs the first one any more"


def test_an_unreachable_library_leaves_the_last_good_version(
    new_site: Callable[..., Site], infra: Repo, files: Callable[..., dict[str, str]]
) -> None:
    site = new_site({**files(), "workflows/a.yaml": USES % "a", "workflows/b.yaml": ALONE % "b"})
    first = site.head
    infra.commit({"lib/say/action.yaml": action("say", "run: echo two\n")})
    infra.git("tag", "--force", "v1")
    moved = files(**{"workflows/b.yaml": ALONE.replace("alone", "changed") % "b"})
    away = infra.path.rename(infra.path.with_name("away"))
    shown = site.push(moved)
    assert conditions(shown)["LibrariesFetched"] == ("False", "LibraryUnavailable")
    assert conditions(shown)["Ready"][0] == "False"
    assert rules(shown) == [("workflows/a.yaml", "library-unavailable")]
    live = {name: (one.stale, one.commit) for name, one in site.parts.catalog.of("shop").items()}
    assert live == {"a": (True, first), "b": (False, shown["commit"])}, "only what uses it stays behind"
    away.rename(infra.path)
    shown = site.reconcile()
    assert rules(shown) == []
    assert conditions(shown)["Ready"][0] == "True"
    assert site.parts.catalog.get("shop", "a").used["infra/say"].document["run"] == "echo two"


def test_a_lock_edited_by_hand(
    new_site: Callable[..., Site], infra: Repo, files: Callable[..., dict[str, str]]
) -> None:
    good = files()
    site = new_site({**good, "workflows/a.yaml": USES % "a"})
    first = head(infra)
    second = infra.commit({"lib/say/action.yaml": action("say", "run: echo evil\n")})
    shown = site.push({"windlass.lock": good["windlass.lock"].replace(first, second)})
    assert rules(shown) == [("workflows/a.yaml", "library-mismatch")]
    live = site.parts.catalog.get("shop", "a")
    assert (live.stale, live.used["infra/say"].document["run"]) == (True, "echo one")
    shown = site.push({"windlass.lock": "libraries: ["})
    assert rules(shown) == [("windlass.lock", "yaml-syntax"), ("workflows/a.yaml", "library-not-locked")]
    assert shown["libraries"]["infra"]["commit"] == second, "what was locked last is still held"
    assert rules(site.push(good)) == []


def test_nothing_is_needed_from_a_library_that_is_here(
    new_site: Callable[..., Site], infra: Repo, files: Callable[..., dict[str, str]]
) -> None:
    site = new_site({**files(), "workflows/a.yaml": USES % "a"})
    shutil.rmtree(infra.path)
    shown = site.push({"workflows/c.yaml": USES % "c"})
    assert rules(shown) == []
    assert set(site.parts.catalog.of("shop")) == {"a", "c"}


def test_folders_are_for_open_servers(
    new_site: Callable[..., Site], infra: Repo, files: Callable[..., dict[str, str]]
) -> None:
    site = new_site({**files(), "workflows/a.yaml": USES % "a"}, tokens=True)
    shown = site.reconcile()
    assert rules(shown) == [("workflows/a.yaml", "library-unavailable")]
    assert "open to this machine alone" in shown["problems"][0]["message"]
    assert site.parts.catalog.of("shop") == {}


def test_what_a_run_used_is_in_its_plan(
    new_site: Callable[..., Site], infra: Repo, files: Callable[..., dict[str, str]]
) -> None:
    site = new_site({**files(), "workflows/a.yaml": USES % "a"})
    run = site.begin("a")
    assert site.http.get(f"/api/v1/runs/{run}/plan").json()["libraries"] == {"infra": head(infra)}
