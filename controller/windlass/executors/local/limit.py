"""The timeout of a part: what the part made is ended, what was there before it lives on.

In: the warden's pid, the part's timeout, the grace between TERM and KILL. Out: signals when they are due, and whether
anything of a part that was ended is left. Only builtins: the supervisor imports this.
"""

from __future__ import annotations

import signal
import time

from windlass.executors.local.descendants import descendants, signal_all

GIVE_UP = 30.0  # seconds of KILL after which what is left cannot be ended by us: a set-user-id program, a dead disk


class Limit:
    """Made before the part's program; `act` is called whenever `due` has come."""

    def __init__(self, warden: int, timeout: int, grace: int) -> None:
        """Milliseconds."""
        self.warden = warden
        self.grace = grace / 1000
        self.before = descendants(warden)  # started by earlier parts
        self.due = time.monotonic() + timeout / 1000
        self.exceeded = False
        self.killing_since: float | None = None

    def act(self) -> None:
        now = time.monotonic()
        if now < self.due:
            return
        left = self.left()
        if not self.exceeded:
            self.exceeded = True
            signal_all(left, signal.SIGTERM)
            signal_all(left, signal.SIGCONT)
            self.due = now + self.grace
            return
        self.killing_since = self.killing_since or now
        signal_all(left, signal.SIGKILL)
        self.due = now + min(1.0, 0.01 + (now - self.killing_since) / 4)

    def left(self) -> list[int]:
        """The processes of this part; none are worth waiting for when they cannot be ended."""
        if self.killing_since is not None and time.monotonic() - self.killing_since > GIVE_UP:
            return []
        spared = {pid for root in self.before for pid in (root, *descendants(root))}
        return [pid for pid in descendants(self.warden) if pid not in spared]

    @property
    def holds(self) -> bool:
        """The part was ended for it, and something of it still lives."""
        return self.exceeded and bool(self.left())
