"""What the operator asks of the ledger about runs, and has it do with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.errors import ConflictError, LedgerError, NotFoundError
from windlass.operator.run_objects import asked_by
from windlass.reconcile.approvals import PATIENCE
from windlass.runs.model import TERMINAL, CancelRequested, Status
from windlass.store.filters import RunFilter
from windlass.tenants import namespace_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from windlass.reconcile.controller import Controller
    from windlass.runs.model import RunHead

MARKS = "kubernetes.shown"  # runs whose object was made: when it is gone, somebody deleted it
PAGE = 500
OPEN = tuple(status for status in Status if status not in TERMINAL and status is not Status.PENDING)


class LedgerRuns:
    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._parts = controller.parts
        self._shown = set(self._parts.reads.marks(MARKS))

    def head(self, run: str) -> RunHead | None:
        return self._parts.reads.run(run)

    def view(self, run: str) -> dict[str, Any]:
        """The run object with its steps. Raises NotFoundError."""
        return self._controller.outline(run, 1)

    def start(self, repository: str, workflow: str, body: Mapping[str, Any], actor: Mapping[str, Any]) -> str:
        """The errors of `Controller.create_run`. The same object gives the same run, however often it is asked."""
        known = self._of_object(repository, actor)
        if known is not None:
            return known
        run, _ = self._controller.create_run(repository, workflow, {**body, "idempotencyKey": actor["uid"]}, actor)
        return str(run["id"])

    def _of_object(self, repository: str, actor: Mapping[str, Any]) -> str | None:
        """A run that this object asked for before, also when its idempotency key has been forgotten."""
        wanted = RunFilter(repository=repository, actor=actor["name"])
        heads = self._parts.reads.list_runs(wanted, None, PAGE).items
        return next((head.id for head in heads if asked_by(head) == actor["uid"]), None)

    def cancel(self, run: str, actor: Mapping[str, Any]) -> None:
        """What has ended is fine. Raises ForbiddenError when the workflow's `access` does not let objects do that."""
        try:
            self._controller.cancel(run, actor)
        except (ConflictError, NotFoundError):
            return

    def end(self, run: str, message: str) -> None:
        """Cut short, `finally` too: there is no place left where its steps could run. Raises LedgerError."""
        head = self.head(run)
        if head is None or head.status.terminal:
            return
        request = CancelRequested(self._parts.clock.now(), message=message, kill=True)
        if not self._parts.engine.cancel(run, request).wait(PATIENCE):
            raise LedgerError("the cancel could not be recorded yet: the ledger is away")

    def open(self, repository: str | None = None) -> Iterator[RunHead]:
        """Runs of tenants that have not ended."""
        for status in OPEN:
            cursor: str | None = None
            while True:
                page = self._parts.reads.list_runs(RunFilter(repository=repository, status=status.value), cursor, PAGE)
                yield from (head for head in page.items if namespace_of(head.repository) is not None)
                cursor = page.next
                if cursor is None:
                    break

    # ---- whose object was made

    def was_shown(self, run: str) -> bool:
        return run in self._shown

    def mark_shown(self, run: str) -> None:
        if run not in self._shown:
            self._parts.writer.write(lambda tx: tx.set_mark(MARKS, run, None))
            self._shown.add(run)

    def unmark(self, run: str) -> None:
        if run in self._shown:
            self._parts.writer.write(lambda tx: tx.delete_mark(MARKS, run))
            self._shown.discard(run)
