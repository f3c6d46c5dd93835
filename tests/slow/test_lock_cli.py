"""`windlass lock`: written, compared, refused; each as the command of a user in a repository."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.reconcile.library_repos import action, library, settings

if TYPE_CHECKING:
    from tests.slow.home import Home
    from tests.slow.repo import Repo

NOTIFY = {"actions/notify/action.yaml": action("notify")}


@pytest.fixture
def infra(home: Home, repo: Repo) -> Repo:
    made = library(home.folder, "infra", NOTIFY, tag="v1")
    repo.commit({"windlass.yaml": settings(infra="git: ../infra, ref: v1, path: actions")})
    return made


def test_written_once_and_current_afterwards(home: Home, repo: Repo, infra: Repo) -> None:
    stale = home.windlass("lock", "--check", cwd=repo.path)
    assert (stale.returncode, stale.stdout.splitlines()[0]) == (1, "infra is not locked")
    commit = infra.git("rev-parse", "HEAD")
    first = home.windlass("lock", cwd=repo.path)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.splitlines()[0] == f"infra: v1 is at {commit[:12]}"
    text = (repo.path / "windlass.lock").read_text()
    written = yaml.safe_load(text)["libraries"]["infra"]
    assert (written["git"], written["ref"], written["path"], written["commit"]) == ("../infra", "v1", "actions", commit)
    assert home.windlass("lock", cwd=repo.path).stdout == "windlass.lock is current\n"
    assert (repo.path / "windlass.lock").read_text() == text
    (repo.path / "workflows").mkdir()
    assert home.windlass("lock", "--check", cwd=repo.path / "workflows").returncode == 0


def test_that_the_library_moved_on_is_no_reason_to_be_stale(home: Home, repo: Repo, infra: Repo) -> None:
    old = infra.git("rev-parse", "HEAD")
    home.windlass("lock", cwd=repo.path)
    new = infra.commit({"actions/notify/action.yaml": action("notify", "run: echo new\n")})
    infra.git("tag", "--force", "v1")
    assert home.windlass("lock", "--check", cwd=repo.path).returncode == 0
    moved = home.windlass("lock", cwd=repo.path)
    assert moved.stdout.splitlines()[0] == f"infra: v1 {old[:12]} → {new[:12]}"


def test_another_ref_is_stale_and_nobody_is_asked(home: Home, repo: Repo, infra: Repo) -> None:
    home.windlass("lock", cwd=repo.path)
    shutil.rmtree(infra.path)
    repo.write({"windlass.yaml": settings(infra="git: ../infra, ref: v2, path: actions", more="git: /x")})
    stale = home.windlass("lock", "--check", cwd=repo.path)
    assert stale.returncode == 1
    assert stale.stdout.splitlines() == [
        "infra is locked for something else: ref is v1, windlass.yaml says v2",
        "more is not locked",
        "windlass.lock is stale: run windlass lock",
    ]


def test_what_cannot_be_reached_leaves_the_lock_as_it_was(home: Home, repo: Repo, infra: Repo) -> None:
    home.windlass("lock", cwd=repo.path)
    before = (repo.path / "windlass.lock").read_text()
    shutil.rmtree(infra.path)
    failed = home.windlass("lock", cwd=repo.path)
    assert failed.returncode == 1
    assert "library infra:" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert (repo.path / "windlass.lock").read_text() == before


def test_broken_files(home: Home, repo: Repo, infra: Repo) -> None:
    repo.write({"windlass.lock": "libraries: {infra: {}}\n"})
    broken = home.windlass("lock", "--check", cwd=repo.path)
    assert broken.returncode == 2
    assert broken.stderr.startswith("windlass.lock:1:13: error: libraries.infra needs the key git")
    assert home.windlass("lock", cwd=repo.path).returncode == 0, "what cannot be read is written anew"
    repo.write({"windlass.yaml": settings() + "librarys: {}\n"})
    assert home.windlass("lock", cwd=repo.path).returncode == 2


def test_no_libraries(home: Home, repo: Repo) -> None:
    repo.commit({"workflows/.keep": ""})
    for words in (["lock"], ["lock", "--check"]):
        done = home.windlass(*words, cwd=repo.path)
        assert (done.returncode, done.stdout) == (0, "windlass.yaml names no libraries\n")
    assert not (repo.path / "windlass.lock").exists()
