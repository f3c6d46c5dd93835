"""What has come for the run loop, and how it sleeps until something does.

In: items from any thread. Out: all of them, in the order in which they came. An item that is left without waking the
loop is for somebody who takes a turn in its place: to wake a thread takes longer than to decide.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Inbox(Generic[T]):
    def __init__(self) -> None:
        self._items: deque[T] = deque()
        self._bells: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._asleep = False

    @property
    def filled(self) -> bool:
        return bool(self._items)

    def put(self, item: T) -> None:
        self._items.append(item)
        if self._asleep:
            self.wake()

    def leave(self, item: T) -> None:
        self._items.append(item)

    def wake(self) -> None:
        """Let the one that sleeps, or is about to, have a look."""
        self._asleep = False
        self._bells.put(None)

    def wait(self, seconds: float) -> None:
        """Sleep until somebody wakes us, unless something is there already. For one thread."""
        self._asleep = True
        if not self._items:
            with suppress(queue.Empty):
                self._bells.get(timeout=seconds)
        self._asleep = False

    def take(self) -> list[T]:
        """Everything that is there."""
        taken = []
        with suppress(IndexError):
            while True:
                taken.append(self._items.popleft())
        return taken


class Round:
    """What a thread brings within it is taken in together at its end, by that thread if nobody else is at a turn."""

    def __init__(self, heed: Callable[[], None]) -> None:
        self._heed = heed
        self._threads: set[int] = set()

    @property
    def mine(self) -> bool:
        """Whether the calling thread is within it."""
        return threading.get_ident() in self._threads

    def __enter__(self) -> None:
        self._threads.add(threading.get_ident())

    def __exit__(self, *_: object) -> None:
        self._threads.discard(threading.get_ident())
        self._heed()
