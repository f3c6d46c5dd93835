"""After a start: what the ledger knows comes back to life before anything new is looked at.

In: the ledger. Out: the catalog of last good definitions, the sources' last commits, the open runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.plan.codec import from_bytes
from windlass.reconcile.activation import live_of
from windlass.runs.state import RunState
from windlass.sources.branch import Head

if TYPE_CHECKING:
    from collections.abc import Iterable

    from windlass.reconcile.catalog import Catalog
    from windlass.reconcile.source import SourceState
    from windlass.store.reads import Reads


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


def restore_runs(reads: Reads) -> list[RunState]:
    """Every run that has not ended, with its frozen plan."""
    return [RunState(from_bytes(plan), head, steps) for head, steps, plan in reads.open_runs()]
