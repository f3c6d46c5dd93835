"""The files of a commit in a folder, for a step with `checkout: true`.

In: a tree, a reader of blobs, an empty folder. Out: files with their modes, symbolic links, empty folders where
submodules would be. Made from blobs, never by a git work tree: no attribute, filter, hook, LFS or submodule has a
say, and no `.git` comes along. Files are written first and links last, so nothing is written through a link.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

from windlass.errors import SourceError
from windlass.links import escaping_links

if TYPE_CHECKING:
    from pathlib import Path

    from windlass.sources.blob_reader import BlobReader
    from windlass.sources.tree import Entry, Tree

MAX_CHECKOUT = 2 * 1024**3
_MAX_TARGET = 4096


def write_tree(tree: Tree, reader: BlobReader, folder: Path) -> None:
    """Writes the tree into `folder`, which is made if needed and must hold nothing of these names.

    Raises SourceError: "UnsafeLink" (a link that leaves the folder; nothing is written then), "UnsafePath" (a name
    that means `.git` or `..`), "TooLarge", "CheckoutFailed".
    """
    for shown, rule, message in tree.problems:
        if rule == "path-git-directory":
            raise SourceError(f"cannot check out {shown}: {message}", "UnsafePath")
    entries = tree.entries + tree.ambiguous
    if sum(entry.size for entry in entries) > MAX_CHECKOUT:
        raise SourceError("cannot check out the commit: more than the limit allows", "TooLarge")
    links = _targets([entry for entry in entries if entry.kind == "symlink"], reader)
    leaving = escaping_links(links)
    if leaving:
        raise SourceError(f"cannot check out the symbolic link {leaving[0]!r}: it leaves the repository", "UnsafeLink")
    try:
        _make_folders(entries, folder)
        _write_files([entry for entry in entries if entry.kind == "file"], reader, folder)
        for path, target in links.items():
            (folder / path).symlink_to(target)
    except OSError as error:
        raise SourceError(f"cannot check out the commit: {error.strerror}", "CheckoutFailed") from error


def _targets(links: list[Entry], reader: BlobReader) -> dict[str, str]:
    for link in links:
        if link.size > _MAX_TARGET:
            raise SourceError(f"cannot check out the symbolic link {link.path!r}: its target is too long", "UnsafeLink")
    contents = read_all([link.blob for link in links], reader)
    return {link.path: contents[link.blob].decode("utf-8", "surrogateescape") for link in links}


def read_all(blobs: list[str], reader: BlobReader) -> dict[str, bytes]:
    """The contents of blobs, each asked for once."""
    pieces: dict[str, list[bytes]] = {blob: [] for blob in blobs}
    reader.contents(list(pieces), lambda blob, piece: pieces[blob].append(piece))
    return {blob: b"".join(found) for blob, found in pieces.items()}


def _make_folders(entries: tuple[Entry, ...], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    needed = {entry.path.rpartition("/")[0] for entry in entries}
    needed |= {entry.path for entry in entries if entry.kind == "submodule"}
    for name in sorted(needed):
        (folder / name).mkdir(parents=True, exist_ok=True)


def _write_files(files: list[Entry], reader: BlobReader, folder: Path) -> None:
    """Each blob is written once, while it is read; further files of the same content are copies of the first."""
    places: dict[str, list[Entry]] = {}
    for file in files:
        places.setdefault(file.blob, []).append(file)
    with contextlib.ExitStack() as open_file:
        writing, descriptor = "", -1

        def receive(blob: str, piece: bytes) -> None:
            nonlocal writing, descriptor
            if writing != blob:
                open_file.close()
                writing, descriptor = blob, _new_file(folder, places[blob][0])
                open_file.callback(os.close, descriptor)
            while piece:
                piece = piece[os.write(descriptor, piece) :]

        reader.contents(list(places), receive)
    for first, *others in places.values():
        for other in others:
            _copy(folder, first, other)


def _copy(folder: Path, first: Entry, other: Entry) -> None:
    descriptor = _new_file(folder, other)
    with (folder / first.path).open("rb") as source, os.fdopen(descriptor, "wb") as target:
        shutil.copyfileobj(source, target)


def _new_file(folder: Path, file: Entry) -> int:
    mode = 0o755 if file.mode == "100755" else 0o644
    # O_EXCL: a name that is taken already (two alike on this file system) is an error, never a second write
    descriptor = os.open(folder / file.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    os.fchmod(descriptor, mode)
    return descriptor
