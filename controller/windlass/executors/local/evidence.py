"""What a controller can prove about an attempt it did not see start: it runs, it ended, or it is lost.

In: the attempt's folder. Out: an Alive with a pidfd to watch, an Over, or Unsettled (look again in a moment). Proof is
the journal, the warden's pid with its start time, and the boot id; what cannot be proven is lost (promises R2, R3).
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from windlass.executors.attempt_folder.end import Over
from windlass.executors.local import journal
from windlass.executors.local.descendants import signal_all
from windlass.executors.local.warden import read_outputs
from windlass.executors.now import now_millis
from windlass.executors.process_identity import start_time
from windlass.runs.model import PartRecord


@dataclass(frozen=True, slots=True)
class Alive:
    """Its warden lives: `pidfd` (the caller closes it) becomes readable when that ends."""

    pidfd: int
    pid: int
    start: int
    child: tuple[int, int] | None  # pid, started at
    parts: tuple[PartRecord, ...] = ()  # as far as they have begun
    quiet: int | None = None  # milliseconds that it may be silent


class Unsettled:
    """Somebody has won the gate this instant and not yet written who it is."""


def lost(message: str, parts: tuple[PartRecord, ...] = ()) -> Over:
    return Over(now_millis(), None, cause="lost", message=message, parts=parts)


def part_records(found: journal.Journal | None) -> tuple[PartRecord, ...]:
    parts = found.parts.items() if found is not None else ()
    return tuple(PartRecord(index, p.offset, p.started, p.ended, p.code, p.cause) for index, p in parts)


def judge(folder: str, boot: str) -> Over | Alive | Unsettled:
    """Takes the gate when nobody has: the attempt can never start then. Raises OSError when it cannot."""
    found = journal.read(folder)
    if found is None:
        if journal.refuse(folder, now_millis(), "no controller saw it start"):
            return lost("it was recorded, but never started")
        return Unsettled()
    if found.settled:
        return recorded(folder, found)
    if found.warden is None:
        return Unsettled()
    pid, start, warden_boot, _ = found.warden
    if warden_boot != boot:
        return lost("the machine was restarted while it ran", part_records(found))
    alive = _alive(pid, start, found)
    if alive is not None:
        return alive
    return after_warden(folder)


def _alive(pid: int, start: int, found: journal.Journal) -> Alive | None:
    try:
        pidfd = os.pidfd_open(pid)
    except OSError:
        return None
    if start_time(pid) == start:  # asked after the pidfd exists: it is this process and stays it
        return Alive(pidfd, pid, start, found.child, part_records(found), found.quiet)
    os.close(pidfd)
    return None


def recorded(folder: str, found: journal.Journal) -> Over:
    """What a settled journal says."""
    if found.exit:
        code, at = found.exit
        limit = found.warden[3] if found.warden else 0
        failure = found.failure or journal.Part(0, 0)
        return Over(at, code, read_outputs(folder, limit), failure.cause, failure.message, part_records(found))
    if found.failed:
        at, why = found.failed
        return Over(at, None, cause="start-failed", message=why, parts=part_records(found))
    at, why = found.refused or (now_millis(), "")
    return Over(at, None, cause="lost", message=f"it was never started: {why}")


def after_warden(folder: str) -> Over:
    """Its warden is gone: the exit it recorded, or lost, with whatever can be proven to belong to it ended."""
    found = journal.read(folder)
    if found is not None and found.settled:
        return recorded(folder, found)
    end_by_mark(folder)
    return lost("its processes ended without a recorded exit", part_records(found))


def end_by_mark(folder: str, patience: float = 5.0) -> None:
    """Kill the processes whose environment names this attempt's output file; inherited by everything it started."""
    mark = b"\0WINDLASS_OUTPUT=" + os.fsencode(f"{folder}/output") + b"\0"
    deadline = time.monotonic() + patience
    while (pids := marked(mark)) and time.monotonic() < deadline:
        signal_all(pids, signal.SIGKILL)
        time.sleep(0.01)  # they are dying; one more look proves it


def marked(mark: bytes) -> list[int]:
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            environment = Path(f"/proc/{entry}/environ").read_bytes()
        except OSError:  # gone, a zombie, or another user's
            continue
        if mark in b"\0" + environment + b"\0":
            found.append(int(entry))
    return found
