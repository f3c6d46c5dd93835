"""`scripts/workflows.sh`: a git repository of the user's own, made once and never touched again."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples/workflows").iterdir())


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "my-workflows"


def make(target: Path) -> subprocess.CompletedProcess[str]:
    """The script on a machine whose git has never been configured."""
    env = {"PATH": os.environ["PATH"], "HOME": str(target.parent), "GIT_CONFIG_NOSYSTEM": "1"}
    script = str(ROOT / "scripts/workflows.sh")
    return subprocess.run([script, str(target)], env=env, capture_output=True, text=True, check=False)


def git(target: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", target, *words], capture_output=True, text=True, check=True).stdout


def test_it_is_a_repository_with_one_commit(target: Path) -> None:
    assert make(target).returncode == 0
    assert git(target, "log", "--format=%s") == "Start from the Windlass examples\n"
    assert git(target, "branch", "--show-current") == "main\n"
    assert git(target, "status", "--porcelain") == ""
    assert git(target, "ls-files", "workflows").split() == [f"workflows/{f.name}" for f in EXAMPLES]


def test_the_user_can_commit_at_once(target: Path) -> None:
    make(target)
    (target / "README.md").write_text("mine")
    git(target, "commit", "--quiet", "--all", "--message", "Mine")


def test_what_is_there_is_kept(target: Path) -> None:
    make(target)
    (target / "README.md").write_text("mine")
    again = make(target)
    assert (again.returncode, again.stdout) == (0, "")
    assert (target / "README.md").read_text() == "mine"


def test_a_folder_that_is_no_repository_is_refused(target: Path) -> None:
    target.mkdir()
    refused = make(target)
    assert refused.returncode == 1
    assert "no git repository" in refused.stderr
    assert list(target.iterdir()) == []


def test_a_folder_inside_of_another_repository_is_no_repository(target: Path) -> None:
    subprocess.run(["git", "init", "--quiet", target.parent], check=True)
    git(target.parent, "-c", "user.name=A", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty", "-mA")
    target.mkdir()
    assert make(target).returncode == 1
