"""Mirrors of libraries, one for each URL, shared by all repositories that name it.

In: a folder of ours, where a library is. Out: its files at a locked commit, verified against the locked hash. On a
laptop the folder is `$XDG_CACHE_HOME/windlass/libraries`, on a server `libraries` in the data folder; commits stay
pinned in it, so that what was fetched once is there when the library cannot be reached.
"""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from windlass.crashpoints import reach
from windlass.errors import SourceError, UsageError
from windlass.loading.content_hash import content_hash
from windlass.loading.library_files import LibraryFiles
from windlass.sources.location import Location, parse_location
from windlass.sources.mirror import Mirror
from windlass.sources.named_refs import Named, refs_of
from windlass_schemas.repository import is_local_git

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from windlass.loading.definition_files import Listed
    from windlass.loading.lock import Lock, Locked
    from windlass.sources.auth import Auth

TIMEOUT = 30  # seconds, for each question and each fetch


class LibraryMirrors:
    """`auth` gives the credential for a location, if there is one. May be used from any thread."""

    def __init__(self, folder: Path, auth: Callable[[Location], Auth | None] = lambda _: None) -> None:
        self._folder = folder
        self._auth = auth
        self._lock = threading.Lock()
        self._mirrors: dict[str, Mirror] = {}
        self._hashes: dict[tuple[str, str, str | None], str] = {}

    def of(self, location: Location) -> Mirror:
        with self._lock:
            if location.url not in self._mirrors:
                name = hashlib.sha256(location.url.encode()).hexdigest()[:32]
                auth = self._auth(location)
                self._mirrors[location.url] = Mirror(self._folder / name, location, None, auth, timeout=TIMEOUT)
            return self._mirrors[location.url]

    def is_here(self, location: Location, commit: str) -> bool:
        """Asks nobody."""
        return self.of(location).has(commit)

    def fetch(self, location: Location, locked: Locked) -> None:
        """The locked commit, here and pinned; asks nobody when it is. Raises SourceError."""
        mirror = self.of(location)
        new = not mirror.has(locked.commit)
        mirror.bring(Named(locked.commit, refs_of(locked.ref)))
        if new:
            reach("library.fetched")

    def open(self, location: Location, locked: Locked) -> LibraryFiles:
        """The files of a commit that is here.

        Raises SourceError: "CommitMissing", "HashMismatch" when its contents are not those that were locked.
        """
        found = self.hash_of(location, locked.commit, locked.path)
        if found != locked.hash:
            message = f"its contents at {locked.commit[:12]} have another hash than windlass.lock: {found}"
            raise SourceError(message, "HashMismatch")
        mirror = self.of(location)
        tree = mirror.tree(locked.commit)

        def read(entries: Sequence[Listed]) -> Mapping[str, bytes]:
            contents = mirror.read([entry.blob for entry in entries])
            return {entry.path: contents[entry.blob] for entry in entries if entry.blob in contents}

        return LibraryFiles(tree.entries, read)

    def hash_of(self, location: Location, commit: str, path: str | None) -> str:
        """The content hash, computed once for each commit and folder. Raises SourceError."""
        key = (location.url, commit, path)
        if key not in self._hashes:
            mirror = self.of(location)
            tree = mirror.tree(commit)
            self._hashes[key] = content_hash((*tree.entries, *tree.ambiguous), mirror.read, path)
        return self._hashes[key]

    def known(self) -> list[Mirror]:
        """Those that were asked for in this life."""
        with self._lock:
            return list(self._mirrors.values())

    def renew(self) -> None:
        """From now on mirrors are opened with the credentials as they are now."""
        with self._lock:
            before, self._mirrors = self._mirrors, {}
        for mirror in before.values():
            mirror.close()

    def close(self) -> None:
        for mirror in self._mirrors.values():
            mirror.close()


def location_of(name: str, lock: Lock, base: Location, *, allow_local: bool) -> Location:
    """Where a locked library is. `base` is where the repository that holds the lock is. Raises SourceError."""
    owner = name.rpartition("/")[0]
    if owner:
        base = location_of(owner, lock, base, allow_local=allow_local)
        allow_local = base.local  # a library from elsewhere names no folder of this machine
    return library_location(lock.libraries[name].git, base, allow_local=allow_local)


def library_location(git: str, base: Location, *, allow_local: bool) -> Location:
    """What `git:` of a library means beside its owner's place. Raises SourceError "NotAllowed"."""
    if is_local_git(git) and not allow_local:
        said = "file:// and paths are only for the command line and for a server that is open to this machine alone"
        raise SourceError(f"a library at {git} cannot be used here: {said}", "NotAllowed")
    if git.startswith("."):
        if not base.local:
            raise SourceError(f"a library at {git} has no place: its owner comes from a server", "NotAllowed")
        git = str((Path(base.url) / git).resolve())
    try:
        return parse_location(git, allow_local=allow_local)
    except UsageError as error:
        raise SourceError(str(error), "NotAllowed") from error
