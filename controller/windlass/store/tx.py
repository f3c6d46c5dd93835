"""A transaction: the only way to change anything.

In: frozen values, inside a unit of work that the writer runs. Out: rows that are all there, or none of them. A unit
may be run again when the database failed in between, so it has no effect but on its `Tx`.
"""

from __future__ import annotations

from windlass.store.tx_caches import CacheChanges
from windlass.store.tx_own_secrets import OwnSecretChanges
from windlass.store.tx_records import RecordChanges
from windlass.store.tx_runs import RunChanges
from windlass.store.tx_sources import SourceChanges
from windlass.store.tx_triggers import TriggerChanges


class Tx(RunChanges, TriggerChanges, SourceChanges, RecordChanges, CacheChanges, OwnSecretChanges):
    """Valid until its unit of work returns."""

    __slots__ = ()
