"""Unchanged files are not read again, and a verdict is the same wherever it comes from."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from windlass.loading.cache import RACY, ResultCache
from windlass.loading.checks.site import NoCheckers
from windlass.loading.examine import Circumstances, examine
from windlass.loading.examining import MANY
from windlass.loading.repository import Loaded, load_repository
from windlass.loading.verdict import decoded, encoded

if TYPE_CHECKING:
    from collections.abc import Sequence

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("*.yaml"))
TEXT = (
    "apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {name: %s}\nsteps:\n  one: {run: echo hi, image: debian}\n"
)
LONG_AGO = 1_000_000_000


@dataclass(frozen=True)
class Entry:
    path: str
    size: int
    mtime_ns: int = LONG_AGO
    kind: str = "file"
    blob: str = ""


@dataclass
class Folder:
    """A work tree that remembers what was read."""

    cache: Path
    files: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    blobs: bool = False

    def write(self, path: str, text: str, mtime_ns: int = LONG_AGO) -> None:
        self.files[path] = (text.encode(), mtime_ns)

    def check(self, context: str = "", processes: int = 1) -> Loaded:
        self.read = []

        def read(entries: Sequence[Entry]) -> dict[str, bytes]:
            self.read += [entry.path for entry in entries]
            return {entry.path: self.files[entry.path][0] for entry in entries}

        entries = [
            Entry(path, len(data), mtime, blob=str(hash(data)) if self.blobs else "")
            for path, (data, mtime) in self.files.items()
        ]
        cache = ResultCache(self.cache, "/shop", context)
        return load_repository(entries, read, cache=cache, processes=processes)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "cache")
    folder.write("workflows/a.yaml", TEXT % "a")
    folder.write("workflows/b.yaml", TEXT % "b")
    return folder


def test_unchanged_files_are_not_read(folder: Folder) -> None:
    first = folder.check()
    assert folder.read == ["workflows/a.yaml", "workflows/b.yaml"]
    second = folder.check()
    assert folder.read == []
    assert second.problems == first.problems
    assert [problem.rule for problem in second.problems] == ["image-without-tag"] * 2
    assert second.workflows["a"].model == first.workflows["a"].model  # made when asked for


def test_what_lies_between_files_is_found_in_cached_ones(folder: Folder) -> None:
    folder.check()
    folder.write("workflows/c.yaml", TEXT % "a")
    assert [p.file for p in folder.check().problems if p.rule == "duplicate-name"] == [
        "workflows/a.yaml",
        "workflows/c.yaml",
    ]
    assert folder.read == ["workflows/c.yaml"]


def test_a_changed_file_is_examined_again(folder: Folder) -> None:
    folder.check()
    folder.write("workflows/a.yaml", TEXT.replace("debian", "debian:12") % "a", LONG_AGO + 1)
    assert [problem.file for problem in folder.check().problems] == ["workflows/b.yaml"]


def test_a_touched_file_is_read_and_known_by_its_content(folder: Folder) -> None:
    folder.check()
    folder.write("workflows/a.yaml", TEXT % "a", LONG_AGO + 1)
    folder.check()
    assert folder.read == ["workflows/a.yaml"]
    folder.check()
    assert folder.read == []


def test_a_change_within_the_grain_of_the_clock_is_seen(folder: Folder) -> None:
    folder.check()
    written = next(folder.cache.iterdir()).stat().st_mtime_ns
    folder.write("workflows/a.yaml", TEXT % "a", written - RACY // 2)
    folder.check()
    folder.write("workflows/a.yaml", (TEXT % "a").replace("echo hi", "echo ho"), written - RACY // 2)
    folder.check()
    assert "workflows/a.yaml" in folder.read


def test_a_blob_id_is_enough(folder: Folder) -> None:
    folder.blobs = True
    folder.check()
    folder.check()
    assert folder.read == []


def test_another_windlass_yaml_or_day_is_another_verdict(folder: Folder) -> None:
    folder.check()
    folder.write("windlass.yaml", "apiVersion: windlass.dev/v1\nkind: Repository\n")
    folder.check()
    assert set(folder.read) == set(folder.files)
    folder.check("tomorrow")
    assert set(folder.read) == set(folder.files)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"context": 1, "files": []}', "\x00", "nul"])
def test_a_damaged_cache_is_an_empty_one(folder: Folder, content: str) -> None:
    first = folder.check()
    next(folder.cache.iterdir()).write_text(content)
    assert folder.check().problems == first.problems


USING = (
    "apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {name: %s}\n"
    'steps:\n  x: {uses: %s}\n  y: {if: "${{ steps.x.outputs.n == 1 }}", run: echo}\n'
)
ACTION = "apiVersion: windlass.dev/v1\nkind: Action\nmetadata: {name: x}\noutputs: {n: {type: %s}}\nrun: echo\n"
USED = (
    "apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {name: used}\n"
    "outputs: {n: {type: %s, value: \"${{ '1' }}\"}}\nsteps: {one: {run: echo}}\n"
)


@pytest.mark.parametrize(
    ("target", "file", "text"),
    [
        ("./actions/x", "actions/x/action.yaml", ACTION),
        ("./workflows/used.yaml", "workflows/used.yaml", USED.replace("'1'", "1")),
    ],
)
def test_what_a_verdict_relied_on_is_noticed_when_it_changes(folder: Folder, target: str, file: str, text: str) -> None:
    """Neither file of the two that are unchanged is read but the one whose verdict may be another now."""
    folder.write("workflows/a.yaml", USING % ("a", target))
    folder.write(file, text % "integer")

    def errors() -> list[tuple[str, str]]:
        return [(p.file, p.rule) for p in folder.check().problems if p.severity == "error"]

    assert errors() == []
    assert errors() == []
    assert folder.read == []
    folder.write(file, text % "boolean", LONG_AGO + 1)
    found = errors()
    assert ("workflows/a.yaml", "expression-type") in found
    assert folder.read == [file, "workflows/a.yaml"]
    assert errors() == found
    assert folder.read == []


def test_damaged_rows_are_examined_again(folder: Folder) -> None:
    first = folder.check()
    file = next(folder.cache.iterdir())
    stored = json.loads(file.read_text())
    stored["files"]["workflows/a.yaml"][4] = [["x"]]
    file.write_text(json.dumps(stored))
    assert folder.check().problems == first.problems


def test_a_cache_that_cannot_be_written_is_none(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder is expected")
    assert len(folder.check().problems) == 2


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_a_row_is_the_whole_verdict(path: Path) -> None:
    result = examine("workflows/a.yaml", "Workflow", path.read_bytes(), Circumstances(None, NoCheckers())).result
    row = json.loads(json.dumps(encoded(result)))
    assert decoded("workflows/a.yaml", "Workflow", row) == result


def test_several_processes_say_the_same(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "cache")
    for number in range(MANY + 10):
        folder.write(f"workflows/w{number}.yaml", TEXT % f"w{number}")
    folder.write("workflows/broken.yaml", "a: [")
    shared = folder.check("one", processes=2)
    alone = folder.check("two", processes=1)
    assert shared.problems == alone.problems
    assert shared.workflows.keys() == alone.workflows.keys()
    assert shared.workflows["w7"].digest == alone.workflows["w7"].digest
