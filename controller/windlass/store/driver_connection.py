"""What both databases are told in the same words, whatever their drivers are called.

In: SQL text, and a driver's connection. Out: the part of `Connection` that is the same: savepoints, rows, counts. A
kind of database says how its driver's errors are told and what it does in words of its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.errors import LedgerError


class DriverConnection(ABC):
    """`_raw` is the driver's connection, `_refusals` are what it raises."""

    _raw: Any
    _refusals: ClassVar[type[Exception]]

    @abstractmethod
    def _translated(self, error: Any) -> LedgerError: ...

    @abstractmethod
    def _do(self, sql: str) -> None:
        """A statement without parameters and answer."""

    def savepoint(self) -> None:
        self._do("SAVEPOINT unit")

    def release(self) -> None:
        self._do("RELEASE unit")

    def undo(self) -> None:
        self._do("ROLLBACK TO unit")
        self._do("RELEASE unit")

    def rows(self, sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        try:
            found: list[tuple[Any, ...]] = self._raw.execute(sql, params).fetchall()
        except self._refusals as error:
            raise self._translated(error) from error
        return found

    def change(self, sql: str, params: Mapping[str, Any]) -> int:
        try:
            changed: int = self._raw.execute(sql, params).rowcount
        except self._refusals as error:
            raise self._translated(error) from error
        return changed

    def script(self, statements: Sequence[str]) -> None:
        for statement in statements:
            self._do(statement)

    def close(self) -> None:
        self._raw.close()
