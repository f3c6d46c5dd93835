"""The lease in the ledger: for controllers outside of Kubernetes that share a database.

In: a `Database`. Out: a row of its own in `fences`, whose epoch counts the writes. It has a connection of its own, so
that a renewal waits for no other question.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

from windlass.election.base import Lease
from windlass.errors import LeaseError, LedgerError
from windlass.store.connection import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.clock import Clock
    from windlass.store.connection import Connection
    from windlass.store.opening import Database

    T = TypeVar("T")


class LedgerLeases:
    """`scope` names the lease."""

    def __init__(self, where: Database, clock: Clock, scope: str = "lease") -> None:
        self._where = where
        self._clock = clock
        self._scope = scope
        self._connection: Connection | None = None

    def read(self) -> Lease | None:
        sql = self._where.sql["read_holder"]
        rows = self._asked(lambda connection: connection.rows(sql, {"scope": self._scope}))
        if not rows:
            return None
        epoch, text = rows[0]
        written = json.loads(text)
        return Lease(written["holder"], float(written["duration"]), int(written["terms"]), str(epoch), str(epoch))

    def write(self, lease: Lease, seen: Lease | None) -> Lease | None:
        text = json.dumps({"holder": lease.holder, "duration": lease.duration, "terms": lease.terms})
        values = {"holder": text, "taken_at": self._clock.now()}
        version = 1 if seen is None else int(seen.version) + 1
        name = "make_lease" if seen is None else "write_lease"
        which = {"scope": self._scope} if seen is None else {"the_scope": self._scope, "the_epoch": version - 1}
        changed = self._asked(lambda connection: _changed(connection, self._where.sql[name], values | which))
        return Lease(lease.holder, lease.duration, lease.terms, str(version), str(version)) if changed else None

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _asked(self, question: Callable[[Connection], T]) -> T:
        try:
            if self._connection is None:
                self._connection = self._where.connect()
            return question(self._connection)
        except Fault as fault:
            if self._connection is not None:
                self._connection.rollback()
            if fault.gone:
                self.close()
            raise LeaseError(str(fault)) from fault
        except LedgerError as error:
            self.close()
            raise LeaseError(str(error)) from error


def _changed(connection: Connection, sql: str, values: dict[str, object]) -> bool:
    connection.begin()
    changed = connection.change(sql, values) == 1
    connection.commit()
    return changed
