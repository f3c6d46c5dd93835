"""Verdicts on files that have not changed, kept between two runs of `windlass check`.

In: entries of a listing, and the folder for caches. Out: the `FileResult` of an unchanged file, mostly without reading
it: a file is the same when its blob id is, or its size and time of change are (and that time is well before the cache
was written, as in git's index), or else its content. Whatever else a verdict depends on is in the context: another
version of Windlass or windlass.yaml, and nothing is found. A cache that cannot be read or written is an empty one.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

from windlass import __version__
from windlass.loading.stamp import RACY, code_stamp, default_folder
from windlass.loading.verdict import decoded, encoded

if TYPE_CHECKING:
    from pathlib import Path

    from windlass.loading.definition_files import Kind, Listed
    from windlass.loading.examine import FileResult
    from windlass.loading.verdict import Row

__all__ = ["RACY", "ResultCache", "default_folder"]


class ResultCache:
    """One repository's verdicts. `context` is what they depend on beside files: the day, for notes on DST."""

    def __init__(self, folder: Path, root: str, context: str = "") -> None:
        self._file = folder / f"check-{hashlib.sha256(root.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}.json"
        self._outer = f"{__version__} {code_stamp()} {context}"
        self._context = ""
        self._written = 0
        self._rows: dict[str, list[Any]] = {}
        self._kept: dict[str, list[Any]] = {}
        self._changed = False

    def open(self, settings: bytes | None) -> None:
        """Read what is there; `settings` is the content of windlass.yaml."""
        self._context = hashlib.sha256(self._outer.encode() + b"\0" + (settings or b"")).hexdigest()
        try:
            with self._file.open("rb") as stream:
                self._written = os.fstat(stream.fileno()).st_mtime_ns
                stored = json.loads(stream.read())
            fresh = stored["context"] == self._context
            self._rows = stored["files"] if fresh and isinstance(stored["files"], dict) else {}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            self._rows = {}
        self._changed = not self._rows

    def known(self, entry: Listed, kind: Kind) -> FileResult | None:
        """The verdict on a file that is seen to be unchanged without reading it."""
        row = self._rows.get(entry.path)
        if row is None or row[0] != kind:
            return None
        if entry.blob:
            return self._found(entry, row) if row[3] == entry.blob else None
        changed_at = getattr(entry, "mtime_ns", 0)
        if row[1] == entry.size and row[2] == changed_at and 0 < changed_at < self._written - RACY:
            return self._found(entry, row)
        return None

    def same(self, entry: Listed, kind: Kind, data: bytes) -> FileResult | None:
        """The verdict on a file that was read and has the content of last time."""
        row = self._rows.get(entry.path)
        if row is None or row[0] != kind or row[3] != _digest(entry, data):
            return None
        self._changed = True
        return self._found(entry, [kind, entry.size, getattr(entry, "mtime_ns", 0), row[3], row[4]])

    def keep(self, entry: Listed, result: FileResult, data: bytes, row: Row | None = None) -> None:
        """`row` is the result as a row, when that is at hand."""
        mtime = getattr(entry, "mtime_ns", 0)
        verdict = encoded(result) if row is None else row
        self._kept[entry.path] = [result.kind, entry.size, mtime, _digest(entry, data), verdict]
        self._changed = True

    def save(self) -> bool:
        """Write what was found and kept; False when that is not possible."""
        if not self._changed and len(self._kept) == len(self._rows):
            return True
        temporary = self._file.with_suffix(f".{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps({"context": self._context, "files": self._kept}, separators=(",", ":")))
            temporary.replace(self._file)
        except OSError:
            return False
        return True

    def _found(self, entry: Listed, row: list[Any]) -> FileResult | None:
        try:
            result = decoded(entry.path, row[0], row[4])
        except (ValueError, TypeError, IndexError):
            return None
        self._kept[entry.path] = row
        return result


def _digest(entry: Listed, data: bytes) -> str:
    return entry.blob or hashlib.sha256(data).hexdigest()
