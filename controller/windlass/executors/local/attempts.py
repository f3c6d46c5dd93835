"""What the local executor knows of its open attempts.

In: keys, launches, verdicts. Out: one Attempt each, found by key, by the id used on the channel, or in line.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from windlass.clock import Millis
    from windlass.runs.model import AttemptKey, Launch


class Phase(Enum):
    WAITING = 1  # in line: more attempts run than may
    SENT = 2  # given to the wardens; not yet heard of
    STARTED = 3  # its warden speaks to us
    JUDGED = 4  # not of our wardens: being judged by evidence, or watched by pidfd


@dataclass(slots=True)
class Attempt:
    key: AttemptKey
    folder: str
    id: int
    phase: Phase
    launch: Launch | None = None  # None: adopted
    warden: tuple[int, int] | None = None  # pid, start time
    grace: Millis | None = None  # it was told to stop before its warden was known
    told_started: bool = False
    looks: int = 0  # how often its evidence was found unsettled
