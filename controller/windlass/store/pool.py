"""Connections for readers: each is used by one thread at a time, a few are kept.

In: a database. Out: read-only connections, lent for one question. A question that meets a broken connection is
asked once more over a new one: readers change nothing, so asking twice does no harm.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

from windlass.errors import LedgerError
from windlass.store.connection import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.store.connection import Connection
    from windlass.store.opening import Database

T = TypeVar("T")
KEPT = 8


class Pool:
    """Any number of threads may ask at once; `KEPT` connections stay open between questions."""

    def __init__(self, where: Database) -> None:
        self.where = where
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._closed = False

    def ask(self, question: Callable[[Connection], T], *, snapshot: bool = False) -> T:
        """`snapshot`: all its statements see one moment. Raises LedgerError."""
        try:
            return self._ask(question, snapshot)
        except Fault:
            self._drop_idle()
            return self._ask(question, snapshot)

    def rows(self, name: str, /, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of one fixed statement."""
        return self.ask(lambda connection: connection.rows(self.where.sql[name], values))

    def row(self, name: str, /, **values: Any) -> tuple[Any, ...] | None:
        found = self.rows(name, **values)
        return found[0] if found else None

    def _ask(self, question: Callable[[Connection], T], snapshot: bool) -> T:
        connection = self._borrow()
        try:
            if snapshot:
                connection.begin_snapshot()
            answer = question(connection)
            if snapshot:
                connection.commit()
        except Fault as fault:
            connection.rollback()
            if fault.gone:
                connection.close()
            else:
                self._give_back(connection)
            raise
        except BaseException:
            connection.rollback()
            self._give_back(connection)
            raise
        self._give_back(connection)
        return answer

    def _borrow(self) -> Connection:
        with self._lock:
            if self._closed:
                raise LedgerError("the ledger is closed")
            if self._idle:
                return self._idle.pop()
        return self.where.connect(read_only=True)

    def _give_back(self, connection: Connection) -> None:
        with self._lock:
            keep = not self._closed and len(self._idle) < KEPT
            if keep:
                self._idle.append(connection)
        if not keep:
            connection.close()

    def _drop_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
        self._drop_idle()
