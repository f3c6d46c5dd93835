"""What a replica of the web knows: the ledger, and where the leader is.

In: the ledger's reads, the peer. Out: `RunViews` whose logs come from the leader, and a bell that rings when the ledger
has news, as long as somebody listens.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

from windlass.errors import LedgerError
from windlass.reconcile.bell import Bell
from windlass.reconcile.run_views import RunViews

if TYPE_CHECKING:
    from windlass.clock import Clock
    from windlass.reconcile.log_reader import LogChunk
    from windlass.store.reads import Reads
    from windlass.web.peer import Peer

LOOK = 0.2  # seconds between two looks at the ledger while somebody waits for news


class ReplicaViews(RunViews):
    def __init__(self, reads: Reads, clock: Clock, peer: Peer) -> None:
        super().__init__(reads, Bell(), clock)
        self._peer = peer
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="windlass-news", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def log(self, run: str, step: str, *, attempt: int | None, item: str, offset: int, limit: int) -> LogChunk:
        params = {"offset": offset, "limit": limit, "item": item}
        if attempt is not None:
            params["attempt"] = attempt
        return self._peer.log(f"/api/v1/runs/{quote(run, safe='')}/steps/{quote(step, safe='')}/logs", params)

    def ready(self) -> list[str]:
        if not self.reads.reachable():
            return ["the ledger cannot be read"]
        try:
            return self._peer.reasons()
        except LedgerError as error:
            return [str(error)]

    def _watch(self) -> None:
        newest = 0
        while not self._stopping.wait(LOOK):
            if not self.bell.listened:
                continue
            try:
                now = self.newest_event()
            except LedgerError:
                continue  # who listens finds out by itself
            if now != newest:
                newest = now
                self.bell.ring()
