"""SQLite through the standard library.

In: a file name. Out: a `Connection`: WAL, synchronous NORMAL (a crash of the process loses nothing; a power cut at
most the last commits, never consistency), foreign keys on, up to five seconds of waiting for a lock.
"""

from __future__ import annotations

import os
import sqlite3  # the only place that imports sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from windlass.errors import LedgerError
from windlass.store.connection import Fault
from windlass.store.driver_connection import DriverConnection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BUSY_TIMEOUT = 5.0
# By primary result code (sqlite.org/rescode.html): the same statement may work later.
_WAITS = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_AILS = {
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
}  # fmt: skip


def translated(error: sqlite3.Error) -> LedgerError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _WAITS:
        return Fault(f"the ledger is busy: {error}")
    if code in _AILS:
        return Fault(f"the ledger cannot be written or read: {error}", gone=True)
    return LedgerError(f"the ledger refused: {error}")


class SqliteConnection(DriverConnection):
    """See `Connection`. `create`: the file is made when it is missing, readable by its owner alone."""

    dialect = "sqlite"
    _refusals = sqlite3.Error
    _raw: sqlite3.Connection

    def __init__(self, path: str, *, create: bool = False, read_only: bool = False) -> None:
        try:
            if create:
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._raw = sqlite3.connect(
                f"{Path(path).absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=BUSY_TIMEOUT,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
            self._prepare(read_only)
        except sqlite3.Error as error:
            raise translated(error) from error
        except OSError as error:
            raise Fault(f"the ledger cannot be opened: {error.strerror}: {path}", gone=True) from error

    def _prepare(self, read_only: bool) -> None:
        execute = self._raw.execute
        mode = execute("PRAGMA journal_mode").fetchone()[0]
        if mode != "wal" and execute("PRAGMA journal_mode=WAL").fetchone()[0] != "wal":
            raise LedgerError("the ledger's file system cannot hold a write-ahead log; use a local disk or PostgreSQL")
        execute("PRAGMA synchronous=NORMAL")
        execute("PRAGMA foreign_keys=ON")
        if read_only:
            execute("PRAGMA query_only=ON")

    def _translated(self, error: sqlite3.Error) -> LedgerError:
        return translated(error)

    def begin(self) -> None:
        self._do("BEGIN IMMEDIATE")

    def begin_snapshot(self) -> None:
        self._do("BEGIN")

    def commit(self) -> None:
        self._do("COMMIT")

    def rollback(self) -> None:
        try:
            if self._raw.in_transaction:
                self._raw.execute("ROLLBACK")
        except sqlite3.Error:
            self.close()  # closing undoes it just as well

    def _do(self, sql: str) -> None:
        try:
            self._raw.execute(sql)
        except sqlite3.Error as error:
            raise self._translated(error) from error

    def change_many(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> int:
        try:
            return self._raw.executemany(sql, rows).rowcount if rows else 0
        except sqlite3.Error as error:
            raise self._translated(error) from error

    def insert(self, sql: str, params: Mapping[str, Any]) -> int:
        try:
            return self._raw.execute(sql, params).lastrowid or 0
        except sqlite3.Error as error:
            raise self._translated(error) from error

    def tables(self) -> set[str]:
        found = self.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", {})
        return {name for (name,) in found}

    def lock_schema(self) -> None:
        """The write lock that `begin` took is enough."""
