"""A mirror's folder, made whole again after a crash.

In: the folder, held by this process alone (`held`). Out: no half-made repository, no lock of a dead git, no git
process left over from an earlier life, which would go on fetching into the same place. git itself moves a pack
and then a ref into place in one step each; what is left of a killed fetch is rubbish, never damage.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNNING = "running"
UNFINISHED = "new-"
_RUBBISH = ("tmp_pack_*", "tmp_idx_*", "tmp_rev_*", "tmp_obj_*", ".tmp-*", "*.lock")


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """The folder for this process and thread alone; waits for another one that has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def repair(folder: Path) -> None:
    """Ends what an earlier process left running and removes what it left unfinished."""
    _end_leftover(folder)
    for unfinished in folder.glob(UNFINISHED + "*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    clean(folder / "mirror.git")


def clean(git_dir: Path) -> None:
    """Removes temporary files and locks. Only while no git writes there."""
    for place, pattern in [(git_dir, "*.lock"), (git_dir / "refs", "**/*.lock")]:
        _remove(place, pattern)
    for pattern in _RUBBISH:
        _remove(git_dir / "objects" / "pack", pattern)
    _remove(git_dir / "objects", "*/tmp_obj_*")
    for unfinished in (git_dir / "objects").glob("tmp_objdir-*"):
        shutil.rmtree(unfinished, ignore_errors=True)


def note_running(folder: Path, pid: int) -> None:
    """Writes down the process that works in this folder, by its id and start time."""
    (folder / RUNNING).write_text(f"{pid} {_start_time(pid) or ''}")


def note_ended(folder: Path) -> None:
    (folder / RUNNING).unlink(missing_ok=True)


def _end_leftover(folder: Path) -> None:
    note = folder / RUNNING
    try:
        pid, _, start_time = note.read_text().partition(" ")
    except FileNotFoundError:
        return
    if pid.isdecimal() and start_time and _start_time(int(pid)) == start_time:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(int(pid), signal.SIGKILL)
    note.unlink(missing_ok=True)


def _start_time(pid: int) -> str | None:
    """Clock ticks since the machine's start (proc(5), field 22); None when there is no such process to be seen."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19].decode()
    except (OSError, IndexError):
        return None


def _remove(folder: Path, pattern: str) -> None:
    for path in folder.glob(pattern):
        path.unlink(missing_ok=True)
