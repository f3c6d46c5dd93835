"""What the last `windlass check` found, when not a single file has changed since.

In: a root. Out: the problems and the number of files of last time, or None. Listing thousands of files takes a fraction
of the time that it takes to import what judges them. A file is unchanged when its size and its time of change are, and
that time is well before the report was written, as in git's index; another version of Windlass, another day (notes on
nights when clocks change) or an unreadable file: nothing is remembered.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass import __version__
from windlass.cli.work_tree import DAY, list_definitions
from windlass.clock import SystemClock
from windlass.loading.stamp import RACY, code_stamp, default_folder
from windlass.problems import Problem, Span

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Report:
    """All problems in order, and how many files were judged."""

    problems: tuple[Problem, ...]
    files: int


class Listing:
    """`key` is another one after any change; `newest`: when the last file was changed (nanoseconds)."""

    def __init__(self, root: Path) -> None:
        tree = list_definitions(root)
        entries = (*tree.entries, *tree.ambiguous)
        self.newest = max((entry.mtime_ns for entry in entries), default=0)
        lines = [f"{entry.path}\0{entry.mode}\0{entry.size}\0{entry.mtime_ns}" for entry in entries]
        lines += [f"{__version__} {code_stamp()} {SystemClock().now() // DAY}", repr(tree.problems)]
        self.key = digest("\n".join(lines))


class LastReport:
    def __init__(self, root: Path) -> None:
        listing = Listing(root)
        self._newest, self._key = listing.newest, listing.key
        self._file = default_folder() / f"report-{digest(str(root))[:32]}.json"

    def find(self) -> Report | None:
        try:
            with self._file.open("rb") as stream:
                written = os.fstat(stream.fileno()).st_mtime_ns
                stored = json.loads(stream.read())
            if stored["key"] != self._key or self._newest >= written - RACY:
                return None
            return Report(tuple(map(_read, stored["problems"])), int(stored["files"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None  # none yet, or a damaged one

    def keep(self, report: Report) -> bool:
        """False when it cannot be kept."""
        if any(problem.rule in ("unreadable-file", "library-not-checked") for problem in report.problems):
            return False  # a permission, or what is in the cache, may change without a trace in the listing
        text = json.dumps({"key": self._key, "files": report.files, "problems": [p.to_json() for p in report.problems]})
        temporary = self._file.with_suffix(f".{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(text)
            temporary.replace(self._file)
        except OSError:
            return False
        return True


def _read(stored: dict[str, Any]) -> Problem:
    span = Span(stored["line"], stored["column"], stored["endLine"], stored["endColumn"])
    named = (stored[name] for name in ("path", "rule", "message", "severity", "hint"))
    return Problem(stored["file"], span, *named)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
