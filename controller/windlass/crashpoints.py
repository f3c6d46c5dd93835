"""The named effect boundaries: places between a record and its effect where a crash must do no harm.

In: nothing. Out: `reach(name)`, which does nothing unless WINDLASS_CRASH_AT names the point, as `NAME` or `NAME:N` for
the N-th time it is reached; then the process ends at once, as by `kill -9`: no `finally` runs, nothing is flushed. The
crash-point suite (tests/slow) kills at each in turn, restarts and checks the promises R1 to R5, R11, R15, R17, R18.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

POINTS: dict[str, str] = {
    "run.before-record": "a trigger has fired, its run is not in the ledger",
    "run.recorded": "the run is in the ledger, nobody has been told",
    "engine.before-commit": "a decision is made and not recorded",
    "engine.recorded": "a decision is recorded, its commands are not carried out",
    "engine.carried-out": "commands were given to the executor",
    "engine.observed": "an observation has arrived and is not recorded",
    "group.left": "a place in a concurrency group is free, whoever is next has not been told",
    "executor.before-spawn": "an attempt is recorded, nobody was told to start it",
    "executor.spawned": "a warden was told to start an attempt, nobody has heard of it yet",
    "executor.before-collect": "a program has ended, what it left is not collected",
    "executor.collected": "what a program left is collected, nobody has heard that the attempt ended",
    "docker.recorded": "an attempt has its record on disk, the engine has heard nothing",
    "docker.created": "a container is made and filled, nobody has told it to start",
    "docker.started": "a container was told to start, nobody has heard of it yet",
    "docker.ended": "an end is on disk, nobody was told, the container is still there",
    "source.fetched": "a new commit is in the mirror, not loaded",
    "library.fetched": "a commit of a library is in its mirror, what uses it is not loaded",
    "source.loaded": "a commit is loaded, not activated",
    "source.activated": "a commit is live, its schedules are not armed in memory",
    "schedule.before-fire": "a tick is due and not recorded",
    "schedule.fired": "a tick is recorded with its run",
    "hook.before-record": "a delivery is verified and not recorded",
    "hook.recorded": "a delivery is recorded with its runs, the caller has no answer",
    "event.before-record": "a custom event has arrived and is not recorded",
    "event.recorded": "a custom event is recorded with its runs, the sender has no answer",
    "chain.before-record": "a run has ended that others wait for, what it starts is not recorded",
    "chain.recorded": "what an ended run starts is recorded, nobody has been told",
    "tags.before-record": "new tags were seen and are not recorded",
    "cache.stored": "the archive of a cache is in the object store, the ledger does not know it",
}

_wanted, _, _nth = os.environ.get("WINDLASS_CRASH_AT", "").partition(":")
_count_file = os.environ.get("WINDLASS_CRASH_COUNT")
_reached: Counter[str] = Counter()


def reach(name: str) -> None:
    """Mark an effect boundary. `name` is a key of POINTS."""
    if not _wanted and _count_file is None:
        return
    assert name in POINTS, name
    _reached[name] += 1
    if _count_file is not None:
        with Path(_count_file).open("a", encoding="utf-8") as file:
            file.write(name + "\n")
    if name == _wanted and _reached[name] == int(_nth or 1):
        os._exit(137)
