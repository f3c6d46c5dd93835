"""Locks: places in concurrency groups, as values.

In: nothing. Out: the command by which a run or a step asks for its place, and what it hears about it. Who holds what is
never stored by itself: it follows from the runs and steps in the ledger (`runs/standing.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from windlass.frozen import dataclass

if TYPE_CHECKING:
    from windlass.clock import Millis
    from windlass.plan.model import PlannedConcurrency


class LockKey(NamedTuple):
    """Who asks: a run (`path` is ""), or a step of it or an item of its loop."""

    run: str
    path: str = ""
    item: str = ""


@dataclass(frozen=True, slots=True)
class Acquire:
    """Ask for a place in each of these groups, one after the other; `at` is the place in line.

    The groups are worked out: no expression is left. Asking again changes nothing and is answered again.
    """

    key: LockKey
    groups: tuple[PlannedConcurrency, ...]
    at: Millis


@dataclass(frozen=True, slots=True)
class Granted:
    """It has its places, until it ends."""

    key: LockKey


@dataclass(frozen=True, slots=True)
class Held:
    """It stands in line; `message` names who is in its way. Sent again when that changes."""

    key: LockKey
    message: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The group is full and whoever asked does not want to wait (`skip`)."""

    key: LockKey
    at: Millis
    message: str
    cause: str = "skipped"


@dataclass(frozen=True, slots=True)
class Replaced:
    """A newer one takes the place of this step; a run hears of it by a `CancelRequested`."""

    key: LockKey
    at: Millis
    message: str
    cause: str = "replaced"


AboutLocks = Granted | Held | Refused | Replaced
