"""Wait for a state of the world, with a deadline instead of a fixed sleep.

A deadline bounds a failure and nothing else: it is as long as a machine may be busy with other things.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(look: Callable[[], T], seconds: float = 60, *, pause: float = 0.02) -> T:
    """The first truthy answer of `look`; an AssertionError with the last one when the deadline has passed."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not true within {seconds} s: {found!r}"
        time.sleep(pause)
    return found
