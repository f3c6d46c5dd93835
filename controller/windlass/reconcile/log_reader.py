"""Read the log of an attempt by offset: live and after the end alike (interfaces.md, "HTTP").

In: the run and its steps from the ledger, the executors' log paths, the archive of logs that are not on this disk. Out:
bytes as they were written, where to go on, and whether the log is complete. An attempt that has ended without a log
gives none, and is complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from os import SEEK_END
from typing import TYPE_CHECKING

from windlass.artifacts.names import of_log
from windlass.errors import NotFoundError
from windlass.plan.codec import from_bytes
from windlass.runs.ahead import lies_ahead
from windlass.runs.model import AttemptKey, StepKey
from windlass.runs.rerun import origin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from windlass.logs.archive import LogArchive
    from windlass.runs.model import Attempt, Step
    from windlass.store.reads import Reads


@dataclass(frozen=True, slots=True)
class LogChunk:
    data: bytes
    next_offset: int
    complete: bool


def read_log(
    reads: Reads,
    run: str,
    path_of: Callable[[AttemptKey], Path | None],
    step: str,
    *,
    attempt: int | None,
    item: str,
    offset: int,
    limit: int,
    archive: LogArchive | None = None,
) -> LogChunk:
    """Raises NotFoundError for a step, item or attempt that the run does not have and will not have, and
    ObjectStoreError.

    An attempt that was taken over from another run has its log there.
    """
    found = reads.step(run, StepKey(step, item))
    if found is None:
        if attempt is None and _lies_ahead(reads, run, StepKey(step, item)):
            return LogChunk(b"", offset, complete=False)
        raise NotFoundError(f"run {run} has no step {step}" + (f" with item {item}" if item else ""))
    chosen = _chosen(found, attempt)
    if chosen is None:
        if attempt is not None:
            raise NotFoundError(f"step {step} has no attempt {attempt}")
        return LogChunk(b"", offset, complete=found.status.terminal)
    key = AttemptKey(origin(run, chosen), step, item, chosen.number)
    ended = chosen.ended_at is not None
    local = _bytes(path_of(key), offset, limit)
    if local is None and archive is not None:
        local = archive.read(of_log(*key), offset, limit)
    data, size = local or (b"", 0)
    return LogChunk(data, offset + len(data), complete=ended and offset + len(data) >= size)


def _lies_ahead(reads: Reads, run: str, wanted: StepKey) -> bool:
    known = {one.key: one for one in reads.steps(run)}
    return lies_ahead(from_bytes(reads.plan(run)), known, wanted)


def _chosen(step: Step, number: int | None) -> Attempt | None:
    if number is None:
        return step.attempt
    return next((a for a in step.attempts if a.number == number), None)


def _bytes(path: Path | None, offset: int, limit: int) -> tuple[bytes, int] | None:
    """What is there from `offset` on, and how long the log is now. Nothing past the end, however far. None: no file."""
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            size = file.seek(0, SEEK_END)
            if offset >= size:
                return b"", size
            file.seek(offset)
            return file.read(min(limit, size - offset)), size
    except FileNotFoundError:
        return None  # not begun, in the archive, or removed by retention
