"""One concurrency group: who holds its places, and who stands in line for one.

In: members that ask, and those that leave. Out: whether there is room, whom to let in next, who is in the way. Nothing
here knows of runs or of other groups, takes a lock or reads a clock.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from windlass.clock import Millis
    from windlass.plan.model import PlannedConcurrency
    from windlass.runs.lock import LockKey


@dataclass(slots=True, eq=False)
class Member:
    """A run or a step that asks for a place in each of `wants`, one after the other; it has the first `got` of them.

    `since` is when it got the last one, or joined the line for the next. `leaving`: it was told to end.
    """

    key: LockKey
    repository: str
    workflow: str
    wants: tuple[PlannedConcurrency, ...]
    at: Millis
    since: Millis
    got: int = 0
    leaving: bool = False

    @property
    def following(self) -> PlannedConcurrency | None:
        """What it waits for; None when it has everything."""
        return self.wants[self.got] if self.got < len(self.wants) else None

    @property
    def limit(self) -> int:
        """Its own limit of the group that it waits for."""
        want = self.following
        return int(want.limit) if want is not None else 0

    @property
    def order(self) -> tuple[Millis, str]:
        """The place in line. Steps that ask in the same moment keep the order in which they came."""
        return self.at, self.key.run


@dataclass(slots=True)
class Group:
    """First come, first served: nobody is let in past somebody who stands in line before."""

    holders: dict[LockKey, Member] = field(default_factory=dict)  # in the order in which they came to hold
    line: list[Member] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not self.holders and not self.line

    def has_room_for(self, member: Member) -> bool:
        """By the newcomer's own limit."""
        return len(self.holders) < member.limit and (not self.line or member.order < self.line[0].order)

    def let_in(self, member: Member) -> None:
        self.holders[member.key] = member

    def join(self, member: Member) -> None:
        self.line.insert(bisect_right(self.line, member.order, key=lambda one: one.order), member)

    def leave(self, member: Member) -> bool:
        """Whether it was here at all."""
        if self.holders.pop(member.key, None) is not None:
            return True
        if member in self.line:
            self.line.remove(member)
            return True
        return False

    def next_in(self) -> Member | None:
        """Whoever is let in now, by the limit that it brought; it stands in line no more."""
        if self.line and len(self.holders) < self.line[0].limit:
            return self.line.pop(0)
        return None

    def blocker(self) -> Member:
        """Who is going to make room first, as far as anybody knows: one that was told to end, else the oldest."""
        return next((one for one in self.holders.values() if one.leaving), next(iter(self.holders.values())))

    def to_replace(self, member: Member) -> Iterator[Member]:
        """The oldest holders, as many as have to end before there is room for the newcomer."""
        missing = len(self.holders) - member.limit + 1 - sum(one.leaving for one in self.holders.values())
        staying = [one for one in self.holders.values() if not one.leaving]
        yield from staying[: max(missing, 0)]
