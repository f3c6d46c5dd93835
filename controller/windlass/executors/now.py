"""The moment, for processes that import next to nothing: the supervisor and its wardens cannot afford `windlass.clock`.

In: nothing. Out: Millis. Only builtins.
"""

from __future__ import annotations

import time


def now_millis() -> int:
    return time.time_ns() // 1_000_000
