"""From decisions that are recorded to what the groups say about them.

In: a run's decision, once it is in the ledger and carried out. Out: what runs and steps are to be told: those that
asked for places, and those that wait for places which are free now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.crashpoints import reach
from windlass.runs.lock import Acquire, LockKey
from windlass.runs.locks import DETAIL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from windlass.clock import Millis
    from windlass.reconcile.groups import Groups
    from windlass.runs.model import Observation
    from windlass.runs.state import Decision, RunState

    Told = Iterator[tuple[str, Observation]]


def passed_on(groups: Groups, state: RunState, decision: Decision, now: Millis) -> Told:
    """By run, in the order in which it is to be heard."""
    for command in decision.commands:
        if isinstance(command, Acquire):
            yield from groups.enter(state.head, command, now)
    for step in decision.steps:
        if step.status.terminal and DETAIL in step.detail:
            yield from _free(groups.leave(LockKey(state.head.id, *step.key), now))
    if state.head.status.terminal:
        yield from _free(groups.leave_all(state, now))


def _free(told: list[tuple[str, Observation]]) -> Told:
    """Somebody may have its place now, and somebody behind it another one in the way."""
    if told:
        reach("group.left")
    yield from told
