"""The retention loop: events after an hour, remembered deliveries and keys after their span, old runs with their logs.

In: the clock and the settings. Out: rows and files that are no longer wanted, gone. Runs that are open are never
touched.
"""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING

from windlass import log
from windlass.errors import FencedError, LedgerError
from windlass.reconcile.admission import IDEMPOTENCY_SPAN
from windlass.reconcile.hooks import REMEMBERED

if TYPE_CHECKING:
    from windlass.clock import Millis
    from windlass.reconcile.parts import Parts
    from windlass.store.tx import Tx

EVERY = 600.0  # seconds
EVENTS: Millis = 3_600_000
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
            except (LedgerError, OSError) as error:
                log.event("retention.failed", level="warning", error=str(error))

    def sweep(self) -> int:
        """One pass; how many runs were removed."""
        now = self._parts.clock.now()
        keep = self._parts.settings.retention

        gone = self._parts.reads.ended_before(now - keep.runs, BATCH)

        def work(tx: Tx) -> None:
            tx.prune_events(now - EVENTS)
            tx.prune_triggers(firings=now - keep.runs, deliveries=now - REMEMBERED, idempotency=now - IDEMPOTENCY_SPAN)
            tx.delete_runs(gone)

        self._parts.writer.write(work)
        logs = self._parts.settings.data / "logs"
        expired = self._parts.reads.ended_before(now - keep.logs, BATCH)
        for run in (*gone, *expired):
            shutil.rmtree(logs / run, ignore_errors=True)
        return len(gone)
