"""What a warden tells the controller of its attempt: its start, its parts and its end.

In: what happened. Out: messages of `channel`. A program that ends within a moment of its start is told of in one
message with its end: the controller wakes, decides and records once instead of twice. The journal has said who runs
before that, so nothing depends on it. Only builtins: the supervisor imports this.
"""

from __future__ import annotations

import time

from windlass.executors.local import channel

TYPE_CHECKING = False  # typing costs the supervisor half of its start
if TYPE_CHECKING:
    Start = tuple[int, int, int, int]  # at, the warden's pid and start time, the program's pid

MOMENT = 0.01  # seconds that the message of a start waits for the end; longer than most programs that do little


class Telling:
    def __init__(self, number: int) -> None:
        """The attempt's id on the channel."""
        self.number = number
        self.start: Start | None = None  # not yet told
        self.due = 0.0  # monotonic

    def started(self, start: Start) -> None:
        self.start = start
        self.due = time.monotonic() + MOMENT

    def by_now(self) -> None:
        """The start, if it has waited for long enough."""
        if self.start is not None and time.monotonic() >= self.due:
            self.owed()

    def owed(self) -> None:
        """The start, if it is not told yet: something else is going to be told of the attempt."""
        if self.start is not None:
            channel.report(channel.FD, "started", self.number, *self.start)
            self.start = None

    def part(self) -> None:
        self.owed()
        channel.report(channel.FD, "part", self.number)

    def taken(self) -> None:
        channel.report(channel.FD, "taken", self.number)

    def failed(self, at: int, message: str) -> None:
        self.owed()
        channel.report(channel.FD, "failed", self.number, at, message)

    def ended(self, at: int, code: int, outputs: bytes | None, cause: str | None, message: str | None) -> None:
        """`outputs` None: they do not fit a message."""
        channel.report(channel.FD, "ended", self.number, at, code, outputs, cause, message, self.start)
        self.start = None
