"""The source loop: polls each repository at its interval, sooner when it is woken, politely when it fails (R21).

In: the sources' states. Out: calls of `SourceReconciler`, one at a time per repository, several repositories at once.
Webhooks and API calls only wake; polling is the safety net (design decision 3).
"""

from __future__ import annotations

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from windlass import log
from windlass.errors import FencedError, NotFoundError, WindlassError
from windlass.reconcile.timetable import Timetable
from windlass.sources.polling import next_poll

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from windlass.clock import Clock
    from windlass.settings import RepositorySettings
    from windlass.sources.mirror import Mirror

WORKERS = 4
LOCAL_INTERVAL = 1000  # ms: looking at a local repository's refs starts no process


class Polled(Protocol):
    """What the loop knows of a source; the rest is its reconciler's."""

    settings: RepositorySettings
    mirror: Mirror
    failures: int
    retry_after: float | None
    hurry: bool


P = TypeVar("P", bound=Polled)
P_contra = TypeVar("P_contra", bound=Polled, contravariant=True)


class Reconciler(Protocol[P_contra]):
    """One pass over a source; `crashed` says where its users look that it failed in a way nobody expected."""

    def reconcile(self, source: P_contra, *, confirm: bool = False) -> None: ...
    def crashed(self, source: P_contra, error: Exception) -> None: ...


class Sources(Generic[P]):
    def __init__(
        self, states: Iterable[P], reconciler: Reconciler[P], clock: Clock, jitter: Callable[[], float]
    ) -> None:
        self.states = {state.settings.name: state for state in states}
        self._reconciler = reconciler
        self._clock = clock
        self._jitter = jitter
        self._lock = threading.Condition()
        self._timetable = Timetable()
        self._busy: set[str] = set()
        self._again: dict[str, bool] = {}  # woken while busy; True: with a confirmation
        self._rounds: dict[str, int] = defaultdict(int)
        self._stopping = False
        self._retired: dict[str, P] = {}
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="windlass-source")
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        with self._lock:
            for name, state in self.states.items():
                if not state.settings.suspended:
                    self._timetable.set(name, self._clock.now())
        self._thread = threading.Thread(target=self._run, name="windlass-sources", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with self._lock:
            self._stopping = True
            self._lock.notify_all()
        if self._thread is not None:
            self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for state in (*self.states.values(), *self._retired.values()):
            state.mirror.close()

    def put(self, state: P) -> None:
        """Serve a repository from now on, in the place of one of the same name: when this returns, nobody works on that
        any more. What was live of it stays live until the new one was loaded."""
        name = state.settings.name
        with self._lock:
            before = self._taken_out(name)
            self.states = {**self.states, name: state}
            if not state.settings.suspended:
                self._timetable.set(name, self._clock.now())
            self._lock.notify_all()
        if before is not None:
            before.mirror.close()

    def remove(self, name: str) -> None:
        """Stop serving it. Runs of it that have not ended still find its commits (`find`)."""
        with self._lock:
            state = self._taken_out(name)
            if state is not None:
                self._retired[name] = state

    def find(self, name: str) -> P | None:
        """Also one that is not served any more, for the runs that it left."""
        return self.states.get(name) or self._retired.get(name)

    def _taken_out(self, name: str) -> P | None:
        state = self.states.get(name) or self._retired.pop(name, None)
        self.states = {key: one for key, one in self.states.items() if key != name}  # readers iterate without the lock
        self._timetable.set(name, None)
        self._again.pop(name, None)
        self._lock.wait_for(lambda: name not in self._busy)
        self._rounds.pop(name, None)
        return state

    def wake(self, name: str, *, confirm: bool = False) -> int:
        """Reconcile soon. Returns the round to wait for. Raises NotFoundError."""
        with self._lock:
            if name not in self.states:
                raise NotFoundError(f"no repository {name}")
            # A pass that is under way may have looked before the push: one more is owed.
            self.states[name].hurry = True
            owed = self._rounds[name] + (2 if name in self._busy else 1)
            if name in self._busy:
                self._again[name] = self._again.get(name, False) or confirm
            else:
                self._submit(name, confirm=confirm)
            return owed

    def nudge(self, name: str) -> None:
        """Reconcile at the next opportunity, as if its interval were over."""
        with self._lock:
            if name in self.states and name not in self._busy:
                self._timetable.set(name, self._clock.now())
                self._lock.notify_all()

    def wait(self, name: str, owed: int, timeout: float) -> bool:
        """Wait until the round that `wake` named is done."""
        with self._lock:
            return self._lock.wait_for(lambda: self._rounds[name] >= owed or self._stopping, timeout)

    def first_round_done(self) -> bool:
        with self._lock:
            return self._all_looked_at()

    def wait_for_first_round(self, timeout: float) -> bool:
        with self._lock:
            return self._lock.wait_for(self._all_looked_at, timeout)

    def _all_looked_at(self) -> bool:
        return all(self._rounds[name] > 0 or state.settings.suspended for name, state in self.states.items())

    def _run(self) -> None:
        with self._lock:
            while not self._stopping:
                for name in self._timetable.due(self._clock.now()):
                    if name not in self._busy:
                        self._submit(name, confirm=False)
                self._lock.wait(self._timetable.pause(self._clock.now()))

    def _submit(self, name: str, *, confirm: bool) -> None:
        self._busy.add(name)
        self._timetable.set(name, None)
        self._pool.submit(self._pass, name, confirm)

    def _pass(self, name: str, confirm: bool) -> None:
        state = self.states.get(name)
        if state is None:  # it was taken out in between
            self._leave(name)
            return
        try:
            self._reconciler.reconcile(state, confirm=confirm)
        except FencedError:
            return
        except Exception as error:  # noqa: BLE001 - one repository must not stop the others (R29)
            self._say_crashed(state, error)
        with self._lock:
            self._busy.discard(name)
            self._rounds[name] += 1
            if name in self._again and not self._stopping:
                self._submit(name, confirm=self._again.pop(name))
            elif self.states.get(name) is state:
                self._timetable.set(name, self._next(state))
            self._lock.notify_all()

    def _leave(self, name: str) -> None:
        with self._lock:
            self._busy.discard(name)
            self._lock.notify_all()

    def _say_crashed(self, state: P, error: Exception) -> None:
        try:
            self._reconciler.crashed(state, error)
        except WindlassError as second:
            log.event("source.unreported", level="error", repository=state.settings.name, error=str(second))

    def _next(self, state: P) -> int | None:
        if state.settings.suspended:
            return None
        interval = state.settings.interval
        if state.settings.local and not state.failures:
            interval = min(interval, LOCAL_INTERVAL)
        return next_poll(self._clock.now(), interval, state.failures, state.retry_after, self._jitter())
