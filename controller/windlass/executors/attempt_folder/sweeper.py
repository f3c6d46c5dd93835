"""Delete folders beside the hot path: one thread, which looks now and then.

In: paths. Out: they are gone. A folder that cannot be deleted stays: retention asks again. In batches and not after
each attempt: to wake or start a thread takes longer than all else between two steps, and ext4 does not give a deleted
inode again for seconds and searches past all of them, so that files among thousands just deleted take ten times as long
to create (`recently_deleted` in fs/ext4/ialloc.c).
"""

from __future__ import annotations

import os
import shutil
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE = 0.5  # seconds between two looks
IDLE = 20  # looks in vain after which the thread ends
PATIENCE = 5.0  # seconds that a stop waits: whoever stops a server kills it after ten or thirty


class Sweeper:
    def __init__(self) -> None:
        self._paths: deque[Path] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._hurry = threading.Event()

    def add(self, path: Path) -> None:
        with self._lock:
            self._paths.append(path)
            if self._thread is None:
                self._thread = threading.Thread(target=self._sweep, name="windlass-sweeper", daemon=True)
                self._thread.start()

    def _sweep(self) -> None:
        idle = 0
        while True:
            self._hurry.wait(PAUSE)
            idle = 0 if self._paths else idle + 1
            while self._paths:
                with suppress(IndexError):  # given up meanwhile
                    remove(self._paths.popleft())
            with self._lock:
                if not self._paths and (idle > IDLE or self._hurry.is_set()):
                    self._thread = None
                    return

    def wait(self, patience: float = PATIENCE) -> None:
        """Until everything added so far is deleted; what takes longer than `patience` seconds is left to retention."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            self._hurry.set()
            thread.join(patience)
            self._paths.clear()
            self._hurry.clear()


def remove(path: Path) -> None:
    """Delete a folder, also where its program took the write permission from folders in it. Missing is fine."""
    try:
        _remove_plain(str(path))
    except OSError:
        _remove_tree(path)


def _remove_plain(path: str) -> None:
    """Files and empty folders, which is all that most programs leave: a tenth of what a walk takes. Raises OSError."""
    for name in os.listdir(path):
        try:
            os.unlink(f"{path}/{name}")
        except IsADirectoryError:
            os.rmdir(f"{path}/{name}")
    os.rmdir(path)


def _remove_tree(path: Path) -> None:

    def allow(function: Callable[[str], Any], name: str, error: tuple[type[BaseException], BaseException, Any]) -> None:
        if isinstance(error[1], FileNotFoundError):
            return
        try:
            Path(name).parent.chmod(0o700)
            if function in {os.scandir, os.open, os.lstat}:
                Path(name).chmod(0o700)
                shutil.rmtree(name, ignore_errors=True)
            else:
                function(name)
        except OSError:
            return

    shutil.rmtree(path, onerror=allow)
