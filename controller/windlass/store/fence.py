"""The fencing epoch: whoever took over last may write, everyone before may not (design decision 11, promise R26).

In: a connection within a transaction. Out: the transaction may go on, or FencedError. Each scope also counts its
transactions: after a COMMIT whose answer was lost, the count tells whether it took place (promise R31).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from windlass.errors import FencedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.clock import Millis
    from windlass.store.connection import Connection


@dataclass(frozen=True, slots=True)
class Fence:
    """Our right to write in a scope: the epoch, and the number of transactions that are committed."""

    scope: str
    epoch: int
    commits: int

    def enter(self, connection: Connection, sql: Mapping[str, str], *, doubtful: bool) -> bool:
        """Check and count in one statement, which holds the row until the end, so that nobody takes over in between.

        True when the doubtful commit before took place: there is nothing left to do then. Raises FencedError.
        """
        values = {"the_scope": self.scope, "the_epoch": self.epoch, "the_commits": self.commits}
        if connection.change(sql["pass_fence"], values) == 1:
            return False
        found = connection.rows(sql["read_fence"], {"scope": self.scope})
        if doubtful and found == [(self.epoch, self.commits + 1)]:
            return True
        raise FencedError("another controller has taken over the ledger")

    def next(self) -> Fence:
        return replace(self, commits=self.commits + 1)


def take(connection: Connection, sql: Mapping[str, str], scope: str, holder: str, now: Millis) -> Fence:
    """Raise the epoch; every writer with an older one is fenced off from the commit of this transaction on."""
    connection.change(sql["take_fence"], {"scope": scope, "holder": holder, "taken_at": now})
    epoch, commits = connection.rows(sql["read_fence"], {"scope": scope})[0]
    return Fence(scope, epoch, commits)
