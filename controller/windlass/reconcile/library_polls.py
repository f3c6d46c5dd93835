"""Polls of libraries: is each still there, and what does its ref stand for by now? The lock pins what is used, so the
answer changes nothing that runs; it is shown beside what is locked.

In: which libraries each repository names. Out: what was seen last, and a nudge for the repositories whose library has
gone, come back or moved on. One question for each library and ref per interval, however many repositories name it;
errors back off (R21).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from windlass import log
from windlass.errors import SourceError
from windlass.reconcile.timetable import Timetable
from windlass.sources.polling import next_poll

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from windlass.clock import Clock, Millis
    from windlass.reconcile.library_mirrors import LibraryMirrors
    from windlass.sources.location import Location

INTERVAL: Millis = 30_000
LOCAL_INTERVAL: Millis = 5_000
LEAVE = 5.0  # seconds; a server that does not answer must not hold up a stop
Watched = tuple["Location", "str | None"]  # where a library is, and its ref


@dataclass(frozen=True, slots=True)
class Seen:
    """`newest` is the commit that the ref stands for, as last seen; `error` why it could not be asked this time."""

    newest: str | None = None
    error: str | None = None
    failures: int = 0


class LibraryPolls:
    """`nudge` is called with the name of a repository that has something new to tell of its libraries."""

    def __init__(
        self, mirrors: LibraryMirrors, clock: Clock, jitter: Callable[[], float], nudge: Callable[[str], None]
    ) -> None:
        self._mirrors = mirrors
        self._clock = clock
        self._jitter = jitter
        self._nudge = nudge
        self._lock = threading.Condition()
        self._watched: dict[str, set[Watched]] = {}
        self._seen: dict[Watched, Seen] = {}
        self._keys: dict[str, Watched] = {}
        self._timetable = Timetable()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="windlass-library-polls", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with self._lock:
            self._stopping = True
            self._lock.notify_all()
        if self._thread is not None:
            self._thread.join(LEAVE)

    def watch(self, repository: str, libraries: Iterable[Watched]) -> None:
        """From now on these are what the repository names; what nobody names any more is not asked again."""
        with self._lock:
            self._watched[repository] = set(libraries)
            named = set().union(*self._watched.values())
            for one in named - self._seen.keys():
                self._seen[one] = Seen()
                self._schedule(one, self._clock.now())
            for one in self._seen.keys() - named:
                del self._seen[one]
                self._timetable.set(_key(one), None)
            self._lock.notify_all()

    def seen(self, library: Watched) -> Seen:
        return self._seen.get(library, Seen())

    def due(self) -> list[Watched]:
        """What it is time to ask; each is named once."""
        with self._lock:
            return [self._keys[key] for key in self._timetable.due(self._clock.now())]

    def _run(self) -> None:
        while not self._stopping:
            for one in self.due():
                try:
                    self.look(one)
                except Exception as error:  # noqa: BLE001 - one library must not stop the others (R29)
                    log.event("library.crashed", level="error", library=one[0].url, error=repr(error))
                    self._schedule_again(one)
            with self._lock:
                if not self._stopping:
                    self._lock.wait(self._timetable.pause(self._clock.now()))

    def look(self, one: Watched) -> None:
        """Ask one library where its ref stands; never raises for what a library can do to us."""
        location, ref = one
        before = self.seen(one)
        retry_after = None
        try:
            seen = Seen(self._mirrors.of(location).find(ref).commit)
        except SourceError as error:
            seen = Seen(before.newest, str(error), before.failures + 1)
            retry_after = error.retry_after
            if before.error is None:
                log.event("library.unreachable", level="warning", library=location.url, error=str(error))
        interval, failures = (LOCAL_INTERVAL, 0) if location.local else (INTERVAL, seen.failures)
        again = next_poll(self._clock.now(), interval, failures, retry_after, self._jitter())
        with self._lock:
            if one not in self._seen:
                return
            self._seen[one] = seen
            self._schedule(one, again)
            concerned = [name for name, watched in self._watched.items() if one in watched]
        if (seen.newest, seen.error) != (before.newest, before.error):
            for name in concerned:
                self._nudge(name)

    def _schedule_again(self, one: Watched) -> None:
        with self._lock:
            if one in self._seen:
                self._schedule(one, self._clock.now() + INTERVAL)

    def _schedule(self, one: Watched, at: Millis) -> None:
        self._keys[_key(one)] = one
        self._timetable.set(_key(one), at)


def _key(one: Watched) -> str:
    location, ref = one
    return f"{location.url}\0{'' if ref is None else ref}"
