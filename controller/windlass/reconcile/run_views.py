"""What the ledger alone can say of runs: asked by the web of a controller, and by replicas that have no controller.

In: the ids and cursors of requests. Out: plain JSON objects of interfaces.md, or the errors of windlass.errors. A
`Controller` adds what only it knows, and everything that changes something.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from windlass.errors import NotFoundError
from windlass.reconcile.creation import SHOWN_SECRET
from windlass.runs.present import items_of, run_object

if TYPE_CHECKING:
    from windlass.clock import Clock
    from windlass.reconcile.bell import Bell
    from windlass.reconcile.log_reader import LogChunk
    from windlass.runs.model import RunHead, Step
    from windlass.store.filters import RunFilter
    from windlass.store.reads import Reads


class RunViews(ABC):
    """`bell` rings when the ledger has news."""

    def __init__(self, reads: Reads, bell: Bell, clock: Clock) -> None:
        self.reads = reads
        self.bell = bell
        self.clock = clock

    def up_to_date(self, head: RunHead, steps: tuple[Step, ...]) -> tuple[RunHead, tuple[Step, ...]]:
        """A run as it is shown, with what is known beside the ledger."""
        return head, steps

    @abstractmethod
    def log(self, run: str, step: str, *, attempt: int | None, item: str, offset: int, limit: int) -> LogChunk:
        """Bytes of a step's log. Raises NotFoundError."""

    @abstractmethod
    def ready(self) -> list[str]:
        """Why requests cannot be served; empty when they can."""

    def failure(self) -> str | None:
        """Why this process is of no use any more."""
        return None

    def run(self, run: str) -> dict[str, Any]:
        """All of it. Raises NotFoundError."""
        found = self.reads.whole_run(run)
        if found is None:
            raise NotFoundError(f"no run {run}")
        return run_object(*self.up_to_date(*found))

    def outline(self, run: str, items: int) -> dict[str, Any]:
        """As `run`, with the first items of each loop only, and one more than `items` when there are more."""
        found = self.reads.outline(run, items)
        if found is None:
            raise NotFoundError(f"no run {run}")
        return run_object(*self.up_to_date(*found))

    def items(self, run: str, step: str, after: str, most: int) -> list[dict[str, Any]]:
        """The items of a loop after the one of that key ("": from the first). Raises NotFoundError."""
        head = self.head(run)
        return items_of(step, self.up_to_date(head, self.reads.items(run, step, after, most))[1])

    def head(self, run: str) -> RunHead:
        """Raises NotFoundError."""
        head = self.reads.run(run)
        if head is None:
            raise NotFoundError(f"no run {run}")
        return head

    def runs(self, wanted: RunFilter, cursor: str | None, limit: int) -> dict[str, Any]:
        page = self.reads.list_runs(wanted, cursor, limit)
        return {
            "items": [run_object(self.up_to_date(head, ())[0]) for head in page.items],
            "next": page.next,
        }

    def plan(self, run: str) -> dict[str, Any]:
        """The frozen plan; secret inputs are shown as they are everywhere."""
        self.head(run)
        plan: dict[str, Any] = json.loads(self.reads.plan(run))
        for name in plan["secretInputs"]:
            plan["inputs"][name] = SHOWN_SECRET
        return plan

    def definition(self, run: str) -> str:
        self.head(run)
        return self.reads.definition(run)

    def steps(self, run: str) -> tuple[bool, tuple[Step, ...]]:
        """Whether the run has ended, and its steps, at one moment."""
        found = self.reads.whole_run(run)
        if found is None:
            raise NotFoundError(f"no run {run}")
        return found[0].status.terminal, found[1]

    # ---- events

    def events_after(self, cursor: int, limit: int = 500) -> list[tuple[int, str, str]]:
        """(cursor, kind, JSON) of the news after `cursor`, oldest first."""
        return self.reads.events_after(cursor, limit)

    def newest_event(self) -> int:
        return self.reads.newest_event()

    def oldest_event(self) -> int | None:
        return self.reads.oldest_event()
