"""Statuses, written when they say something new, and not too often.

In: an object as it was seen, the status that it should have. Out: at most one request. Ten changes within a second are
one write; what cannot wait (the end of a run) does not.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from windlass.kube.errors import NotFound
from windlass.operator.conditions import merge_patch
from windlass.operator.kinds import status_of, uid_of
from windlass.operator.seen import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from windlass.operator.cluster import Cluster
    from windlass.operator.kinds import Object
    from windlass.operator.seen import Seen

GAP = 1.0  # seconds between two writes of one object


class Statuses:
    def __init__(self, cluster: Cluster, seen: Seen) -> None:
        self._cluster = cluster
        self._seen = seen
        self._lock = threading.Lock()
        self._written: dict[str, float] = {}

    def write(
        self,
        found: Object,
        wanted: Mapping[str, Any],
        *,
        urgent: bool = False,
        announce: Callable[[], None] = lambda: None,
    ) -> float | None:
        """Returns after how many seconds it may be written, None when the object has this status by now.

        `announce` writes the Events of the change; it goes first, so that a crash in between repeats an Event (which
        counts up) and never loses one.
        """
        patch = merge_patch(wanted, status_of(found))
        if not patch:
            return None
        pause = self._pause(uid_of(found))
        if pause > 0 and not urgent:
            return pause
        key = key_of(found["kind"], found)
        announce()
        try:
            answer = self._cluster.patch(key, uid_of(found), {"status": patch}, "status")
        except NotFound:
            return None  # it is gone: the watch, or the next list, says so
        self._seen.put(key.kind, answer)
        return None

    def _pause(self, uid: str) -> float:
        now = time.monotonic()
        with self._lock:
            if len(self._written) > 10_000:
                self._written = {one: at for one, at in self._written.items() if now - at < GAP}
            pause = self._written.get(uid, -GAP) + GAP - now
            if pause <= 0:
                self._written[uid] = now
            return pause
