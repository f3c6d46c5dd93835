"""The last report counts only while nothing has changed that it depends on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from windlass.cli.unchanged import LastReport, Report
from windlass.problems import Problem, Span

LONG_AGO = 1_000_000_000
PROBLEM = Problem("workflows/a.yaml", Span(3, 1, 3, 4), "steps", "unknown-key", "no such key", "warning", "a hint")
REPORT = Report((PROBLEM,), 2)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "windlass"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    (root / "workflows").mkdir(parents=True)
    for name in ("a", "b"):
        write(root, name, "kind: Workflow\n")
    return root


def write(root: Path, name: str, text: str, changed_at: int = LONG_AGO) -> None:
    path = root / "workflows" / f"{name}.yaml"
    path.write_text(text)
    os.utime(path, ns=(changed_at, changed_at))


def test_an_unchanged_repository_has_the_report_of_last_time(root: Path) -> None:
    assert LastReport(root).find() is None
    assert LastReport(root).keep(REPORT)
    assert LastReport(root).find() == REPORT


@pytest.mark.parametrize("change", ["size", "time", "new", "gone", "settings", "link"])
def test_any_change_of_the_listing_forgets_it(root: Path, change: str) -> None:
    LastReport(root).keep(REPORT)
    if change == "size":
        write(root, "a", "kind: Workflow \n")
    elif change == "time":
        write(root, "a", "kind: Workflow\n", LONG_AGO + 1)
    elif change == "new":
        write(root, "c", "kind: Workflow\n")
    elif change == "gone":
        (root / "workflows/a.yaml").unlink()
    elif change == "settings":
        (root / "windlass.yaml").write_text("kind: Repository\n")
        os.utime(root / "windlass.yaml", ns=(LONG_AGO, LONG_AGO))
    else:
        (root / "workflows/l.yaml").symlink_to("a.yaml")
    assert LastReport(root).find() is None


def test_a_file_changed_just_before_the_report_is_read_again(root: Path) -> None:
    write(root, "a", "kind: Workflow\n", Path(root).stat().st_mtime_ns)
    LastReport(root).keep(REPORT)
    assert LastReport(root).find() is None


def test_the_code_that_judges_is_part_of_the_key(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    LastReport(root).keep(REPORT)
    monkeypatch.setattr("windlass.cli.unchanged.__version__", "another")
    assert LastReport(root).find() is None


@pytest.mark.parametrize("damage", [b"", b"[]", b"{}", b"\xff", b'{"key": 1}', b"[" * 10_000])
def test_a_damaged_report_is_none(root: Path, cache: Path, damage: bytes) -> None:
    LastReport(root).keep(REPORT)
    (file,) = cache.glob("report-*.json")
    file.write_bytes(damage)
    assert LastReport(root).find() is None


def test_what_could_not_be_read_is_not_remembered(root: Path) -> None:
    unreadable = Problem("workflows/a.yaml", Span(1, 1, 1, 1), "", "unreadable-file", "cannot be read")
    assert not LastReport(root).keep(Report((unreadable,), 2))
    assert LastReport(root).find() is None


def test_a_cache_that_cannot_be_written_is_no_error(root: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert not LastReport(root).keep(REPORT)


def test_an_unchanged_repository_is_reported_without_what_judges_it(root: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from windlass.cli.main import main; code = main(['check', sys.argv[1]]);"
        "print(code, 'pydantic' in sys.modules, 'yaml' in sys.modules)"
    )
    words = [sys.executable, "-c", program, str(root)]
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    first = subprocess.run(words, capture_output=True, text=True, env=env, timeout=60, check=True).stdout
    second = subprocess.run(words, capture_output=True, text=True, env=env, timeout=60, check=True).stdout
    assert first.endswith("1 True True\n")
    assert second == first.replace("1 True True", "1 False False")
