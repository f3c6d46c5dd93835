"""Save files of a working directory as an artifact, and load an artifact into one.

In: an object store, a Tree, patterns or a path. Out: a manifest and its objects; or files. Contents are streamed, and
counted and digested on the way; what is loaded is compared with the digest that was saved (catalogue X05).
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from stat import S_IXUSR
from typing import TYPE_CHECKING

from windlass.artifacts.manifest import Manifest, SavedFile, from_bytes, to_bytes
from windlass.artifacts.names import MANIFEST
from windlass.artifacts.objects import CHUNK
from windlass.artifacts.selection import select
from windlass.artifacts.tree import RefusedError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from windlass.artifacts.objects import Objects
    from windlass.artifacts.tree import Tree


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one artifact: bytes and files together."""

    size: int = 1024**3
    files: int = 10_000


class Digest:
    """Counts and digests what passes."""

    def __init__(self) -> None:
        self.size = 0
        self._hash = hashlib.sha256()

    def of(self, chunk: bytes) -> bytes:
        self.size += len(chunk)
        self._hash.update(chunk)
        return chunk

    def __str__(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"


def save(
    objects: Objects,
    base: str,
    tree: Tree,
    patterns: Sequence[str],
    bounds: Bounds,
    *,
    check: Callable[[], None],
    all_needed: bool = True,
) -> tuple[Manifest, str]:
    """The manifest and its digest; both are in the store, below the name `base`.

    Raises MissingError, RefusedError, OSError, ObjectStoreError and whatever `check` raises between two chunks.
    """
    selection = select(tree, patterns, bounds.files, all_needed=all_needed)
    files: list[SavedFile] = []
    left = bounds.size
    for name, path in selection.files.items():
        file = _save_file(objects, f"{base}/{len(files)}", tree, path, name, left, check)
        left -= file.size
        files.append(file)
    manifest = Manifest(tuple(files), selection.folder)
    raw = to_bytes(manifest)
    objects.put(f"{base}/{MANIFEST}", [raw])
    digest = Digest()
    digest.of(raw)
    return manifest, str(digest)


def _save_file(
    objects: Objects, name: str, tree: Tree, path: str, called: str, left: int, check: Callable[[], None]
) -> SavedFile:
    digest = Digest()
    fd = _opened(tree, path)
    try:
        executable = bool(os.fstat(fd).st_mode & S_IXUSR)
        objects.put(name, _read(fd, left, digest, check))
    finally:
        os.close(fd)
    return SavedFile(called, digest.size, str(digest), executable)


def _opened(tree: Tree, path: str) -> int:
    try:
        return tree.open(path)
    except FileNotFoundError as error:
        raise RefusedError(f"{shown(path)} is a symbolic link to nothing, or is gone") from error
    except OSError as error:
        raise RefusedError(f"{shown(path)} cannot be read: {error.strerror}") from error


def _read(fd: int, left: int, digest: Digest, check: Callable[[], None]) -> Iterator[bytes]:
    if os.fstat(fd).st_size > left:  # also a sparse file, before any of it is read
        raise _too_large()
    while chunk := os.read(fd, CHUNK):
        check()
        yield digest.of(chunk)
        if digest.size > left:
            raise _too_large()


def _too_large() -> RefusedError:
    return RefusedError("larger than an artifact may be (limits.artifactSize of the server file)")


def manifest_at(objects: Objects, base: str) -> Manifest:
    """Raises NoObjectError, ObjectStoreError, ManifestError."""
    return from_bytes(objects.read(f"{base}/{MANIFEST}"))


def load(objects: Objects, base: str, tree: Tree, path: str, *, check: Callable[[], None]) -> None:
    """Put the artifact at `path`: a folder into it, a file as it, or into it when `path` ends with a slash.

    Raises NoObjectError, ObjectStoreError, ManifestError, RefusedError, OSError.
    """
    manifest = manifest_at(objects, base)
    into = path.strip("/")
    if manifest.folder:
        tree.make_folder(into)
    as_folder = manifest.folder or path.endswith("/") or into in ("", ".")
    for index, file in enumerate(manifest.files):
        target = f"{into}/{file.path}".lstrip("/") if as_folder else into
        _load_file(objects, f"{base}/{index}", file, tree, target, check)


def _load_file(
    objects: Objects, name: str, file: SavedFile, tree: Tree, target: str, check: Callable[[], None]
) -> None:
    digest = Digest()
    with tree.new_file(target, executable=file.executable) as fd:
        for chunk in objects.chunks(name):
            check()
            data = memoryview(digest.of(chunk))
            while data:
                data = data[os.write(fd, data) :]
    if str(digest) != file.digest:
        raise RefusedError(f"{shown(file.path)} is not what was saved: its digest has changed in the object store")
