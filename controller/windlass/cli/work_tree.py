"""The user's own checkout as the command line sees it: its root, its name, its files loaded as they are now.

In: a path. Out: what `loading` makes of the work tree, uncommitted changes included; no network (fine print).
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from windlass.clock import SystemClock
from windlass.errors import UsageError
from windlass.loading.definition_files import LOCK, SETTINGS
from windlass.loading.text import MAX_BYTES
from windlass.sources import work_tree

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from windlass.loading.definition_files import Listed
    from windlass.loading.libraries import OpenLibrary
    from windlass.loading.library_files import Absent, LibraryFiles
    from windlass.loading.lock import Lock
    from windlass.loading.repository import Loaded
    from windlass.reconcile.hashing import HashFiles
    from windlass.reconcile.library_mirrors import LibraryMirrors
    from windlass.sources.tree import Tree

DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class WorkTree:
    root: Path
    loaded: Loaded

    def text_of(self, file: str) -> str | None:
        """The file as text, to show the line of a problem."""
        return text_of(self.root, file)


def text_of(root: Path, file: str) -> str | None:
    """None when it cannot be read."""
    try:
        return (root / file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def find_root(path: Path) -> Path:
    """The repository that `path` belongs to. A file in no repository still runs: it is as if one began above its
    `workflows` folder, or else where it stands. A folder is none without one: "0 files, no problems" would be a lie.

    Raises UsageError.
    """
    try:
        return work_tree.find_root(path)
    except UsageError:
        found = path.resolve()
        if (found / "workflows").is_dir():
            return found
        if not found.is_file():
            raise
        return next((parent.parent for parent in found.parents if parent.name == "workflows"), found.parent)


def hashing(root: Path) -> HashFiles:
    """What answers `hashFiles` in a run of the work tree."""

    def hash_files(globs: Sequence[str]) -> str:
        from windlass.sources.hashing import work_tree_digest

        return work_tree_digest(root, globs)

    return hash_files


def list_definitions(root: Path) -> Tree:
    """The files among which definitions are, without reading them."""
    return work_tree.scan(root, _places(root))


def load_work_tree(root: Path, *, only: str | None = None, cache: bool = False, network: bool = False) -> WorkTree:
    """`only`: one workflow file is wanted; of others only what it uses is read. `cache`: nor what has not changed.

    `network`: libraries that are not in the cache are fetched, at the commits of windlass.lock.
    """
    from windlass.loading.cache import ResultCache, default_folder
    from windlass.reconcile.definitions import load_files  # here: what is unchanged is judged without it

    found = _list_of(root, only) if only is not None else list_definitions(root)

    def read(entries: Sequence[Listed]) -> dict[str, bytes]:
        contents = {}
        for entry in entries:
            with suppress(OSError):  # what is left out is reported as unreadable
                contents[entry.path] = _read(f"{root}/{entry.path}", entry.size)
        return contents

    clock = SystemClock()
    results = ResultCache(default_folder(), str(root), context=str(clock.now() // DAY)) if cache else None
    loaded = load_files(
        found.entries,
        read,
        clock,
        listing_problems=found.problems,
        only=only,
        cache=results,
        processes=len(os.sched_getaffinity(0)),
        opener=_opener(root, network=network),
    )
    return WorkTree(root, loaded)


def _opener(root: Path, *, network: bool) -> OpenLibrary:
    """Imports what reads git only when a library is used."""
    opening: list[OpenLibrary] = []

    def open_library(name: str, lock: Lock) -> LibraryFiles | Absent:
        if not opening:
            from windlass.reconcile.library_opening import LibraryOpening
            from windlass.sources.location import Location

            mirrors = library_mirrors()
            fetch = mirrors.fetch if network else None
            opening.append(LibraryOpening(mirrors, Location(str(root.resolve()), local=True), fetch=fetch))
        return opening[0](name, lock)

    return open_library


def _list_of(root: Path, file: str) -> Tree:
    """A workflow file alone, or with all that it may use when it uses something."""
    try:
        with (root / file).open("rb") as stream:
            uses = b"uses" in stream.read(MAX_BYTES)
    except OSError:
        uses = False
    if not uses:
        return work_tree.scan(root, (SETTINGS, LOCK, file))
    places = _places(root)
    return work_tree.scan(root, (*places, file) if places else ())


def quick_names(root: Path) -> dict[str, str | None]:
    """The workflows where they usually are: file → the name that it seems to have, None when that is not plain to see.

    Nothing is loaded, and nothing is known of a repository whose windlass.yaml moves its folders.
    """
    from windlass.loading.definition_files import ENDINGS
    from windlass.loading.quick_name import HEAD, quick_name

    if not _places(root):
        return {}
    names: dict[str, str | None] = {}
    for entry in work_tree.scan(root, ("workflows",)).entries:
        if entry.kind == "file" and entry.path.endswith(ENDINGS):
            with suppress(OSError):
                names[entry.path] = quick_name(_read(f"{root}/{entry.path}", min(entry.size, HEAD)))
    return names


def library_mirrors() -> LibraryMirrors:
    """What this user has of libraries: `$XDG_CACHE_HOME/windlass/libraries`."""
    from windlass.loading.stamp import default_folder
    from windlass.reconcile.library_mirrors import LibraryMirrors

    return LibraryMirrors(default_folder() / "libraries")


def _read(path: str, size: int) -> bytes:
    """All of a file that was `size` bytes long when it was listed; thousands are read, so no object around it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        data = os.read(descriptor, size + 1)
        while len(data) > size and (more := os.read(descriptor, 1 << 20)):  # it has grown since
            data, size = data + more, len(data) + len(more) - 1
        return data
    finally:
        os.close(descriptor)


def _places(root: Path) -> tuple[str, ...]:
    """Where definitions may stand: everywhere when windlass.yaml says so, else the three folders, not node_modules."""
    try:
        moved = b"paths" in (root / SETTINGS).read_bytes()
    except OSError:
        moved = False
    return () if moved else (SETTINGS, LOCK, "workflows", "actions", "tests")


def plain_name(text: str) -> str:
    return re.sub(r"[^a-z0-9-]", "-", text.lower()).strip("-")[:63].strip("-") or "repository"


def repository_name(root: Path) -> str:
    """Named after its folder: lower case, other characters than [a-z0-9-] as `-`."""
    return plain_name(root.resolve().name)
