"""The ledger: where it is opened and closed.

In: `sqlite:///path/ledger.db` or `postgresql://…`. Out: one `Writer` and any number of readers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.clock import SystemClock
from windlass.store.opening import bring_up, database
from windlass.store.pool import Pool
from windlass.store.reads import Reads
from windlass.store.writer import Writer

if TYPE_CHECKING:
    from types import TracebackType

    from windlass.clock import Clock
    from windlass.store.connection import Connection
    from windlass.store.opening import Database

PATIENCE = 30.0  # seconds; a PostgreSQL failover takes ten to twenty


class Ledger:
    """`writer` changes, `reads` answers. `patience`: how long a write waits for a database that fails."""

    def __init__(self, where: Database, clock: Clock, patience: float, connection: Connection | None) -> None:
        self._pool = Pool(where)
        self.writer = Writer(where, clock, patience, connection)
        self.reads = Reads(self._pool)

    @classmethod
    def open(cls, url: str, *, clock: Clock | None = None, patience: float = PATIENCE) -> Ledger:
        """Open, and make or migrate the schema if need be.

        Raises UsageError for a URL of another kind, LedgerError when the database cannot be opened, is newer than this
        program, or belongs to something else.
        """
        where = database(url)
        return cls(where, clock or SystemClock(), patience, bring_up(where))

    def close(self) -> None:
        """Commit what is queued, then let go of the database."""
        self.writer.close()
        self._pool.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()
