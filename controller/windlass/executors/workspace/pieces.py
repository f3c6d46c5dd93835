"""What is done to a working directory around its program: the contract of the pieces that `workspace` is given.

In: a Launch, and later its Ended. Out: files before the program starts (`Preparation`), and something kept of what the
program left behind (`Collection`). Pieces of one list are asked in its order; they run in a thread of a pool, never in
the run loop, and may block. What a piece cannot do is a PieceError: the attempt's end says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from windlass.errors import WindlassError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from windlass.runs.model import AttemptKey, Ended, Launch


class PieceError(WindlassError):
    """What a piece could not do, for the author of the step. `cause` is one of runs/causes.py; `detail` is what a
    collection has kept all the same."""

    def __init__(self, cause: str, message: str, detail: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.cause = cause
        self.detail = detail or {}


class StoppedError(Exception):
    """The attempt was stopped, or this program ends, while a piece was at work: nobody waits for its result."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an attempt works. `folder` is the attempt's own, which its program does not look at; `work` lies below it.

    `check` raises StoppedError once nobody waits any more: long work calls it between its parts. `memory` makes the
    attempt's folder for files that are not to reach a disk; None: there is none.
    """

    key: AttemptKey
    folder: Path
    work: Path
    check: Callable[[], None]
    memory: Callable[[], Path | None] = lambda: None


class Preparation(Protocol):
    """Fills the working directory before the program starts. What it raises ends the attempt, which never ran:
    PieceError with its own cause, SourceError and OSError with `cause` and "`verb` failed: …"."""

    cause: str
    verb: str

    def wants(self, launch: Launch) -> bool:
        """Has it anything to do for this attempt? Asked in the run loop: it only looks at the launch."""

    def prepare(self, launch: Launch, place: Place) -> Launch:
        """Do it; the launch that goes on, for example with another HOME. Whoever writes first makes `place.work`."""


class Collection(Protocol):
    """Keeps something of what the program left, after its end and before anybody hears of it.

    After `kill -9` it is asked again with the same `owed`, so it is idempotent: what it stores has names that follow
    from the attempt.
    """

    name: str

    def owes(self, launch: Launch) -> Mapping[str, Any] | None:
        """What `collect` is going to need, as plain JSON without secrets; None: nothing is to be collected.

        It is kept in the attempt's folder, so that a later controller can collect too.
        """

    def collect(self, owed: Mapping[str, Any], place: Place, ended: Ended) -> Mapping[str, Any]:
        """Entries for `Attempt.detail`. Called for every program that ran to its end, whatever its exit code was.

        Raises PieceError: a succeeded attempt becomes errored by it, any other keeps its cause, with a note.
        """
