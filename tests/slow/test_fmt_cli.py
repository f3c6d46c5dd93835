"""`windlass fmt`: which files it takes, what it leaves alone, and how it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.slow.repo import workflow

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.slow.home import Home

GOOD = workflow("good", "steps:\n  - run: 'true'\n")
UGLY = GOOD.replace("steps:\n  - run", "steps:\n# why\n-   run")
NICE = GOOD.replace("steps:\n", "steps:\n  # why\n")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    for name in ("workflows", "actions/greet", "tests", "elsewhere"):
        (root / name).mkdir(parents=True)
    (root / "windlass.yaml").write_text("apiVersion: windlass.dev/v1\nkind:   Repository\n")
    (root / "workflows/good.yaml").write_text(GOOD)
    (root / "workflows/ugly.yaml").write_text(UGLY)
    (root / "workflows/notes.txt").write_text("a:   b\n")
    (root / "elsewhere/other.yaml").write_text("a:   b\n")
    return root


def fmt(home: Home, root: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = home.windlass("fmt", *words, cwd=root)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done


def identity(path: Path) -> tuple[int, int]:
    return path.stat().st_ino, path.stat().st_mtime_ns


def test_check_lists_what_would_change_and_writes_nothing(home: Home, root: Path) -> None:
    done = fmt(home, root, "--check", code=1)
    assert done.stdout == "windlass.yaml\nworkflows/ugly.yaml\n"
    assert done.stderr == "3 files: 2 would change\n"
    assert (root / "workflows/ugly.yaml").read_text() == UGLY


def test_diff_shows_what_would_change_and_writes_nothing(home: Home, root: Path) -> None:
    (root / "workflows/crlf.yaml").write_bytes(GOOD.replace("good", "crlf").replace("\n", "\r\n").encode())
    (root / "windlass.yaml").write_text("apiVersion: windlass.dev/v1\nkind:   Repository")  # no line end
    shown = fmt(home, root, "--diff", code=1)
    kind = (
        "--- a/windlass.yaml\n+++ b/windlass.yaml\n@@ -1,2 +1,2 @@\n apiVersion: windlass.dev/v1\n-kind:   Repository\n"
    )
    assert shown.stdout.startswith(
        f"{kind}+kind: Repository\nworkflows/crlf.yaml: line ends only\n--- a/workflows/ugly"
    )
    assert "\n-# why\n--   run" in shown.stdout
    assert shown.stderr == "4 files: 3 would change\n"
    assert (root / "workflows/ugly.yaml").read_text() == UGLY
    assert fmt(home, root).returncode == 0
    assert fmt(home, root, "--diff").stdout == ""


def test_definitions_are_laid_out_and_then_stay(home: Home, root: Path) -> None:
    (root / "workflows/ugly.yaml").chmod(0o664)
    untouched = identity(root / "workflows/good.yaml")
    assert fmt(home, root).stdout == "windlass.yaml\nworkflows/ugly.yaml\n"
    assert (root / "windlass.yaml").read_text() == "apiVersion: windlass.dev/v1\nkind: Repository\n"
    assert (root / "workflows/ugly.yaml").read_text() == NICE
    assert (root / "workflows/ugly.yaml").stat().st_mode & 0o777 == 0o664
    assert identity(root / "workflows/good.yaml") == untouched
    assert (root / "elsewhere/other.yaml").read_text() == "a:   b\n"
    assert sorted(path.name for path in (root / "workflows").iterdir()) == ["good.yaml", "notes.txt", "ugly.yaml"]
    assert fmt(home, root, "--check").stdout == ""


def test_a_named_file_or_folder_alone(home: Home, root: Path) -> None:
    assert fmt(home, root, "workflows").stdout == "workflows/ugly.yaml\n"
    assert fmt(home, root, "elsewhere/other.yaml").stdout == "elsewhere/other.yaml\n"
    assert (root / "windlass.yaml").read_text().endswith("kind:   Repository\n")


def test_a_broken_file_is_reported_with_its_place_and_left_alone(home: Home, root: Path) -> None:
    broken = GOOD + "  - run: [\n"
    (root / "workflows/broken.yaml").write_text(broken)
    done = fmt(home, root, code=1)
    assert "workflows/broken.yaml:" in done.stderr
    assert "[yaml-syntax]" in done.stderr
    assert done.stderr.endswith("4 files: 2 changed, 1 left alone\n")
    assert (root / "workflows/broken.yaml").read_text() == broken
    assert (root / "workflows/ugly.yaml").read_text() == NICE


def test_links_are_not_followed(home: Home, root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text(UGLY)
    (root / "workflows/link.yaml").symlink_to(outside)
    done = fmt(home, root, code=1)
    assert "workflows/link.yaml:1:1: error:" in done.stderr
    assert "[not-a-file]" in done.stderr
    fmt(home, root, "workflows/link.yaml", code=2)
    assert outside.read_text() == UGLY
    assert (root / "workflows/link.yaml").is_symlink()


@pytest.mark.parametrize("words", [["nowhere"], ["workflows/notes.txt"], ["--strict"]])
def test_wrong_use(home: Home, root: Path, words: list[str]) -> None:
    done = fmt(home, root, *words, code=2)
    assert words[0] in done.stderr


def test_many_files_by_all_processors(home: Home, root: Path) -> None:
    names = [f"workflows/w{number:03}.yaml" for number in range(60)]
    for name in names:
        (root / name).write_text(UGLY)
    assert fmt(home, root, "workflows").stdout.split() == ["workflows/ugly.yaml", *names]
    assert {(root / name).read_text() for name in names} == {NICE}
