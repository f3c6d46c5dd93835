"""What happens when a tick is due while the run of an earlier tick of the same schedule goes on.

`allow` starts it beside; `skip` records the tick without a run; `queue` (the default) records a run that is `waiting`
and names its holder, and starts it when the holder has ended. Who is open is read from the ledger and the engine's
news, so that a restart finds the same queue.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.runs.model import Status
from windlass.runs.state import RunState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from windlass.reconcile.creation import NewRun
    from windlass.runs.model import RunHead

Key = tuple[str, str, str]


class Overlap:
    """`begin` hands a run to the engine."""

    def __init__(self, begin: Callable[[RunState], None]) -> None:
        self._begin = begin
        self._lock = threading.Lock()
        self._open: dict[Key, dict[str, None]] = defaultdict(dict)  # runs in the order in which they were made
        self._waiting: dict[Key, deque[RunState]] = defaultdict(deque)

    def refuses(self, repository: str, workflow: str, trigger: str, rule: str) -> str | None:
        """Why a tick gets no run now; None when it may have one."""
        with self._lock:
            holders = self._open.get((repository, workflow, trigger))
        if rule == "skip" and holders:
            return f"skipped: run {next(iter(holders))} of an earlier tick is still open"
        return None

    def hold(self, new: NewRun, rule: str) -> NewRun:
        """The run as it is recorded: waiting, when it has to wait."""
        with self._lock:
            holders = self._open.get(_key(new.head))
        if rule != "queue" or not holders:
            return new
        message = f"waits for run {next(reversed(holders))} of an earlier tick"
        return replace(new, head=replace(new.head, status=Status.WAITING, message=message))

    def start(self, new: NewRun) -> None:
        """After it was recorded: begin it, or keep it in line."""
        self.track(new.state())

    def track(self, state: RunState) -> None:
        """Take in an open run: a new one, or one that a restart found in the ledger."""
        key = _key(state.head)
        with self._lock:
            waits = state.head.status is Status.WAITING and state.head.started_at is None and bool(self._open[key])
            self._open[key][state.head.id] = None
            if waits:
                self._waiting[key].append(state)
        if not waits:
            self._begin(state)

    def restore(self, states: Iterable[RunState]) -> list[RunState]:
        """At start: the scheduled runs among `states` are lined up; the others are given back to be adopted."""
        rest = []
        for state in sorted(states, key=lambda s: s.head.id):
            if state.head.trigger.get("kind") != "schedule":
                rest.append(state)
            elif state.head.status is Status.WAITING and state.head.started_at is None:
                self.track(state)
            else:
                with self._lock:
                    self._open[_key(state.head)][state.head.id] = None
                rest.append(state)
        return rest

    def ended(self, head: RunHead) -> None:
        """A run is over: whoever waits longest for its schedule begins."""
        key = _key(head)
        with self._lock:
            if self._open.get(key, {}).pop(head.id, 0) == 0:
                return
            following = self._waiting[key].popleft() if self._waiting.get(key) else None
            if not self._open[key]:
                del self._open[key]
        if following is not None:
            self._begin(following)

    def release(self, run: str) -> bool:
        """A waiting run is wanted by the engine now (it was cancelled); False when it does not wait here."""
        with self._lock:
            found = next((s for line in self._waiting.values() for s in line if s.head.id == run), None)
            if found is not None:
                self._waiting[_key(found.head)].remove(found)
        if found is None:
            return False
        self._begin(found)
        return True


def _key(head: RunHead) -> Key:
    return head.repository, head.workflow, str(head.trigger.get("name"))
