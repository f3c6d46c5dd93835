"""PostgreSQL through psycopg 3.

In: a connection URL. Out: a `Connection`. Transactions are begun and ended by statements of ours, so that both
databases behave alike. What was committed is only as safe as the server's `synchronous_commit`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg  # the only place that imports psycopg
from psycopg.pq import TransactionStatus

from windlass.errors import LedgerError
from windlass.store.connection import Fault
from windlass.store.driver_connection import DriverConnection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONNECT_TIMEOUT = 10  # seconds
# Of a machine or a network that is gone nobody is told: the system asks every few seconds, and gives up after ten.
ALIVE = {"keepalives_idle": "5", "keepalives_interval": "2", "keepalives_count": "3", "tcp_user_timeout": "15000"}
# A controller that stands still within a transaction holds the fence's row: the server ends its session, so that the
# next one can take over.
STANDSTILL = 5000  # milliseconds
_SCHEMA_LOCK = 0x77696E64  # "wind": one migration at a time
# SQLSTATE classes and codes where the same may work later (postgresql.org, appendix A): connection, rolled back for the
# sake of others, resources, operator intervention, system error, read-only, lock not available.
_LATER = ("08", "40", "53", "57", "58", "25006", "55P03")


def translated(error: psycopg.Error, raw: psycopg.Connection[Any] | None) -> LedgerError:
    state = error.sqlstate or ""
    # A session that is read-only has met a standby: another one may meet the primary.
    gone = raw is None or raw.closed or raw.broken or state.startswith(("08", "57P", "25006"))
    if gone or state.startswith(_LATER):
        return Fault(f"the ledger cannot be reached: {_first_line(error)}", gone=gone)
    return LedgerError(f"the ledger refused: {_first_line(error)}")


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


class PostgresConnection(DriverConnection):
    """See `Connection`."""

    dialect = "postgresql"
    _refusals = psycopg.Error
    _raw: psycopg.Connection[Any]

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        try:
            given = psycopg.conninfo.conninfo_to_dict(url)
            wanted: dict[str, Any] = {"application_name": "windlass", "connect_timeout": CONNECT_TIMEOUT}
            self._raw = psycopg.connect(**(wanted | ALIVE | given), autocommit=True)
            if read_only:
                self._raw.execute("SET default_transaction_read_only = on")
            else:
                self._raw.execute(f"SET idle_in_transaction_session_timeout = {STANDSTILL}".encode())
        except psycopg.Error as error:
            raise translated(error, None) from error

    def _translated(self, error: psycopg.Error) -> LedgerError:
        return translated(error, self._raw)

    def begin(self) -> None:
        self._do("BEGIN")

    def begin_snapshot(self) -> None:
        self._do("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def commit(self) -> None:
        # COMMIT of a failed transaction answers ROLLBACK without an error; units that failed were undone before.
        assert self._raw.info.transaction_status is not TransactionStatus.INERROR
        self._do("COMMIT")

    def rollback(self) -> None:
        with suppress(psycopg.Error):
            if self._raw.info.transaction_status is not TransactionStatus.IDLE:
                self._raw.execute("ROLLBACK")

    def _do(self, sql: str) -> None:
        try:
            self._raw.execute(sql, prepare=False)
        except psycopg.Error as error:
            raise self._translated(error) from error

    def change_many(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> int:
        if len(rows) <= 1:
            return self.change(sql, rows[0]) if rows else 0
        try:
            with self._raw.cursor() as cursor:
                cursor.executemany(sql, rows)
                return cursor.rowcount
        except psycopg.Error as error:
            raise self._translated(error) from error

    def insert(self, sql: str, params: Mapping[str, Any]) -> int:
        return int(self.rows(sql, params)[0][0])

    def tables(self) -> set[str]:
        found = self.rows("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()", {})
        return {name for (name,) in found}

    def lock_schema(self) -> None:
        self.rows("SELECT pg_advisory_xact_lock(%(key)s)", {"key": _SCHEMA_LOCK})
