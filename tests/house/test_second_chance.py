"""What pytest itself makes of tests that fall: once, always, in numbers, and outside the slow ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFTEST = """
from pathlib import Path
from tests.second_chance import SecondChance

def pytest_configure(config):
    config.pluginmanager.register(SecondChance(Path(__file__).parent / "slow"))
"""
FALLS_ONCE = """
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range({falls}))
def test_falls_once(number):
    seen = Path(__file__).parent / str(number)
    if not seen.exists():
        seen.touch()
        raise ValueError("a stall of the machine")
"""


def tried(folder: Path, place: str, text: str, *words: str) -> tuple[int, str]:
    (folder / place).mkdir()
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / place / "test_it.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(folder), *words, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout


@pytest.mark.parametrize("words", [(), ("-n", "2")])
def test_a_slow_test_that_falls_once_passes_and_is_shown(tmp_path: Path, words: tuple[str, ...]) -> None:
    code, told = tried(tmp_path, "slow", FALLS_ONCE.format(falls=2), *words)
    assert code == 0, told
    assert "2 passed, 2 rerun" in told
    assert told.count("ValueError: a stall of the machine") >= 2


def test_one_that_falls_again_has_failed(tmp_path: Path) -> None:
    code, told = tried(tmp_path, "slow", "def test_wrong():\n    assert 1 == 2\n")
    assert code == 1
    assert "1 failed, 1 rerun" in told


def test_many_that_fall_once_are_no_accident(tmp_path: Path) -> None:
    code, told = tried(tmp_path, "slow", FALLS_ONCE.format(falls=4))
    assert code == 1
    assert "4 tests fell the first time, more than 3: this run failed" in told


def test_other_tests_get_one_chance(tmp_path: Path) -> None:
    code, told = tried(tmp_path, "quick", FALLS_ONCE.format(falls=1))
    assert code == 1
    assert "1 failed" in told
    assert " rerun in " not in told
