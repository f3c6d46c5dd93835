"""`windlass web`: a replica of the HTTP API. Any number of them may run; none of them changes anything by itself.

In: Settings. Out: an exit code, after a stop.
"""

from __future__ import annotations

from windlass.clock import SystemClock
from windlass.settings import Settings
from windlass.starting import bound, internal_token, ledger_url, token_digests, url_of
from windlass.store.opening import database
from windlass.store.pool import Pool
from windlass.store.reads import Reads
from windlass.web.app import routed
from windlass.web.forward import Forward
from windlass.web.guard import Guard
from windlass.web.metrics import Metrics
from windlass.web.peer import Peer
from windlass.web.replica import ReplicaViews
from windlass.web.server import WebServer


def serve(settings: Settings) -> int:
    """Raises UsageError when it must not start."""
    tokens = token_digests(settings)
    internal = internal_token(settings)
    pool = Pool(database(ledger_url(settings)))
    peer = Peer(Reads(pool), internal)
    views = ReplicaViews(Reads(pool), SystemClock(), peer)
    app = Guard(
        Forward(routed(views, Metrics(None)), peer),
        open_loopback=settings.loopback and not tokens,
        tokens=tokens,
        limit=settings.limits.request_bytes,
    )
    with bound(settings) as listening:
        url = url_of(listening)
        views.start()
        try:
            WebServer(app, listening, lambda: print(f"ready {url}", flush=True), lambda: False).serve(lambda: 0)
        finally:
            views.stop()
            peer.close()
            pool.close()
    return 0
