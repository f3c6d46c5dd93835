"""Libraries on the command line: run and checked as locked, from the cache, with the library away."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.reconcile.library_repos import action, library, settings
from tests.slow.repo import workflow

if TYPE_CHECKING:
    from tests.slow.home import Home
    from tests.slow.repo import Repo

SAY = """inputs: {text: {type: string}}
outputs: {said: {type: string}}
run: echo "said=%s $INPUT_TEXT" >> "$WINDLASS_OUTPUT"
"""
ROLL = workflow(
    "roll",
    """
    inputs: {text: {type: string}}
    outputs: {said: "${{ steps.mine.outputs.said }}, ${{ steps.theirs.outputs.said }}"}
    steps:
      mine: {uses: ./lib/say, with: {text: "${{ inputs.text }}"}}
      theirs: {uses: base/say, with: {text: "${{ inputs.text }}"}}
    """,
)
USER = workflow(
    "user",
    """
    outputs: {plain: "${{ steps.plain.outputs.said }}", rolled: "${{ steps.rolled.outputs.said }}"}
    steps:
      plain: {uses: infra/say, with: {text: one}}
      rolled: {uses: infra/roll.yaml, with: {text: two}}
    """,
)


@pytest.fixture
def infra(home: Home, repo: Repo) -> Repo:
    """Locked by `repo`; it names a library of its own by the same alias of an action."""
    library(home.folder, "base", {"say/action.yaml": action("say", SAY % "base")})
    files = {"lib/say/action.yaml": action("say", SAY % "infra"), "lib/roll.yaml": ROLL}
    made = library(home.folder, "infra", files | {"windlass.yaml": settings(base="git: ../base")}, tag="v1")
    repo.commit(
        {"workflows/user.yaml": USER, "windlass.yaml": settings(infra=f"git: file://{made.path}, ref: v1, path: lib")}
    )
    assert home.windlass("lock", cwd=repo.path).returncode == 0
    return made


def test_a_run_takes_what_is_locked(home: Home, repo: Repo, infra: Repo) -> None:
    said = {"plain": "infra one", "rolled": "infra two, base two"}
    assert home.run_json(repo.path, "user")["outputs"] == said
    infra.commit({"lib/say/action.yaml": action("say", SAY % "other")})
    infra.git("tag", "--force", "v1")
    assert home.run_json(repo.path, "user")["outputs"] == said, "the tag has moved, the lock has not"
    home.windlass("lock", cwd=repo.path)
    assert home.run_json(repo.path, "workflows/user.yaml")["outputs"]["plain"] == "other one"
    for one in (infra.path, home.folder / "base"):
        shutil.rmtree(one)
    assert home.run_json(repo.path, "user")["outputs"]["plain"] == "other one", "what was fetched once is here"


def test_the_cache_is_filled_by_a_run_and_never_by_a_check(home: Home, repo: Repo, infra: Repo) -> None:
    cache = home.folder / "home/cache/windlass/libraries"
    shutil.rmtree(cache)
    checked = home.windlass("check", "--output", "json", cwd=repo.path)
    assert [p["rule"] for p in json.loads(checked.stdout)["problems"]] == ["library-not-checked"]
    assert checked.returncode == 0
    assert not cache.exists() or not list(cache.rglob("*.pack"))
    assert home.run_json(repo.path, "user")["status"] == "succeeded"
    assert json.loads(home.windlass("check", "--output", "json", cwd=repo.path).stdout)["problems"] == []


def test_a_run_without_its_library_says_so(home: Home, repo: Repo, infra: Repo) -> None:
    shutil.rmtree(home.folder / "home/cache/windlass/libraries")
    shutil.rmtree(infra.path)
    failed = home.windlass("run", "user", cwd=repo.path)
    assert failed.returncode == 2
    assert "[library-unavailable]" in failed.stderr
    (repo.path / "windlass.lock").unlink()
    failed = home.windlass("run", "user", cwd=repo.path)
    assert failed.returncode == 2
    assert "[library-not-locked]" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_lock_that_was_edited(home: Home, repo: Repo, infra: Repo) -> None:
    file = repo.path / "windlass.lock"
    text = file.read_text()
    first, last = text.split("sha256:", 1)
    file.write_text(f"{first}sha256:{'0' * 64}{last[64:]}")
    failed = home.windlass("run", "user", cwd=repo.path)
    assert failed.returncode == 2
    assert "[library-mismatch]" in failed.stderr
    infra.commit({"lib/say/action.yaml": action("say", SAY % "other")})
    file.write_text(text.replace(infra.git("rev-parse", "HEAD~1"), infra.git("rev-parse", "HEAD")))
    failed = home.windlass("run", "user", cwd=repo.path)
    assert "[library-mismatch]" in failed.stderr, "another commit has other contents"
