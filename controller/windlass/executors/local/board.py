"""How many wardens wait: a page of memory that the supervisor and its wardens share, so that neither has to ask.

In: each warden's own place, written by itself. Out: how many wait. Counts may be stale by one or two; what depends on
them is only how many wardens there are. Only builtins: the supervisor imports this.
"""

from __future__ import annotations

import mmap

PLACES = 4096
_FREE, _WAITS, _BUSY = 0, 1, 2


class Board:
    def __init__(self) -> None:
        self._page = mmap.mmap(-1, PLACES)  # anonymous and shared with forks

    def take_place(self) -> int:
        """For a warden that is about to be forked; it waits from the start."""
        place = self._page.find(b"\0", 0)
        assert place >= 0, "more wardens than places"
        self._page[place] = _WAITS
        return place

    def leave(self, place: int) -> None:
        self._page[place] = _FREE

    def waits(self, place: int) -> None:
        self._page[place] = _WAITS

    def busy(self, place: int) -> int:
        """Mark it; how many wait now."""
        self._page[place] = _BUSY
        return self.waiting()

    def waiting(self) -> int:
        return self._page[:].count(_WAITS)
