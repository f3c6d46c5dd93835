"""The libraries of a server's repositories: fetched when a commit needs them, kept while one does, retried politely.

In: what the loaded commits' locks say. Out: openings for the loader, which commits stay pinned, when a repository that
lacks one is worth another look. One library is one mirror, however many repositories name it; a commit that is here is
never asked for again, so that an unreachable library leaves what runs in place.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from windlass import log
from windlass.errors import SourceError
from windlass.loading.lock import Lock
from windlass.reconcile.library_mirrors import location_of
from windlass.reconcile.library_opening import LibraryOpening
from windlass.sources.polling import next_poll

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from windlass.clock import Clock, Millis
    from windlass.loading.lock import Locked
    from windlass.reconcile.library_mirrors import LibraryMirrors
    from windlass.reconcile.library_polls import LibraryPolls, Seen
    from windlass.sources.location import Location
    from windlass.sources.mirror import Mirror

INTERVAL: Millis = 30_000
LOCAL_INTERVAL: Millis = 1000  # a folder of this machine is asked as often as a local repository
Commit = tuple[str, str]  # the URL of a library, a commit of it
Missing = dict[Commit, str]  # with the reason why it cannot be had


@dataclass(frozen=True, slots=True)
class _Failure:
    error: SourceError
    count: int
    again: Millis


class ServedLibraries:
    """`repositories` are the names of all that are served; `allow_local` only for a server open to its own machine."""

    def __init__(
        self,
        mirrors: LibraryMirrors,
        polls: LibraryPolls,
        repositories: Iterable[str],
        clock: Clock,
        jitter: Callable[[], float],
        *,
        allow_local: bool,
    ) -> None:
        self._mirrors = mirrors
        self._polls = polls
        self._waiting_for_first = set(repositories)
        self._clock = clock
        self._jitter = jitter
        self._allow_local = allow_local
        self._lock = threading.Lock()
        self._failures: dict[Commit, _Failure] = {}
        self._held: dict[str, set[Commit]] = {}

    def opening(self, base: Location, *, hurry: bool = False) -> ServedOpening:
        """For one pass over a repository at `base`; `hurry`: somebody asked for it, so back-off does not count."""
        return ServedOpening(self, self._mirrors, base, allow_local=self._allow_local, hurry=hurry)

    def fetch(self, where: Location, locked: Locked, *, hurry: bool) -> None:
        """Raises SourceError, the one of last time when it is too soon to ask again."""
        key, now = (where.url, locked.commit), self._clock.now()
        last = self._failures.get(key)
        if last is not None and now < last.again and not hurry:
            raise last.error
        try:
            self._mirrors.fetch(where, locked)
        except SourceError as error:
            count = last.count + 1 if last is not None else 1
            interval, failures = (LOCAL_INTERVAL, 0) if where.local else (INTERVAL, count)
            again = next_poll(now, interval, failures, error.retry_after, self._jitter())
            self._failures[key] = _Failure(error, count, again)
            log.event("library.failed", level="warning", library=where.url, commit=locked.commit, error=str(error))
            raise
        self._failures.pop(key, None)
        log.event("library.fetched", library=where.url, commit=locked.commit)

    def is_due(self, missing: Iterable[Commit]) -> bool:
        """Whether it is time to ask again for one of these."""
        now = self._clock.now()
        return any(key not in self._failures or self._failures[key].again <= now for key in missing)

    def hold(self, repository: str, base: Location, lock: Lock, libraries: Mapping[str, Locked]) -> None:
        """From now on these are what the repository needs; commits that nobody needs any more are let go.

        Nothing is let go before every repository was loaded once in this life: another one may need it.
        """
        places = dict(self.places(base, lock, libraries))
        wanted = {(where.url, libraries[name].commit) for name, where in places.items()}
        self._polls.watch(repository, {(where, libraries[name].ref) for name, where in places.items()})
        with self._lock:
            before, self._held[repository] = self._held.get(repository), wanted
            first = repository in self._waiting_for_first
            self._waiting_for_first.discard(repository)
            if self._waiting_for_first or before == wanted:
                return
            held = {key for keys in self._held.values() for key in keys}
            self._failures = {key: failure for key, failure in self._failures.items() if key in held}
            touched = {url for url, _ in wanted | (before or set())}
            for mirror in self._mirrors.known():
                if first or mirror.location.url in touched:
                    _keep_only(mirror, {commit for url, commit in held if url == mirror.location.url})

    def expect(self, repository: str) -> None:
        """A repository is about to be loaded: until then nothing is let go."""
        with self._lock:
            if repository not in self._held:
                self._waiting_for_first.add(repository)

    def forget(self, repository: str) -> None:
        """A repository is not served any more; what it needed is let go with the next change."""
        self._polls.watch(repository, ())
        with self._lock:
            self._waiting_for_first.discard(repository)
            self._held.pop(repository, None)

    def renew(self) -> None:
        """Credentials have changed: mirrors are opened anew, and what could not be had is worth asking for again."""
        self._mirrors.renew()
        with self._lock:
            self._failures.clear()

    def places(self, base: Location, lock: Lock, libraries: Mapping[str, Locked]) -> Iterator[tuple[str, Location]]:
        """Where each is, by name; one that may not be used here is refused where it is used."""
        for name in libraries:
            with suppress(SourceError):
                yield name, location_of(name, lock, base, allow_local=self._allow_local)

    def seen(self, base: Location, libraries: Mapping[str, Locked]) -> dict[str, Seen]:
        """What the last poll of each said, by name."""
        places = self.places(base, Lock(libraries), libraries)
        return {name: self._polls.seen((where, libraries[name].ref)) for name, where in places}

    def start(self) -> None:
        self._polls.start()

    def close(self) -> None:
        self._polls.stop()
        self._mirrors.close()


def _keep_only(mirror: Mirror, held: set[str]) -> None:
    """Pins what is held: another repository's turn may have come between its fetch and now. A commit that stays pinned
    costs space and nothing else."""
    try:
        for commit in sorted(held):
            if mirror.has(commit):
                mirror.pin(commit)
        for commit in sorted(mirror.pins() - held):
            mirror.unpin(commit)
    except SourceError as error:
        log.event("library.unpin-failed", level="warning", library=mirror.location.url, error=str(error))


class ServedOpening(LibraryOpening):
    """`missing` are the commits that could not be had."""

    def __init__(
        self,
        served: ServedLibraries,
        mirrors: LibraryMirrors,
        base: Location,
        *,
        allow_local: bool,
        hurry: bool,
    ) -> None:
        super().__init__(mirrors, base, allow_local=allow_local, fetch=self._bring)
        self._served = served
        self._hurry = hurry
        self.missing: Missing = {}

    def _bring(self, where: Location, locked: Locked) -> None:
        try:
            self._served.fetch(where, locked, hurry=self._hurry)
        except SourceError as error:
            self.missing[where.url, locked.commit] = f"{where.url}: {error}"
            raise
