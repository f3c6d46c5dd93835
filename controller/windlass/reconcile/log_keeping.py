"""Logs into the object store: while they grow, and whole when their attempt has ended.

In: every recorded change of a run, the executors' log files. Out: objects (`logs/archive.py`), and local files gone
once the store has all of them. Only where the store is a bucket: a folder of the same disk would hold everything twice.

What is stored follows from what is there: a file that is still on the disk has not been stored, so a start looks at all
of them and nothing is remembered. An upload that fails is tried again; the file stays until it has gone through.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from windlass import log
from windlass.artifacts.names import of_log
from windlass.artifacts.objects import CHUNK, ObjectStoreError
from windlass.runs.model import AttemptKey
from windlass.runs.rerun import origin
from windlass.store.ids import is_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from windlass.logs.archive import LogArchive
    from windlass.runs.model import RunHead, Step
    from windlass.store.reads import Reads

EVERY = 5.0  # seconds between looks at growing logs: as much of a log can be lost with the disk of a controller
MOST = 8 * CHUNK  # bytes of one log per look, so that one talkative step does not hold up the others


class LogKeeping:
    """`changed` may be called from any thread and returns at once."""

    def __init__(self, archive: LogArchive, path_of: Callable[[AttemptKey], Path | None]) -> None:
        self._archive = archive
        self._path_of = path_of
        self._growing: dict[AttemptKey, int] = {}  # bytes that are stored
        self._ended: dict[AttemptKey, None] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def changed(self, head: RunHead, steps: Iterable[Step]) -> None:
        with self._lock:
            for step in steps:
                for attempt in step.attempts:
                    if origin(head.id, attempt) == head.id:
                        self._note(AttemptKey(head.id, *step.key, attempt.number), attempt.ended_at)
            if self._ended:
                self._wake.set()

    def _note(self, key: AttemptKey, ended_at: int | None) -> None:
        if ended_at is None:
            self._growing.setdefault(key, -1)
        else:
            self._growing.pop(key, None)
            self._ended[key] = None

    def resume(self, reads: Reads, folder: Path) -> None:
        """At start: whatever is on the disk, below the folder of all logs."""
        for of_run in folder.iterdir() if folder.exists() else ():
            if is_id(of_run.name) and (head := reads.run(of_run.name)) is not None:
                self.changed(head, reads.steps(head.id))

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="windlass-logs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """What is not stored yet is after the next start."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(EVERY)
            self._wake.clear()
            try:
                self.look()
            except (ObjectStoreError, OSError) as error:
                log.event("logs.not-stored", level="warning", error=str(error))

    def look(self) -> None:
        """One look: whole logs of what has ended, the news of what runs. Raises ObjectStoreError and OSError."""
        with self._lock:
            ended, growing = list(self._ended), dict(self._growing)
        for key in ended:
            self._complete(key)
            with self._lock:
                self._ended.pop(key, None)
        for key, stored in growing.items():
            if self._stopping:
                return
            self._grow(key, stored)

    def _complete(self, key: AttemptKey) -> None:
        path = self._path_of(key)
        if path is None or not path.exists():
            return
        name = of_log(*key)
        # A controller that took over reads the container's log again; where that was cut, the pieces hold more
        if path.stat().st_size >= self._archive.size(name):
            self._archive.complete(name, _chunks(path))
        path.unlink(missing_ok=True)

    def _grow(self, key: AttemptKey, stored: int) -> None:
        path = self._path_of(key)
        if path is None or not path.exists():
            return
        name = of_log(*key)
        if stored < 0:
            stored = self._archive.size(name)
        with path.open("rb") as file:
            file.seek(stored)
            if data := file.read(MOST):
                self._archive.add(name, stored, data)
        with self._lock:
            if key in self._growing:
                self._growing[key] = stored + len(data)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        while data := file.read(CHUNK):
            yield data
