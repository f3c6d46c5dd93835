"""Which processes belong to a test: those whose environment, command line or folder names its own folder.

A step's process has the test's HOME; a supervisor has no environment to speak of, and stays in the folder where its
command was started.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def marked(mark: str) -> dict[int, str]:
    """pid → command line of every living process that the mark leads to."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid() and _is_marked(Path("/proc", entry), mark.encode()):
            found[int(entry)] = _read(Path("/proc", entry, "cmdline")).replace(b"\0", b" ").decode(errors="replace")
    return found


def _is_marked(process: Path, mark: bytes) -> bool:
    if mark in _read(process / "environ") or mark in _read(process / "cmdline"):
        return True
    try:
        return mark in os.fsencode(os.readlink(process / "cwd"))
    except OSError:
        return False


def _read(path: Path) -> bytes:
    """Empty for a process that is gone, a zombie, or another user's."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def end(pids: Iterable[int]) -> None:
    """All at once: the one that watches another does not live on to tell of its end."""
    found = list(pids)
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
