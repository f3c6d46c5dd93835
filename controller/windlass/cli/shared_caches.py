"""What runs of this machine share: a ledger of caches beside the folders of the runs, opened for a moment each time.

In: a path. Out: questions and changes. Every local run has a ledger of its own, and several may go on at once: whoever
writes takes the shared one over first, and does so again when somebody else came in between.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from windlass import log
from windlass.errors import FencedError, LedgerError
from windlass.reconcile.reuse import keep_outputs, recalled
from windlass.runs.model import Recalled
from windlass.runs.reuse import to_keep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from windlass.clock import Clock, Millis
    from windlass.runs.model import Recall, RunHead, Step
    from windlass.store.ledger import Ledger
    from windlass.store.reads import Reads
    from windlass.store.tx import Tx

_T = TypeVar("_T")
TRIES = 50


class SharedLedger:
    """Raises LedgerError when the folder cannot be written."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock

    @contextmanager
    def _opened(self) -> Iterator[Ledger]:
        from windlass.store.ledger import Ledger

        try:
            self._path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        except OSError as error:
            raise LedgerError(f"the data folder cannot be written: {error}") from error
        ledger = Ledger.open(f"sqlite:///{self._path}")
        try:
            yield ledger
        finally:
            ledger.close()

    def read(self, ask: Callable[[Reads], _T]) -> _T:
        with self._opened() as ledger:
            return ask(ledger.reads)

    def write(self, work: Callable[[Tx], _T]) -> _T:
        fenced: FencedError | None = None
        for _ in range(TRIES):
            with self._opened() as ledger:
                try:
                    ledger.writer.take_over(f"windlass run {os.getpid()}", self._clock.now())
                    return ledger.writer.write(work)
                except FencedError as error:  # another run took it over meanwhile
                    fenced = error
        assert fenced is not None
        raise fenced


class SharedReuse:
    """Outputs that the runs of this machine reuse; a ledger that cannot be used is as good as an empty one."""

    def __init__(self, shared: SharedLedger) -> None:
        self._shared = shared

    def recall(self, asked: Recall, now: Millis) -> Recalled:
        try:
            return self._shared.read(lambda reads: recalled(reads, asked, now))
        except LedgerError as error:
            log.event("cache.unreadable", level="warning", run=asked.key.run, error=str(error))
            return Recalled(asked.key)

    def keep(self, _tx: Tx, head: RunHead, steps: Iterable[Step], now: Millis) -> None:
        kept = [step for step in steps if to_keep(step) is not None]
        if not kept:
            return
        try:
            self._shared.write(lambda tx: keep_outputs(tx, head, kept, now))
        except (LedgerError, FencedError) as error:
            log.event("cache.not-kept", level="warning", run=head.id, error=str(error))
