"""`windlass controller`: one of several; the one that leads runs things, the others wait to take over.

In: Settings. Out: an exit code: 0 after a stop, 1 when it led and does not any more, or had to give up. A standby has
everything at hand: its settings, its keys, the ledger open. What leads and loses the lease ends its process, whoever
supervises it starts it anew as a standby: there is no state in between. Running steps are left to whoever leads then.
"""

from __future__ import annotations

import hmac
import os
import random
import socket
import sys
import threading
import traceback
from typing import TYPE_CHECKING

from windlass import log
from windlass.clock import SystemClock
from windlass.data_lock import DataLock
from windlass.election.elector import Elector, Spans
from windlass.election.registry import leases_of
from windlass.starting import bound, internal_token, ledger_url, url_of, webhook_keys
from windlass.store.connection import Fault
from windlass.store.ledger import Ledger
from windlass.store.opening import database
from windlass.web.app import routed
from windlass.web.internal import Internal
from windlass.web.metrics import Metrics
from windlass.web.server import WebServer
from windlass.web.standby import Standby
from windlass.wiring import SWITCH, Server

if TYPE_CHECKING:
    from windlass.settings import Settings

PAUSE = 2.0  # seconds between attempts to open a ledger that is away
# Secret inputs are sealed by a key that every controller can make: whoever takes over opens them.
SEALING = b"windlass: inputs of runs"
LAST_WORDS = 10.0  # seconds that a controller may take to end once it leads no more


def serve(settings: Settings) -> int:
    """Raises UsageError when it must not start."""
    sys.setswitchinterval(SWITCH)
    keys = webhook_keys(settings)
    token = internal_token(settings)
    with DataLock(settings.data), bound(settings) as listening:
        return Candidate(settings, keys, token, url_of(listening)).run(listening)


class Candidate:
    """A controller from its start to its end: a standby, perhaps a leader."""

    def __init__(self, settings: Settings, keys: dict[str, list[bytes]], token: bytes, url: str) -> None:
        self._settings = settings
        self._keys = keys
        self._token = token
        self._url = url
        self._clock = SystemClock()
        where, spans = database(ledger_url(settings)), settings.controller
        self._elector = Elector(
            leases_of(spans, where, self._clock),
            f"{socket.gethostname()}:{settings.data}",
            Spans(spans.lease_duration / 1000, spans.renew_deadline / 1000, spans.retry_period / 1000),
            self._clock,
            random.random,
        )
        self._app = Standby(self._reasons)
        self._stopping = threading.Event()
        self._server: Server | None = None
        self._ledger: Ledger | None = None
        self._broken = False

    def run(self, listening: socket.socket) -> int:
        leading = threading.Thread(target=self._lead, name="windlass-leading", daemon=True)
        kill = False
        try:
            kill = WebServer(self._app, listening, leading.start, lambda: self._over).serve(self._open_runs)
            return 1 if self._over else 0
        finally:
            self._end(leading, kill=kill)

    def _lead(self) -> None:
        """From the start to the moment when everything is under way."""
        try:
            print(f"standby {self._url}", flush=True)
            self._ledger = self._open_ledger()
            if self._ledger is None or not self._elector.acquire():
                return
            self._server = Server(
                self._settings,
                self._keys,
                ledger=self._ledger,
                address=self._settings.controller.advertise or self._url,
                may_start=self._elector.leads,
                seal_key=hmac.digest(self._token, SEALING, "sha256"),
            )
            controller = self._server.begin()
            self._app.leading = Internal(routed(controller, Metrics(controller, leads=True)), self._token)
            self._server.settle()
            print(f"ready {self._url}", flush=True)
        except Exception as error:  # noqa: BLE001 - the boundary of the process: it ends, and says why
            log.event("controller.broken", level="error", error=repr(error), trace=traceback.format_exc())
            self._broken = True

    def _open_ledger(self) -> Ledger | None:
        """Once it can be reached; None when stopped before. Raises LedgerError when it is not for us."""
        while not self._stopping.is_set():
            try:
                return Ledger.open(ledger_url(self._settings))
            except Fault as fault:
                log.event("controller.ledger-away", level="warning", error=str(fault))
                self._stopping.wait(PAUSE)
        return None

    @property
    def _over(self) -> bool:
        """This process is not to go on."""
        return self._broken or self._elector.lost or (self._server is not None and self._server.failed)

    def _reasons(self) -> list[str]:
        if self._ledger is None:
            return ["the ledger cannot be read"]
        return [] if self._elector.leader is not None else ["no controller leads"]

    def _open_runs(self) -> int:
        return self._server.open_runs() if self._server is not None else 0

    def _end(self, leading: threading.Thread, *, kill: bool) -> None:
        """The lease is given back last: whoever gets it finds nothing of ours under way."""
        if self._over:
            log.event("controller.ends", level="error", reason="it leads no more" if self._elector.lost else "broken")
            limit = threading.Timer(LAST_WORDS, os._exit, [1])  # the ledger may be away, and nothing waits for us
            limit.daemon = True
            limit.start()
        self._stopping.set()
        self._elector.halt()
        if leading.ident is not None:
            leading.join()
        if self._server is not None:
            self._server.close(kill=kill)
        elif self._ledger is not None:
            self._ledger.close()
        self._elector.stop()
