"""Who holds places in concurrency groups and who stands in line, read off the runs themselves.

In: an open run as the ledger has it. Out: what it and its steps asked for, and since when they hold it. After a restart
this is all there is to know: a kill at any moment neither loses a place nor gives it away twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from windlass.runs.entry import asking, groups_of
from windlass.runs.locks import DETAIL, asked
from windlass.runs.nesting import STOP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from windlass.clock import Millis
    from windlass.runs.lock import Acquire
    from windlass.runs.state import RunState


@dataclass(frozen=True, slots=True)
class Standing:
    """`since`: from when on it has all its places; None while it waits. `leaving`: it was told to end."""

    asked: Acquire
    since: Millis | None
    leaving: bool


def standings(state: RunState) -> Iterator[Standing]:
    """Of a run that has not ended."""
    head = state.head
    if groups_of(state.plan):
        yield Standing(asking(state.plan, head), head.started_at, head.cancel_at is not None)
    for step in state.every_step():
        if DETAIL in step.detail and not step.status.terminal:
            told = STOP in step.detail or (step.attempt is not None and step.attempt.stop_reason is not None)
            yield Standing(asked(head.id, "", step), step.detail[DETAIL]["heldAt"], told)
