"""Open the libraries of one repository while a commit or a work tree of it is loaded.

In: mirrors, where the repository is, whether the network may be asked. Out: the files of a locked library, or why they
cannot be had, as loading wants them (`loading.libraries.OpenLibrary`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.errors import SourceError
from windlass.loading.libraries import mismatch, not_in_the_cache, unavailable
from windlass.reconcile.library_mirrors import location_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.loading.library_files import Absent, LibraryFiles
    from windlass.loading.lock import Lock, Locked
    from windlass.reconcile.library_mirrors import LibraryMirrors
    from windlass.sources.location import Location


class LibraryOpening:
    """`fetch` brings a commit that is not here, or raises SourceError; None: nobody is asked."""

    def __init__(
        self,
        mirrors: LibraryMirrors,
        base: Location,
        *,
        allow_local: bool = True,
        fetch: Callable[[Location, Locked], None] | None = None,
    ) -> None:
        self._mirrors = mirrors
        self._base = base
        self._allow_local = allow_local
        self._fetch = fetch

    def __call__(self, name: str, lock: Lock) -> LibraryFiles | Absent:
        locked = lock.libraries[name]
        try:
            where = location_of(name, lock, self._base, allow_local=self._allow_local)
            if not self._mirrors.is_here(where, locked.commit):
                if self._fetch is None:
                    return not_in_the_cache(name, lock)
                self._fetch(where, locked)
            return self._mirrors.open(where, locked)
        except SourceError as error:
            make = mismatch if error.reason == "HashMismatch" else unavailable
            return make(name, str(error))
