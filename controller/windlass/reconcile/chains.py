"""A run has ended: the workflows that wait for that start theirs, each once, also over a crash.

In: the end of a run, told within the transaction that records it. Out: firings, unique by the ended run. A run that
somebody waits for gets a mark in that transaction; the loop settles it, and the mark goes in the transaction of the
firings. Marks that a restart finds are settled then. Each chained run counts one hop more than the one it followed, and
a circle stops at ten (catalogue Y21).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from windlass import log
from windlass.crashpoints import reach
from windlass.errors import FencedError
from windlass.plan.codec import from_bytes
from windlass.reconcile.firings import Fired

if TYPE_CHECKING:
    from windlass.reconcile.creation import NewRun
    from windlass.reconcile.firings import Firings
    from windlass.reconcile.trigger_index import Target, TriggerIndex
    from windlass.runs.model import RunHead
    from windlass.store.reads import Reads
    from windlass.store.tx import Tx
    from windlass.store.writer import Writer

MARKS = "chain"
MOST_HOPS = 10
AGAIN = 5.0  # seconds until what could not be settled is tried again


class Chains:
    def __init__(self, index: TriggerIndex, firings: Firings, writer: Writer, reads: Reads) -> None:
        self._index = index
        self._firings = firings
        self._writer = writer
        self._reads = reads
        self._bell = threading.Event()
        self._owed: set[str] = set()  # ended runs whose mark is being written
        self._stopping = False
        self._thread: threading.Thread | None = None

    # ---- what the engine tells

    def ended(self, tx: Tx, head: RunHead) -> None:
        """Within the transaction of a run's end."""
        if self._waiting(head):
            tx.set_mark(MARKS, head.id, None)
            self._owed.add(head.id)

    def wake(self, run: str) -> None:
        """After that transaction."""
        if run in self._owed:
            self._owed.discard(run)
            self._bell.set()

    # ---- the loop

    def start(self) -> None:
        self._bell.set()
        self._thread = threading.Thread(target=self._run, name="windlass-chains", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._bell.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        pause: float | None = None
        while True:
            self._bell.wait(pause)
            self._bell.clear()
            if self._stopping:
                return
            try:
                pause = None if self.settle() else AGAIN
            except FencedError:
                return

    def settle(self) -> bool:
        """Start what ended runs owe; False when some of it has to be tried again. One harms no other (R29)."""
        fine = True
        try:
            for run in self._reads.marks(MARKS):
                fine = self._try(run) and fine
        except FencedError:
            raise
        except Exception as error:  # noqa: BLE001 - the ledger is away, or worse: the loop goes on
            log.event("chain.failed", level="error", error=repr(error))
            fine = False
        return fine

    def _try(self, run: str) -> bool:
        try:
            self._settle(run)
        except FencedError:
            raise
        except Exception as error:  # noqa: BLE001 - one chain must not stop the others
            log.event("chain.failed", level="error", run=run, error=repr(error))
            return False
        return True

    def _settle(self, run: str) -> None:
        head = self._reads.run(run)
        fired = [] if head is None else self._fired(head)
        reach("chain.before-record")

        def work(tx: Tx) -> list[NewRun]:
            tx.delete_mark(MARKS, run)
            return self._firings.record(tx, fired)

        started = self._writer.write(work)
        reach("chain.recorded")
        self._firings.start(started)

    def _waiting(self, head: RunHead) -> list[Target]:
        targets = self._index.everywhere("workflow", f"{head.repository}/{head.workflow}")
        return [target for target in targets if target.written.get("when", "succeeded") in ("ended", head.status.value)]

    def _fired(self, head: RunHead) -> list[Fired]:
        targets = self._waiting(head)
        if not targets:
            return []
        event = self._event(head)
        if event["hops"] > MOST_HOPS:
            reason = f"a chain of {MOST_HOPS} runs ends here: do these workflows start each other?"
            return [Fired(target, head.id, reason=reason) for target in targets]
        actor = {"kind": "workflow", "name": f"{head.repository}/{head.workflow}"}
        return [self._firings.prepare(target, head.id, target.name, event, actor) for target in targets]

    def _event(self, head: RunHead) -> dict[str, Any]:
        before = from_bytes(self._reads.plan(head.id)).event
        hops = before.get("hops", 0) if before.get("kind") == "workflow" else 0
        run = {
            "id": head.id,
            "repository": head.repository,
            "workflow": head.workflow,
            "commit": head.commit,
            "status": head.status.value,
            "cause": head.cause,
            "outputs": dict(head.outputs),
        }
        return {"kind": "workflow", "run": run, "hops": hops + 1, "scheduledAt": None}
