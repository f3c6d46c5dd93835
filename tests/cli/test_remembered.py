"""Answers that are kept hold as long as the definitions do; questions about a repository give the same with them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from windlass.cli import explain_env, explain_triggers, next
from windlass.cli.remembered import MOST, Remembered
from windlass.cli.verbs import build_parser

LONG_AGO = 1_000_000_000
WORKFLOW = """apiVersion: windlass.dev/v1
kind: Workflow
metadata: {name: deploy}
triggers: {schedule: [{cron: "0 4 * * *"}]}
steps: {build: {env: {REGION: eu}, run: 'true'}}
"""
QUESTIONS = {
    "next --from 2026-12-01T00:00:00Z --count 1 --output json": next,
    "explain triggers deploy --output json": explain_triggers,
    "explain env deploy build --output json": explain_env,
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "shop"
    (root / "workflows").mkdir(parents=True)
    (root / "windlass.yaml").write_text("apiVersion: windlass.dev/v1\nkind: Repository\n")
    write(root, WORKFLOW)
    os.utime(root / "windlass.yaml", ns=(LONG_AGO, LONG_AGO))
    monkeypatch.chdir(root)
    return root


def write(root: Path, text: str, changed_at: int = LONG_AGO) -> None:
    path = root / "workflows/deploy.yaml"
    path.write_text(text)
    os.utime(path, ns=(changed_at, changed_at))


def test_an_answer_holds_until_a_file_changes(root: Path) -> None:
    Remembered(root, "one").keep([1])
    Remembered(root, "two").keep({"a": None})
    assert (Remembered(root, "one").find(), Remembered(root, "two").find()) == ([1], {"a": None})
    assert Remembered(root, "three").find() is None
    write(root, WORKFLOW.replace("eu", "us"), LONG_AGO + 1)
    assert Remembered(root, "one").find() is None


def test_a_file_that_was_just_changed_may_change_again_unseen(root: Path) -> None:
    (root / "workflows/deploy.yaml").touch()
    Remembered(root, "one").keep([1])
    assert Remembered(root, "one").find() is None


def test_the_oldest_answers_go_and_damage_is_nothing(root: Path, tmp_path: Path) -> None:
    for number in range(MOST + 1):
        Remembered(root, str(number)).keep(number)
    assert Remembered(root, "0").find() is None
    assert Remembered(root, str(MOST)).find() == MOST
    (file,) = (tmp_path / "cache/windlass").glob("answers-*.json")
    assert file.stat().st_mode & 0o077 == 0
    file.write_text("{")
    assert Remembered(root, "1").find() is None


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_second_answer_is_the_first_one(root: Path, capsys: Any, question: str) -> None:
    def ask() -> str:
        words = question.split()
        assert QUESTIONS[question].command(build_parser(words).parse_args(words)) == 0
        return str(capsys.readouterr().out)

    first = ask()
    assert "deploy" in first or "REGION" in first
    assert ask() == first
    write(root, WORKFLOW.replace("eu", "us").replace("0 4", "0 5"), LONG_AGO + 1)
    assert ask() != first


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_is_remembered_imports_nothing_that_reads_definitions(root: Path, question: str) -> None:
    program = (
        "import sys; from windlass.cli.main import main; "
        f"code = main({question.split()!r}); "
        "print([name for name in sys.modules if name.startswith(('pydantic', 'yaml'))], file=sys.stderr); "
        "sys.exit(code)"
    )
    for known in (False, True):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert (done.stderr.strip() == "[]") == known, done.stderr
