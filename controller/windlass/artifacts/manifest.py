"""What an artifact consists of: its manifest, the object that is written last, so that a half-saved one does not exist.

In: files with sizes and digests. Out: JSON bytes and back. File N is the object `NAME/N` beside the manifest: names of
files are data, never part of an object's name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from windlass.errors import WindlassError


class ManifestError(WindlassError):
    """An object is no manifest of ours."""


@dataclass(frozen=True, slots=True)
class SavedFile:
    """`digest` is `sha256:` and 64 hexadecimal digits; `size` in bytes."""

    path: str
    size: int
    digest: str
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """`folder`: it is loaded as a folder, even with one file or none."""

    files: tuple[SavedFile, ...]
    folder: bool

    def index(self, path: str) -> int | None:
        return next((i for i, file in enumerate(self.files) if file.path == path), None)


def to_bytes(manifest: Manifest) -> bytes:
    files = [
        {"path": file.path, "size": file.size, "digest": file.digest, "executable": file.executable}
        for file in manifest.files
    ]
    return json.dumps({"version": 1, "folder": manifest.folder, "files": files}, ensure_ascii=False).encode()


def from_bytes(raw: bytes) -> Manifest:
    """Raises ManifestError; paths are checked again, because others may write to the store."""
    try:
        document = json.loads(raw)
        files = tuple(_file(entry) for entry in document["files"])
        return Manifest(files, folder=bool(document["folder"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ManifestError(f"the manifest of the artifact cannot be read: {error}") from error


def _file(entry: dict[str, Any]) -> SavedFile:
    path = str(entry["path"])
    if not path or path.startswith("/") or {"", ".", ".."} & set(path.split("/")):
        raise ValueError(f"{path!r} is no path")
    return SavedFile(path, int(entry["size"]), str(entry["digest"]), bool(entry.get("executable")))
