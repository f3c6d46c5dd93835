"""The ground of a transaction: statements by name, over the writer's connection.

In: names of `compiled/` and values. Out: counts and rows. Only the writer makes one; the topics are mixed in by
`tx.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.clock import Millis
    from windlass.runs.model import Step
    from windlass.store.connection import Connection


class TxBase:
    """`now` is the time of the transaction, for what nobody gives a time to."""

    __slots__ = ("_changed", "_connection", "_sql", "newest_event", "now")

    def __init__(self, connection: Connection, sql: Mapping[str, str], now: Millis) -> None:
        self._connection = connection
        self._sql = sql
        self.now = now
        self.newest_event: int | None = None
        self._changed: list[tuple[str, Step]] = []  # steps that `finish` writes

    def _change(self, name: str, /, **values: Any) -> int:
        return self._connection.change(self._sql[name], values)

    def _change_many(self, name: str, rows: Sequence[Mapping[str, Any]]) -> int:
        return self._connection.change_many(self._sql[name], rows)

    def _insert(self, name: str, /, **values: Any) -> int:
        return self._connection.insert(self._sql[name], values)

    def _rows(self, name: str, /, **values: Any) -> list[tuple[Any, ...]]:
        return self._connection.rows(self._sql[name], values)

    def _row(self, name: str, /, **values: Any) -> tuple[Any, ...] | None:
        found = self._rows(name, **values)
        return found[0] if found else None
