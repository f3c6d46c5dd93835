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
from windlass.reconcile.spans import own_spans
from windlass.store.ids import created_at, is_id

if TYPE_CHECKING:
    from pathlib import Path

    from windlass.clock import Millis
    from windlass.reconcile.cache_book import CacheBook
    from windlass.reconcile.server_parts import Parts
    from windlass.settings import Retention
    from windlass.store.tx import Tx

    Spans = dict[tuple[str, str], Retention]

EVERY = 600.0  # seconds
EVENTS: Millis = 3_600_000
SETTLED: Millis = 3_600_000  # an attempt's folder may still be looked at for a while after its run
BATCH = 500


class RetentionLoop:
    def __init__(self, parts: Parts, caches: CacheBook | None = None) -> None:
        self._parts = parts
        self._caches = caches
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

        own = own_spans(keep, self._parts.catalog)
        gone = self._gone(own, now)

        def work(tx: Tx) -> None:
            tx.prune_events(now - EVENTS)
            tx.prune_triggers(firings=now - keep.runs, deliveries=now - REMEMBERED, idempotency=now - IDEMPOTENCY_SPAN)
            tx.prune_outputs(now)
            tx.delete_runs(gone)

        self._parts.writer.write(work)
        for run in gone:
            self._remove(run)
        self._sweep_files(own, now)
        if self._caches is not None:
            self._caches.sweep()
        return len(gone)

    def _gone(self, own: Spans, now: Millis) -> list[str]:
        """Runs that are over and have outlived their span, at most a batch for each that is asked about."""
        reads, keep = self._parts.reads, self._parts.settings.retention
        gone = reads.ended_before(now - keep.runs, BATCH)
        for (repository, workflow), spans in own.items():
            if spans.runs < keep.runs:
                gone += reads.ended_before_of(repository, workflow, now - spans.runs, BATCH)
        return list(dict.fromkeys(gone))

    def _sweep_files(self, own: Spans, now: Millis) -> None:
        """Logs and artifacts that have outlived their span, and what a crash left of attempts whose run is over.

        Of a run that the ledger does not have: after a restored backup that may be one that still goes on, so its
        attempts' folders are left alone (R32); its logs and artifacts go once its age is known to be beyond the span.
        """
        data, keep, objects = self._parts.settings.data, self._parts.settings.retention, self._parts.objects

        def over(run: str, kind: str) -> bool:
            head = self._parts.reads.run(run)
            if head is None:
                return created_at(run) < now - int(getattr(keep, kind))
            span = getattr(own.get((head.repository, head.workflow), keep), kind)
            return head.ended_at is not None and head.ended_at < now - int(span)

        for folder in _folders(data / "logs"):
            if over(folder.name, "logs"):
                shutil.rmtree(folder, ignore_errors=True)
        for run in objects.folders(names.ARTIFACTS):
            if is_id(run) and over(run, "artifacts"):
                objects.delete_below(names.of_run(run))
        for run in objects.folders(names.LOGS):
            if is_id(run) and over(run, "logs"):
                objects.delete_below(names.logs_of_run(run))
        for folder in _folders(data / "attempts"):
            head = self._parts.reads.run(folder.name)
            if head is not None and head.ended_at is not None and head.ended_at < now - SETTLED:
                shutil.rmtree(folder, ignore_errors=True)

    def _remove(self, run: str) -> None:
        for part in ("logs", "attempts"):
            shutil.rmtree(self._parts.settings.data / part / run, ignore_errors=True)
        for name in (names.of_run(run), names.logs_of_run(run)):
            self._parts.objects.delete_below(name)


def _folders(parent: Path) -> list[Path]:
    """Folders of runs, by their ids."""
    try:
        return [path for path in parent.iterdir() if is_id(path.name)]
    except OSError:
        return []
