"""One group of units on its way into the ledger, through as many attempts as it takes.

In: units of work, the fence, a connection for each attempt. Out: an outcome for each unit, once the transaction is
committed. A commit whose answer was lost is not repeated when the next attempt finds that it took place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass.store.connection import Fault
from windlass.store.tx import Tx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from windlass.clock import Clock
    from windlass.store.connection import Connection
    from windlass.store.fence import Fence


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a unit returned, or the error that undid it."""

    result: Any = None
    error: BaseException | None = None


class Batch:
    """`committed`: there is a new transaction in the ledger. `newest_event`: the last cursor it gave out."""

    def __init__(
        self, units: Sequence[Callable[[Tx], Any]], fence: Fence, sql: Mapping[str, str], clock: Clock
    ) -> None:
        self._units = units
        self._fence = fence
        self._sql = sql
        self._clock = clock
        self._doubtful: list[Outcome] | None = None  # outcomes of a commit whose end was not seen
        self._doubtful_event: int | None = None
        self.committed = False
        self.newest_event: int | None = None

    def attempt(self, connection: Connection) -> list[Outcome]:
        """Run all units and commit. Raises Fault to be tried again, FencedError for good."""
        self.newest_event = None
        connection.begin()
        took_place = self._fence.enter(connection, self._sql, doubtful=self._doubtful is not None)
        if took_place and self._doubtful is not None:
            connection.rollback()
            self.committed, self.newest_event = True, self._doubtful_event
            return self._doubtful
        outcomes = self._run_alone(connection) if len(self._units) == 1 else self._run_all(connection)
        if all(outcome.error is not None for outcome in outcomes):
            connection.rollback()
            return outcomes
        self._doubtful, self._doubtful_event = outcomes, self.newest_event
        connection.commit()
        self.committed = True
        return outcomes

    def _run_alone(self, connection: Connection) -> list[Outcome]:
        """By itself a unit needs no savepoint: the transaction is undone with it."""
        return [self._run(connection, self._units[0])]

    def _run_all(self, connection: Connection) -> list[Outcome]:
        outcomes = []
        for unit in self._units:
            connection.savepoint()
            outcome = self._run(connection, unit)
            if outcome.error is None:
                connection.release()
            else:
                connection.undo()
            outcomes.append(outcome)
        return outcomes

    def _run(self, connection: Connection, unit: Callable[[Tx], Any]) -> Outcome:
        tx = Tx(connection, self._sql, self._clock.now())
        try:
            result = unit(tx)
            tx.finish()
        except Fault:
            raise  # the database, not the unit
        except Exception as error:  # noqa: BLE001 - a failing unit fails alone, whatever it raised
            return Outcome(error=error)
        if tx.newest_event is not None:
            self.newest_event = tx.newest_event
        return Outcome(result=result)
