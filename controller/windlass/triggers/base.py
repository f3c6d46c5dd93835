"""What every trigger speaks: a `Firing`, and for triggers of time the contract of a `Rhythm`.

In: nothing. Out: values. A firing says that a trigger went off, with a key that makes it happen at most once; what is
made of it (a run, a recorded skip) is decided where the ledger is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from windlass.clock import Millis


@dataclass(frozen=True, slots=True)
class Firing:
    """One time that a trigger went off.

    `key` is the idempotency key within the trigger: the same key never makes a second run (R11). For a schedule it is
    the nominal instant as RFC 3339 in UTC. `scheduled_at` is that instant, None for triggers without a time;
    `start_at` adds the jitter and is never before it. `skipped` says for people why there will be no run; None when
    there will be one.
    """

    trigger: str  # `schedule[0]`, `webhook.shop`
    kind: str  # `schedule`, `webhook`
    key: str
    scheduled_at: Millis | None
    start_at: Millis
    skipped: str | None = None


class Rhythm(Protocol):
    """A series of instants that is known in advance: a cron line in a zone, or `every`.

    - `next_after` is the first instant strictly after `after`; None when the series has ended.
    - It is strictly increasing: `next_after(a) <= next_after(b)` whenever `a <= b`. Searching backwards relies on it.
    - It depends on its arguments alone: two controllers, and one before and after a restart, see the same instants.
    - Instants are whole seconds. One call costs tens of microseconds, however far away the next instant is.
    """

    def next_after(self, after: Millis) -> Millis | None: ...
