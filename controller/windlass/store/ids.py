"""Run ids: ULIDs, which sort by the time they were made.

In: the time. Out: 26 characters of Crockford's base 32: 48 bits of milliseconds, 80 random bits
(github.com/ulid/spec). Within a process they only ever grow, also within one millisecond and when the clock steps
back.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from windlass.clock import Millis

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]
_RANDOM_BITS = 80
_lock = threading.Lock()
_last = 0


def new_id(now: Millis) -> str:
    """A new id, greater than every id this process has made."""
    global _last  # noqa: PLW0603 - growth within the process is the point
    fresh = now << _RANDOM_BITS | int.from_bytes(os.urandom(10))
    with _lock:
        if fresh >> _RANDOM_BITS <= _last >> _RANDOM_BITS:
            fresh = _last + 1
        _last = fresh
    return "".join(_PAIRS[fresh >> shift & 1023] for shift in range(120, -1, -10))


def is_id(text: str) -> bool:
    return len(text) == 26 and all(char in _DIGITS for char in text) and text[0] <= "7"


def created_at(run: str) -> Millis:
    """When an id was made. Raises ValueError for a text that is none."""
    return sum(_DIGITS.index(char) << 5 * place for place, char in enumerate(reversed(run))) >> _RANDOM_BITS
