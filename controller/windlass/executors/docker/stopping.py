"""End an attempt's container: TERM to its processes, KILL after the grace.

In: an attempt, the engine, a grace. Out: a thread that sees to it, once the container can be signalled. An engine that
is away is asked again until the attempt is over.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

from windlass.executors.docker.api import EngineAway, Refused

if TYPE_CHECKING:
    from windlass.executors.docker.api import Engine
    from windlass.executors.docker.attempt import Attempt

AGAIN = 1.0  # seconds


def ask_to_stop(attempt: Attempt, engine: Engine, grace: int) -> None:
    """May be called at any time and again: less grace counts, more does not."""
    with attempt.lock:
        attempt.stop_asked = True
        attempt.grace = grace if attempt.grace is None else min(attempt.grace, grace)
        if attempt.running:
            _see_to_it(attempt, engine)
        elif not attempt.starting:
            attempt.preparing.cut()


def can_be_signalled(attempt: Attempt, engine: Engine) -> None:
    """Its container runs: what was asked before is done now."""
    with attempt.lock:
        first = not attempt.running
        attempt.running = attempt.starting = True
        if first and attempt.stop_asked:
            _see_to_it(attempt, engine)


def _see_to_it(attempt: Attempt, engine: Engine) -> None:
    grace = (attempt.grace or 0) / 1000
    threading.Thread(target=_end, args=(attempt, engine, grace), name="windlass-docker-stop", daemon=True).start()


def _end(attempt: Attempt, engine: Engine, grace: float) -> None:
    deadline = time.monotonic() + grace
    while not _signal(attempt, engine, "SIGTERM") and time.monotonic() < deadline:
        attempt.finished.wait(min(AGAIN, max(0.0, deadline - time.monotonic())))
    attempt.finished.wait(max(0.0, deadline - time.monotonic()))
    while not attempt.finished.is_set():
        _signal(attempt, engine, "SIGKILL")
        attempt.finished.wait(AGAIN)


def _signal(attempt: Attempt, engine: Engine, name: str) -> bool:
    """False: nobody answered. A container that does not run any more needs none."""
    if attempt.finished.is_set():
        return True
    try:
        with contextlib.suppress(Refused):
            engine.json("POST", f"/containers/{attempt.name}/kill", signal=name)
    except EngineAway:
        return False
    return True
