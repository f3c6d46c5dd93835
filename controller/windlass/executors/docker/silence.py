"""Attempts that write nothing: told once to the executor, which decides nothing.

In: an attempt and the span that it may be silent. Out: one word when it has been. A thread per such attempt, which
sleeps until its span is over; attempts without a span cost nothing.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from windlass.executors.docker.attempt import Attempt, Told

_LISTENING = "windlass-docker-quiet"


def listen(attempt: Attempt, limit: int | None, told: Told) -> None:
    """`limit` in milliseconds; None: it may be silent for ever. A second call does nothing."""
    if limit is None or attempt.listened:
        return
    attempt.listened = True
    if attempt.launch is None:  # adopted: counted from the last byte that is on disk
        with contextlib.suppress(OSError):
            attempt.written_at = time.monotonic() - max(0.0, time.time() - attempt.log_path.stat().st_mtime)
    else:
        attempt.written_at = time.monotonic()
    threading.Thread(target=_listen, args=(attempt, limit / 1000, told), name=_LISTENING, daemon=True).start()


def _listen(attempt: Attempt, limit: float, told: Told) -> None:
    while not attempt.finished.wait(max(0.0, attempt.written_at + limit - time.monotonic())):
        if time.monotonic() - attempt.written_at >= limit:
            told.quiet(attempt)
            return
