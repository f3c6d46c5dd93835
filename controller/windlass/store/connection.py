"""What the ledger needs of a database connection; `sqlite.py` and `postgresql.py` provide it.

In: SQL text of `compiled/` with named parameters. Out: tuples and counts. Driver errors end here: each becomes a
`Fault` (the database is busy, full, read-only or away: the same again later may work) or a LedgerError (the statement
was refused).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from windlass.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Fault(LedgerError):
    """The database could not do it now. `gone`: the connection is of no use any more."""

    def __init__(self, message: str, *, gone: bool = False) -> None:
        super().__init__(message)
        self.gone = gone


class Connection(Protocol):
    """One connection, used by one thread at a time. Nothing is committed by itself."""

    dialect: str  # sqlite or postgresql

    def begin(self) -> None:
        """A transaction that may write. SQLite: takes the write lock at once."""

    def begin_snapshot(self) -> None:
        """A transaction that only reads, and reads one moment."""

    def commit(self) -> None: ...

    def rollback(self) -> None:
        """Undo the transaction, if there is one. Never raises: a broken connection has nothing to undo."""

    def savepoint(self) -> None: ...
    def release(self) -> None: ...

    def undo(self) -> None:
        """Back to the savepoint, which is gone afterwards."""

    def rows(self, sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]: ...

    def change(self, sql: str, params: Mapping[str, Any]) -> int:
        """Rows that were changed."""

    def change_many(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """Rows that were changed by all of it."""

    def insert(self, sql: str, params: Mapping[str, Any]) -> int:
        """Insert one row; the number that the database gave to it."""

    def script(self, statements: Sequence[str]) -> None:
        """Schema statements without parameters."""

    def tables(self) -> set[str]:
        """The tables there are."""

    def lock_schema(self) -> None:
        """Within a transaction: nobody else changes the schema until it ends."""

    def close(self) -> None: ...
