"""The executor's contract: start attempts, stop them, say what became of them.

In: Launch and Stop commands. Out: Started, Delayed, PartsSeen, Quiet and Ended observations through a sink. The engine
records an attempt in the ledger before it calls `start`; an executor never decides about retries or statuses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from windlass.runs.model import AttemptKey, Launch, Observation, Stop

    Sink = Callable[[Observation], None]


class Executor(Protocol):
    """Runs attempts somewhere. Methods return at once, never block on the attempt, and may be called from one thread.

    - Exactly one `Ended` is sent for each attempt that was given to `start` or `adopt`, whatever happens, and at
      most one `Started` before it. The sink may be called from any thread, also from
      within these methods, and is not called after `close`: it must only take note.
    - Delayed may come before Started, any number of times: why it has not begun; the last one counts.
    - `start` is idempotent by key: a key that is known, or whose traces exist from an earlier life, does not run again
      (promise R2); a start that fails is an `Ended` with cause `start-failed`, never an exception.
    - `stop` may come before `Started`, twice, or after the end: all fine. Every process of the attempt gets
      TERM, wherever it moved, and KILL after the grace time.
    - `parts` of a launch run one after another in the same surroundings (see `LaunchPart`): one that cannot be started,
      ends with another code than 0, passes its timeout or leaves a $WINDLASS_ENV that is malformed has failed, and
      those after it run if they say so. After a stop none begins. `Ended.parts` tells of each that began; PartsSeen may
      come between Started and Ended, any number of times. What a part leaves running ends with the attempt.
    - `adopt` is called once at start with the attempts that the ledger holds open. For each the executor proves
      from its own evidence that it runs (and watches it on), that it ended (`Ended` with the recorded exit), or
      answers `Ended` with cause `lost`; nothing may start later that was answered as lost. `never-started` instead says
      that it proved, and for everybody, that nothing has begun and nothing can: such an attempt is repeated.
    - Ended means: every process of the attempt is gone, its log is complete, its outputs are read.
    - Of a launch with a `quiet_timeout`, Quiet is sent once when nothing has been written to its log for that long;
      after an adoption that counts from the last byte. What follows from it is decided by the engine.
    - `log_path` names the log of an attempt: bytes as written by stdout and stderr, growing while it runs.
    """

    name: str

    def start(self, launches: Sequence[Launch]) -> None: ...

    def stop(self, stop: Stop) -> None: ...

    def adopt(self, attempts: Mapping[AttemptKey, Mapping[str, Any] | None]) -> None:
        """`attempts` maps each open attempt to its recorded handle (None: recorded, but no start was seen)."""

    def log_path(self, key: AttemptKey) -> Path | None:
        """Where the log is or will be; None when this executor has never heard of the attempt."""

    def forget(self, key: AttemptKey) -> None:
        """Remove what an ended attempt left behind, but not its log. Idempotent."""

    def close(self, *, kill: bool) -> None:
        """Stop observing. `kill`: end every attempt first and wait for them; otherwise they live on to be adopted."""


class Grounded(Executor, Protocol):
    """An executor whose attempts have a folder on this machine, which is filled before the start, and holds after the
    end what the program left (`workspace/`)."""

    def working_directory(self, key: AttemptKey) -> Path: ...

    def collected(self, key: AttemptKey) -> None:
        """Its end is told, with all that was kept of what it left: where it ran nothing has to wait any more."""

    def memory(self, key: AttemptKey) -> Path | None:
        """A folder for files that are not to reach a disk, made; None: what is in the other one is not used there."""
