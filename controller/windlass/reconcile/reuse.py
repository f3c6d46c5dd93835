"""Outputs that steps reuse: asked for before a step begins, kept in the transaction that records its success.

In: a `Recall` of the run loop, the steps that a transaction records. Out: a `Recalled`; rows of the ledger. Where
outputs cannot be looked up the step simply runs: a cache is never a reason to fail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from windlass import log
from windlass.errors import LedgerError
from windlass.runs.model import Recalled
from windlass.runs.reuse import to_keep
from windlass.store.values import OutputsKey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from windlass.clock import Millis
    from windlass.runs.model import Recall, RunHead, Step
    from windlass.store.reads import Reads
    from windlass.store.tx import Tx


class Reuse(Protocol):
    def recall(self, asked: Recall, now: Millis) -> Recalled:
        """Never raises."""

    def keep(self, tx: Tx, head: RunHead, steps: Iterable[Step], now: Millis) -> None:
        """Called for all steps that a transaction records; most have nothing to keep."""


class NoReuse:
    """Every step runs."""

    def recall(self, asked: Recall, now: Millis) -> Recalled:
        return Recalled(asked.key)

    def keep(self, tx: Tx, head: RunHead, steps: Iterable[Step], now: Millis) -> None:
        return


class LedgerReuse:
    """Outputs in the ledger that holds the runs."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def recall(self, asked: Recall, now: Millis) -> Recalled:
        try:
            return recalled(self._reads, asked, now)
        except LedgerError as error:
            log.event("cache.unreadable", level="warning", run=asked.key.run, error=str(error))
            return Recalled(asked.key)

    def keep(self, tx: Tx, head: RunHead, steps: Iterable[Step], now: Millis) -> None:
        keep_outputs(tx, head, steps, now)


def recalled(reads: Reads, asked: Recall, now: Millis) -> Recalled:
    """Raises LedgerError."""
    key = OutputsKey(asked.repository, asked.workflow, asked.step, asked.cache_key, asked.shape)
    kept = reads.kept_outputs(key)
    if kept is None or kept.created_at + asked.ttl <= now:
        return Recalled(asked.key)
    return Recalled(asked.key, kept.outputs, kept.run, kept.created_at)


def keep_outputs(tx: Tx, head: RunHead, steps: Iterable[Step], now: Millis) -> None:
    for step in steps:
        asked = to_keep(step)
        if asked is not None:
            key = OutputsKey(head.repository, asked["workflow"], asked["step"], asked["key"], asked["shape"])
            tx.keep_outputs(key, step.outputs, head.id, now, now + asked["ttl"])
