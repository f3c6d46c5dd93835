"""The one writer: a thread that commits units of work, as many together as have queued up.

In: functions of a `Tx`. Out: futures, done after the COMMIT. Units of one transaction stand in savepoints, so that
one that fails fails alone; a unit that is by itself needs none, and is committed by whoever brings it. The thread
outlives every fault of the database: it tries again with growing pauses for as long as its patience lasts, and after
that fails the units at hand and serves the next. Only being fenced ends it.
"""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from windlass.errors import FencedError, LedgerError
from windlass.store.batch import Batch, Outcome
from windlass.store.connection import Fault
from windlass.store.fence import Fence, take
from windlass.store.patience import Patience
from windlass.store.tx import Tx

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.clock import Clock, Millis
    from windlass.store.connection import Connection
    from windlass.store.opening import Database

__all__ = ["Tx", "Writer"]

T = TypeVar("T")
LARGEST_BATCH = 256  # units that share a transaction


@dataclass(frozen=True, slots=True)
class _Unit:
    work: Callable[[Tx], Any]
    future: Future[Any]


class Writer:
    """All methods may be called from any thread; none from within a unit of work."""

    def __init__(self, where: Database, clock: Clock, patience: float, connection: Connection | None = None) -> None:
        self._where = where
        self._clock = clock
        self._patience = patience
        self._queue: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._turn = threading.Lock()  # held while a transaction is under way
        self._gathered = False  # the thread has units and waits for the turn
        self._closing = threading.Event()
        self._connection = connection
        self._fence: Fence | None = None
        self._ended: LedgerError | None = None
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self.commits = 0
        self.units = 0
        self.on_event: Callable[[int], None] | None = None  # after a commit with events: the newest cursor

    # ---- what others call

    def take_over(self, holder: str, now: Millis, scope: str = "controller") -> int:
        """Become the writer of this scope; the new epoch. Whoever was it before can commit nothing from now on."""

        def attempt() -> Fence:
            connection = self._connected()
            connection.begin()
            fence = take(connection, self._where.sql, scope, holder, now)
            connection.commit()
            return fence

        with self._turn:
            self._fence = self._patiently(attempt)
            self._ended = None
            return self._fence.epoch

    def submit(self, work: Callable[[Tx], T]) -> Future[T]:
        """Queue a unit of work. The future has its result once it is committed, or the error that undid it:
        its own, FencedError, or LedgerError when the database would not.
        """
        future: Future[T] = Future()
        if self._ended is not None or self._closing.is_set():
            future.set_exception(self._ended or LedgerError("the ledger is closed"))
            return future
        self._queue.put(_Unit(work, future))
        if self._thread is None:
            self._start()
        return future

    def write(self, work: Callable[[Tx], T]) -> T:
        """Do a unit of work and wait until it is committed.

        Right here when nobody else writes: to hand it to the thread and back takes longer than the commit. Never in
        the main thread, where an interrupt could come between a COMMIT and what is noted of it.
        """
        if threading.current_thread() is not threading.main_thread() and self._turn.acquire(blocking=False):
            try:
                if self._is_idle():
                    unit = _Unit(work, Future())
                    self._settle([unit])
                    return unit.future.result()  # type: ignore[no-any-return]
            finally:
                self._turn.release()
        return self.submit(work).result()

    def _is_idle(self) -> bool:
        """Nobody came earlier, and nothing has ended: asked while holding the turn."""
        return self._queue.empty() and not self._gathered and not self._closing.is_set() and self._ended is None

    def close(self) -> None:
        """Commit what is queued, then end. A database that is away is not waited for."""
        self._closing.set()
        with self._starting:
            thread = self._thread
        if thread is not None:
            self._queue.put(None)
            thread.join()
        with self._turn:
            self._disconnect()

    # ---- the thread

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="windlass-ledger", daemon=True)
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        going_on = True
        while going_on:
            units, going_on = self._collect()
            if units:
                self._gathered = True  # whoever comes now goes after them
                with self._turn:
                    self._gathered = False
                    self._settle(units)
        self._settle_rest()

    def _collect(self) -> tuple[list[_Unit], bool]:
        """Everything that has queued up; waits for the first."""
        units: list[_Unit] = []
        item = self._queue.get()
        try:
            while item is not None:
                if item.future.set_running_or_notify_cancel():
                    units.append(item)
                if len(units) == LARGEST_BATCH:
                    return units, True
                item = self._queue.get_nowait()
        except queue.Empty:
            return units, True
        return units, False

    def _settle_rest(self) -> None:
        """What slipped in behind the end."""
        try:
            while True:
                item = self._queue.get_nowait()
                if item is not None and item.future.set_running_or_notify_cancel():
                    item.future.set_exception(LedgerError("the ledger is closed"))
        except queue.Empty:
            return

    def _settle(self, units: list[_Unit]) -> None:
        outcomes: list[Outcome]
        try:
            outcomes = self._commit(units)
        except FencedError as error:
            self._ended = error
            outcomes = [Outcome(error=error)] * len(units)
        except BaseException as error:  # noqa: BLE001 - the thread outlives every batch; whoever waits gets the error
            outcomes = [Outcome(error=error)] * len(units)
        for unit, outcome in zip(units, outcomes, strict=True):
            if outcome.error is not None:
                unit.future.set_exception(outcome.error)
            else:
                unit.future.set_result(outcome.result)

    def _commit(self, units: list[_Unit]) -> list[Outcome]:
        if self._ended is not None:
            raise self._ended
        if self._fence is None:
            raise LedgerError("nobody has taken over this ledger: call take_over before the first write")
        batch = Batch([unit.work for unit in units], self._fence, self._where.sql, self._clock)
        outcomes = self._patiently(lambda: batch.attempt(self._connected()))
        if batch.committed:
            self._fence = self._fence.next()
            self.commits += 1
            self.units += len(units)
            self._tell(batch.newest_event)
        return outcomes

    def _tell(self, newest: int | None) -> None:
        if newest is None or self.on_event is None:
            return
        try:
            self.on_event(newest)
        except Exception as error:  # noqa: BLE001 - what is committed is committed, whatever a listener thinks of it
            from windlass import log

            log.event("ledger.listener-failed", level="error", error=repr(error))

    # ---- the connection

    def _patiently(self, attempt: Callable[[], T]) -> T:
        """Try until it works, the patience is over, or it fails for a reason that waiting does not change."""
        patience = Patience(self._patience, self._closing)
        while True:
            try:
                return attempt()
            except Fault as fault:
                self._recover(fault)
                if not patience.wait():
                    raise LedgerError(str(fault)) from fault
            except BaseException:
                self._recover(None)
                raise

    def _recover(self, fault: Fault | None) -> None:
        if self._connection is not None:
            self._connection.rollback()
        if fault is not None and fault.gone:
            self._disconnect()

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._where.connect()
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
