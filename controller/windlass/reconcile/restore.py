"""After a start: what the ledger knows comes back to life before anything new is looked at.

In: the ledger. Out: the catalog of last good definitions, the sources' last commits, the open runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from windlass import log
from windlass.plan.codec import from_bytes
from windlass.reconcile.activation import live_of
from windlass.runs.model import Stop
from windlass.runs.present import run_object
from windlass.runs.quarantine import given_up
from windlass.runs.state import RunState
from windlass.sources.branch import Head

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from windlass.clock import Clock
    from windlass.executors.base import Executor
    from windlass.reconcile.catalog import Catalog
    from windlass.reconcile.source_state import SourceState
    from windlass.runs.model import RunHead, Step
    from windlass.runs.state import Decision
    from windlass.store.reads import Reads
    from windlass.store.tx import Tx
    from windlass.store.writer import Writer


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An open run that cannot be taken over."""

    head: RunHead
    steps: tuple[Step, ...]
    reason: str


def restore_catalog(catalog: Catalog, states: Iterable[SourceState], reads: Reads) -> None:
    """Definitions of repositories that are still served, and the commit that they are live from."""
    for state in states:
        name = state.settings.name
        row = reads.repository(name)
        if row is not None and row.commit is not None and row.url in ("", state.settings.git):
            state.known = Head(row.branch or "", row.commit)
        rows = reads.definitions(name)
        if rows:
            catalog.replace(name, [live_of(row) for row in rows])


def restore_runs(reads: Reads) -> tuple[list[RunState], list[Unreadable]]:
    """Every run that has not ended, with its frozen plan; and those of which this version cannot make sense."""
    states, unreadable = [], []
    for head, steps, plan in reads.open_runs():
        try:
            states.append(RunState(from_bytes(plan), head, steps))
        except Exception as error:  # noqa: BLE001 - the boundary of one run: the others go on (promise R29)
            unreadable.append(Unreadable(head, steps, f"its plan cannot be read: {type(error).__name__}"))
            log.event("run.unreadable", level="error", run=head.id, error=repr(error))
    return states, unreadable


def give_up(
    runs: Iterable[Unreadable],
    writer: Writer,
    clock: Clock,
    executors_of: Callable[[RunHead], Iterable[Executor]],
    on_end: Callable[[Tx, RunHead], None],
) -> None:
    """End them in the ledger, then what still runs of them. Raises LedgerError."""
    for one in runs:
        decision = given_up(one.head, one.steps, clock.now(), one.reason)
        writer.write(partial(_record_end, decision, on_end))
        stops = [command for command in decision.commands if isinstance(command, Stop)]
        for executor in executors_of(one.head):
            executor.adopt({stop.key: None for stop in stops})
            for stop in stops:
                executor.stop(stop)


def _record_end(decision: Decision, on_end: Callable[[Tx, RunHead], None], tx: Tx) -> None:
    head = decision.head
    tx.save_steps(head.id, decision.steps)
    tx.save_run(head)
    tx.add_event("run", head.id, run_object(head))
    tx.delete_secrets(head.id)
    on_end(tx, head)
