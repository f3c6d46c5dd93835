"""The retention loop: events after an hour, remembered deliveries and keys after their span, old runs with their logs
and artifacts.

In: the clock and the settings. Out: rows and files that are no longer wanted, gone. Runs that are open are never
touched.
"""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING

from windlass import log
from windlass.artifacts import names
from windlass.artifacts.objects import ObjectStoreError
from windlass.errors import FencedError, LedgerError
from windlass.reconcile.admission import IDEMPOTENCY_SPAN
from windlass.reconcile.hooks import REMEMBERED
from windlass.store.ids import created_at, is_id

if TYPE_CHECKING:
    from pathlib import Path

    from windlass.clock import Millis
    from windlass.reconcile.parts import Parts
    from windlass.store.tx import Tx

EVERY = 600.0  # seconds
EVENTS: Millis = 3_600_000
SETTLED: Millis = 3_600_000  # an attempt's folder may still be looked at for a while after its run
BATCH = 500


class RetentionLoop:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="windlass-retention", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(EVERY):
            try:
                self.sweep()
            except FencedError:
                return
            except (LedgerError, ObjectStoreError, OSError) as error:
                log.event("retention.failed", level="warning", error=str(error))

    def sweep(self) -> int:
        """One pass; how many runs were removed."""
        now = self._parts.clock.now()
        keep = self._parts.settings.retention

        gone = self._parts.reads.ended_before(now - keep.runs, BATCH)

        def work(tx: Tx) -> None:
            tx.prune_events(now - EVENTS)
            tx.prune_triggers(firings=now - keep.runs, deliveries=now - REMEMBERED, idempotency=now - IDEMPOTENCY_SPAN)
            tx.prune_outputs(now)
            tx.delete_runs(gone)

        self._parts.writer.write(work)
        for run in gone:
            self._remove(run)
        self._sweep_files(now)
        return len(gone)

    def _sweep_files(self, now: Millis) -> None:
        """Logs that have outlived their span, and what a crash left of attempts whose run is over."""
        data, keep = self._parts.settings.data, self._parts.settings.retention
        for folder in _folders(data / "logs"):
            if self._over(folder.name, now - keep.logs, unknown=created_at(folder.name) < now - keep.logs):
                shutil.rmtree(folder, ignore_errors=True)
        self._sweep_objects(now - keep.artifacts)
        for folder in _folders(data / "attempts"):
            if self._over(folder.name, now - SETTLED, unknown=False):
                shutil.rmtree(folder, ignore_errors=True)

    def _sweep_objects(self, before: Millis) -> None:
        """Artifacts that have outlived their span, and what a crash left of runs that are gone."""
        objects = self._parts.objects
        for run in objects.folders(names.ARTIFACTS):
            if is_id(run) and self._over(run, before, unknown=created_at(run) < before):
                objects.delete_below(names.of_run(run))

    def _over(self, run: str, before: Millis, *, unknown: bool) -> bool:
        """The run ended before that time; `unknown` is the answer for one that the ledger does not have.

        After a restored backup that may be a run that still goes on: its attempts' folders are left alone (R32).
        """
        head = self._parts.reads.run(run)
        if head is None:
            return unknown
        return head.ended_at is not None and head.ended_at < before

    def _remove(self, run: str) -> None:
        for part in ("logs", "attempts"):
            shutil.rmtree(self._parts.settings.data / part / run, ignore_errors=True)
        self._parts.objects.delete_below(names.of_run(run))


def _folders(parent: Path) -> list[Path]:
    """Folders of runs, by their ids."""
    try:
        return [path for path in parent.iterdir() if is_id(path.name)]
    except OSError:
        return []
