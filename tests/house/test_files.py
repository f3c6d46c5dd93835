"""Small files with one idea, good names, no leftovers: what a reader meets before the first line of code."""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.house.conftest import House

MOST_LINES = 400
NO_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "managers", "misc"}
TEXT = (".py", ".ts", ".tsx", ".md", ".yaml", ".yml", ".toml", ".sh", ".json", ".lock", ".ini", ".mako")
# Written so that this file does not find itself.
LEFTOVER = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(work" + r"/|root" + r"/|home/[a-z])")
REGISTRY = re.compile(r"--(extra-)?index-url|pypi\." + r"org|files\.python" + r"hosted|regis" + r"try\.npmjs")


def test_files_are_short(house: House) -> None:
    long = {
        house.relative(path): lines
        for path in house.named(".py", ".ts", ".tsx")
        if (lines := len(path.read_text().splitlines())) >= MOST_LINES
    }
    assert not long, f"split these by idea, under {MOST_LINES} lines each: {long}"


def test_names_say_what_is_inside(house: House) -> None:
    nameless = [
        house.relative(path)
        for path in house.files
        if NO_NAMES & {PurePosixPath(part).stem.lower() for part in path.relative_to(house.root).parts}
    ]
    assert not nameless, f"name these after the thing that is in them: {nameless}"


def test_every_module_says_why_it_is_here(house: House) -> None:
    silent = [
        house.relative(path) for path in house.code() if not ast.get_docstring(ast.parse(path.read_text(), str(path)))
    ]
    assert not silent, f"a module docstring says what comes in, what goes out, why it is here: {silent}"


def test_nothing_is_left_for_later(house: House) -> None:
    assert not _lines_with(house, LEFTOVER)


def test_no_path_of_a_machine_and_no_registry(house: House) -> None:
    assert not _lines_with(house, MACHINE_PATH)
    assert not _lines_with(house, REGISTRY)


def test_the_changelog_has_room_for_the_next_change(house: House) -> None:
    assert re.search(r"^## Unreleased$", (house.root / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_the_licence_is_the_whole_apache_licence(house: House) -> None:
    text = (house.root / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def _lines_with(house: House, pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{house.relative(path)}:{number}: {line.strip()[:100]}"
        for path in house.named(*TEXT)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]
