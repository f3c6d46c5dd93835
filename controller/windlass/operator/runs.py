"""One WorkflowRun: it starts a run once, shows how that stands, and cancels it when it is deleted.

In: a key. Out: a run in the ledger, the object's status, Events, or a cancel. The ledger decides: an object starts a
run once and is known there by its uid, so that no restart doubles it; a deletion that nobody saw is found by comparing
(at a start and every ten minutes), and the API server confirms it first (R10). No finalizer holds an object, so none
can hold up its namespace.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass import log
from windlass.errors import ConflictError, ForbiddenError, InputError, NotFoundError, UsageError
from windlass.kube.errors import AlreadyExists, Forbidden, NotFound
from windlass.operator import run_status, setbacks
from windlass.operator.kinds import (
    RUN,
    created_at,
    generation_of,
    is_leaving,
    spec_of,
    status_of,
    uid_of,
)
from windlass.operator.run_objects import actor_of, asked_by, belongs, key_of_run, made_body
from windlass.operator.specs import SpecError, read_spec
from windlass.tenants import qualified
from windlass_schemas.resources.workflow_run import WorkflowRunSpec

if TYPE_CHECKING:
    from windlass.clock import Clock
    from windlass.operator.cluster import Cluster
    from windlass.operator.history import History
    from windlass.operator.kinds import Object
    from windlass.operator.ledger_runs import LedgerRuns
    from windlass.operator.seen import Seen
    from windlass.operator.workqueue import Key
    from windlass.operator.writing import Statuses
    from windlass.runs.model import RunHead

PATIENCE = 60_000  # ms: how long an object waits for its repository or workflow to appear
SOON = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Bound:
    """The run of an object; `uid` None: an object that Windlass makes, or has not made yet."""

    run: str
    uid: str | None


class Runs:
    """`show_all`: runs that no object asked for get one, too."""

    def __init__(
        self,
        ledger: LedgerRuns,
        cluster: Cluster,
        seen: Seen,
        statuses: Statuses,
        history: History,
        clock: Clock,
        *,
        show_all: bool,
    ) -> None:
        self._ledger = ledger
        self._cluster = cluster
        self._seen = seen
        self._statuses = statuses
        self._history = history
        self._clock = clock
        self._show_all = show_all
        self._lock = threading.Lock()
        self._bound: dict[Key, Bound] = {}
        self._let_be: set[str] = set()  # runs that their workflow's `access` keeps from being cancelled by a deletion
        self._waiting: dict[Key, str] = {}  # objects that wait for a repository, by its qualified name

    # ---- what others tell

    def bind(self, head: RunHead) -> Key | None:
        """A run has changed; the key to look at."""
        key = key_of_run(head)
        if key is None or (asked_by(head) is None and not self._show_all):
            return None
        with self._lock:
            if key in self._bound or not head.status.terminal or self._seen.get(key) is None:
                self._bound[key] = Bound(head.id, asked_by(head))
        return key

    def waiting_for(self, repository: str) -> list[Key]:
        with self._lock:
            return [key for key, name in self._waiting.items() if name == repository]

    def namespace_gone(self, repository: str) -> None:
        """Its tenant goes: what still runs of it has no place any more."""
        for head in list(self._ledger.open(repository)):
            self._ledger.end(head.id, "the namespace was deleted")

    # ---- the look

    def look(self, key: Key) -> float | None:
        """Seconds until the next look; None: when there is news."""
        found, bound = self._seen.get(key), self._bound.get(key)
        if found is None or is_leaving(found):
            return self._leave(key, bound)
        if bound is not None and bound.uid is not None and bound.uid != uid_of(found):
            again = self._leave(key, bound)  # another object of the same name has come
            return 0.0 if again is None else again
        status = status_of(found)
        try:
            spec = read_spec(WorkflowRunSpec, spec_of(found))
        except SpecError as error:
            return (
                self._after_end(key, found) if run_status.ended(status) else self._refuse(found, "SpecInvalid", error)
            )
        try:
            run = self._run_of(key, found, spec)
        except NotFoundError as error:
            return self._absent(key, found, spec, error)
        except InputError as error:
            return self._refuse(found, "InputInvalid", error)
        except ForbiddenError as error:
            return self._refuse(found, "Forbidden", error)
        except (ConflictError, UsageError) as error:
            return self._refuse(found, "Refused", error)
        if run is None:
            return self._after_end(key, found)
        return self._show(key, found, run)

    def _run_of(self, key: Key, found: Object, spec: WorkflowRunSpec) -> str | None:
        """None: there is none, and there will be none. The errors of `LedgerRuns.start`."""
        status, uid = status_of(found), uid_of(found)
        written = {"repository": spec.repository, "workflow": spec.workflow}
        known = spec.run or status.get("id")
        head = self._ledger.head(str(known)) if known else None
        if head is not None and belongs(head, key, written) and (spec.run or asked_by(head) == uid):
            return head.id
        if spec.run is not None:
            raise NotFoundError("the ledger has no such run; leave spec.run out to start one")
        if run_status.ended(status):
            return None
        if known and head is None:  # of another ledger, or lost with it: starting it again might do it twice
            raise ConflictError(f"the ledger does not have run {known} any more")
        body = {"inputs": spec.inputs, "env": spec.env}
        return self._ledger.start(qualified(key.namespace, spec.repository), spec.workflow, body, actor_of(key, uid))

    def _show(self, key: Key, found: Object, run: str) -> float | None:
        uid = uid_of(found)
        with self._lock:
            self._waiting.pop(key, None)
            self._bound[key] = Bound(run, uid)
        before, view = status_of(found), self._ledger.view(run)
        status = run_status.run_status(view, before, generation_of(found), self._clock.now())
        over = run_status.ended(status)

        def announce() -> None:
            for one in setbacks.untold(status["setbacks"] or (), before.get("setbacks") or ()):
                self._cluster.tell(found, run_status.camel(one["cause"]), setbacks.sentence(one), warning=True)
            if over and not run_status.ended(before):
                self._announce(found, status)

        pause = self._statuses.write(found, status, urgent=over, announce=announce)
        if not over or pause is not None:
            return pause
        with self._lock:
            self._bound.pop(key, None)
        self._ledger.unmark(run)
        return self._after_end(key, self._seen.get(key) or found)

    def _announce(self, found: Object, status: dict[str, Any]) -> None:
        good = status["phase"] == "Succeeded"
        cause = f" ({status['cause']})" if status["cause"] else ""
        told = f"run {status['id']} {status['phase'].lower()}{cause}"
        message = told + (f": {status['message']}" if status["message"] else "")
        self._cluster.tell(found, status["phase"], message, warning=not good)

    def _absent(self, key: Key, found: Object, spec: WorkflowRunSpec, error: NotFoundError) -> float | None:
        """Its repository may be about to be loaded; after a minute the answer is no."""
        status, now = status_of(found), self._clock.now()
        if run_status.ended(status):
            return self._after_end(key, found)
        left = created_at(found) + PATIENCE - now
        if spec.run is not None or left <= 0:
            with self._lock:
                self._waiting.pop(key, None)
            return self._refuse(found, "RunNotFound" if spec.run is not None else "WorkflowNotFound", error)
        with self._lock:
            self._waiting[key] = qualified(key.namespace, spec.repository)
        wanted = run_status.waiting("WorkflowNotFound", str(error), status, generation_of(found), now)
        self._statuses.write(found, wanted)
        return min(SOON, left / 1000 + 0.1)

    def _refuse(self, found: Object, reason: str, error: Exception) -> float | None:
        """For good: an object's spec does not change."""
        before = status_of(found)
        wanted = run_status.refused(reason, str(error), before, generation_of(found), self._clock.now())

        def announce() -> None:
            if not run_status.ended(before):
                self._cluster.tell(found, reason, str(error), warning=True)

        self._statuses.write(found, wanted, urgent=True, announce=announce)
        return SOON

    # ---- ends

    def _after_end(self, key: Key, found: Object) -> float | None:
        """Objects of ended runs go in the end; the run stays in the ledger."""
        left = self._history.due(found) - self._clock.now()
        if left <= 0:
            self._delete(key, found)
            return None
        for one in self._history.ended(key, found):
            too_old = self._seen.get(one)
            if too_old is not None:
                self._delete(one, too_old)
        return left / 1000 if self._seen.get(key) is not None else None

    def _delete(self, key: Key, found: Object) -> None:
        self._cluster.delete(key, uid_of(found))
        self._seen.drop(key, uid_of(found))
        self._history.gone(key, found)

    def _leave(self, key: Key, bound: Bound | None) -> float | None:
        """The object is gone, or was never there."""
        with self._lock:
            self._waiting.pop(key, None)
        head = self._ledger.head(bound.run) if bound is not None else None
        if head is None or bound is None:
            self._unbind(key, bound)
            return None
        made = asked_by(head) is None
        if made and not self._ledger.was_shown(head.id):
            return self._make(key, head)
        if head.status.terminal:
            self._unbind(key, bound)
            return None
        live = self._cluster.get(key)
        if live is not None and not is_leaving(live):
            self._seen.put(RUN, live)
            if bound.uid is None or bound.uid == uid_of(live):
                return 0.0
        if head.cancel_at is None and head.id not in self._let_be:  # asked twice, it would cut `finally` short
            self._cancel(key, head)
        if live is None or is_leaving(live):
            return None  # bound until it has ended: an object that somebody deleted is not made again
        with self._lock:
            self._bound.pop(key, None)
        return 0.0

    def _cancel(self, key: Key, head: RunHead) -> None:
        """Deleting an object is asking for a cancel; when its namespace goes, there is nobody left to ask."""
        name = f"{key.namespace}/{key.name}"
        log.event("run.object-deleted", run=head.id, object=name)
        if self._cluster.is_leaving(key.namespace):
            self._ledger.end(head.id, "the namespace was deleted")
            return
        try:
            self._ledger.cancel(head.id, {"kind": "kubernetes", "name": name})
        except ForbiddenError as error:
            self._let_be.add(head.id)
            log.event("run.cancel-refused", level="warning", run=head.id, object=name, error=str(error))

    def _unbind(self, key: Key, bound: Bound | None) -> None:
        with self._lock:
            if self._bound.get(key) == bound:
                self._bound.pop(key, None)
        if bound is not None:
            self._ledger.unmark(bound.run)

    def _make(self, key: Key, head: RunHead) -> float | None:
        """The object of a run that something else started."""
        try:
            made: Object | None = self._cluster.create(RUN, key.namespace, made_body(head))
        except AlreadyExists:
            made = self._cluster.get(key)
        except (NotFound, Forbidden):
            if not self._cluster.is_leaving(key.namespace):
                raise
            self._ledger.end(head.id, "the namespace was deleted")
            self._unbind(key, self._bound.get(key))
            return None
        if made is None:
            return SOON
        self._seen.put(RUN, made)
        self._ledger.mark_shown(head.id)
        return 0.0
