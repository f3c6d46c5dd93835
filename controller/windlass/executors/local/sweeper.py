"""Delete folders beside the hot path: one thread that exists while there is something to delete.

In: paths. Out: they are gone. A folder that cannot be deleted stays: retention asks again. Better asked in batches now
and then than after each attempt: ext4 does not give a deleted inode again for seconds and searches past all of them, so
that files among thousands just deleted take ten times as long to create (`recently_deleted` in fs/ext4/ialloc.c).
"""

from __future__ import annotations

import os
import shutil
import threading
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Sweeper:
    def __init__(self) -> None:
        self._paths: deque[Path] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, path: Path) -> None:
        with self._lock:
            self._paths.append(path)
            if self._thread is None:
                self._thread = threading.Thread(target=self._sweep, name="windlass-sweeper", daemon=True)
                self._thread.start()

    def _sweep(self) -> None:
        while True:
            with self._lock:
                if not self._paths:
                    self._thread = None
                    return
                path = self._paths.popleft()
            remove(path)

    def wait(self) -> None:
        """Until everything added so far is deleted."""
        thread = self._thread
        if thread is not None:
            thread.join()


def remove(path: Path) -> None:
    """Delete a folder, also where its program took the write permission from folders in it. Missing is fine."""

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
