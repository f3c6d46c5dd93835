"""Pauses between attempts at a database that is busy, full, read-only or away (promise R31).

In: how long to go on, and an event that ends every pause. Out: whether to try again. Pauses double up to a second.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading

FIRST_PAUSE = 0.005
LONGEST_PAUSE = 1.0


class Patience:
    """Lasts `seconds` from the first failure on."""

    def __init__(self, seconds: float, give_up: threading.Event) -> None:
        self._seconds = seconds
        self._give_up = give_up
        self._until: float | None = None
        self._pause = FIRST_PAUSE

    def wait(self) -> bool:
        """Pause; False when there is no patience left."""
        now = time.monotonic()
        if self._until is None:
            self._until = now + self._seconds
        if now >= self._until:
            return False
        pause = min(self._pause, self._until - now) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        return not self._give_up.wait(pause)
