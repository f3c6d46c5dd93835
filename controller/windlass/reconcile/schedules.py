"""The schedule loop: every enabled schedule has exactly one future tick, and each tick at most one run (R11, R13).

In: the catalog. Out: runs, and a firing for each tick, also for one that starts nothing. The firing's unique key
(schedule, nominal instant) stands in the same transaction as the run: a crash, a second controller or a clock that
steps back can not make two. What was missed while nobody looked is settled by the schedule's own policy (R14).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from windlass import log
from windlass.clock import to_rfc3339
from windlass.crashpoints import reach
from windlass.errors import FencedError, WindlassError
from windlass.plan.concurrency import schedule_group
from windlass.plan.inputs import parse_inputs
from windlass.reconcile.creation import Cause, evaluated, record
from windlass.reconcile.timetable import Timetable
from windlass.triggers.schedule import Schedule, ScheduleError, due, from_written, next_tick

if TYPE_CHECKING:
    from collections.abc import Iterable

    from windlass.clock import Clock, Millis
    from windlass.reconcile.admission import Admission
    from windlass.reconcile.catalog import Catalog, LiveWorkflow
    from windlass.reconcile.creation import NewRun
    from windlass.reconcile.engine import Engine
    from windlass.store.reads import Reads
    from windlass.store.tx import Tx
    from windlass.store.writer import Writer
    from windlass.triggers.base import Firing

LONGEST_SLEEP = 30.0  # seconds: a wall clock that was set is noticed at the latest then


@dataclass(slots=True)
class _Armed:
    repository: str
    workflow: str
    trigger: str
    schedule: Schedule
    digest: str
    last_at: Millis


class Schedules:
    def __init__(
        self, catalog: Catalog, admission: Admission, writer: Writer, reads: Reads, clock: Clock, engine: Engine
    ) -> None:
        self._catalog = catalog
        self._admission = admission
        self._writer = writer
        self._reads = reads
        self._clock = clock
        self._engine = engine
        self._lock = threading.Lock()
        self._armed: dict[str, _Armed] = {}
        self._timetable = Timetable()
        self._bell = threading.Event()
        self._stopping = False
        self._since = clock.now()  # ticks from here on are on time, older ones were missed
        self._thread: threading.Thread | None = None

    # ---- arming

    def arm(self, repository: str) -> None:
        """Take over the schedules of a repository as they are live now; idempotent."""
        now = self._clock.now()
        known = {(r.workflow, r.trigger): r for r in self._reads.schedules() if r.repository == repository}
        fresh: dict[str, _Armed] = {}
        for live in self._catalog.of(repository).values():
            for trigger, schedule, digest in written_schedules(live):
                row = known.get((live.name, trigger))
                last_at = row.last_at if row is not None and row.spec_digest == digest else now
                fresh[f"{repository}/{live.name}/{trigger}"] = _Armed(
                    repository, live.name, trigger, schedule, digest, last_at
                )
        rows = [(a, next_tick(a.schedule, a.last_at)) for a in fresh.values()]
        gone = [key for key in known if f"{repository}/{key[0]}/{key[1]}" not in fresh]

        def work(tx: Tx) -> None:
            for armed, at in rows:
                tx.set_schedule(repository, armed.workflow, armed.trigger, armed.digest, at, armed.last_at)
            for workflow, trigger in gone:
                tx.delete_schedule(repository, workflow, trigger)

        if rows or gone:
            self._writer.write(work)
        with self._lock:
            for key in [k for k, a in self._armed.items() if a.repository == repository and k not in fresh]:
                del self._armed[key]
                self._timetable.set(key, None)
            self._armed.update(fresh)
            for (armed, at), key in zip(rows, fresh, strict=True):
                self._timetable.set(key, self._start_of(armed, at))
        self._bell.set()

    @staticmethod
    def _start_of(armed: _Armed, at: Millis | None) -> Millis | None:
        """When to wake for the tick at `at`: its jitter shifts the start, never the nominal time."""
        return None if at is None else at + armed.schedule.jitter_for(at)

    # ---- the loop

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="windlass-schedules", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._bell.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping:
            with self._lock:
                pause = self._timetable.pause(self._clock.now())
            self._bell.wait(min(pause, LONGEST_SLEEP))
            self._bell.clear()
            try:
                self.fire_due()
            except FencedError:
                return

    def fire_due(self) -> None:
        """Fire every schedule whose time has come; one that cannot be fired harms only itself (R29)."""
        now = self._clock.now()
        with self._lock:
            keys = self._timetable.due(now)
            armed = [(key, self._armed[key]) for key in keys if key in self._armed]
        for key, one in armed:
            try:
                self._fire(one, now)
            except FencedError:
                raise
            except WindlassError as error:
                log.event("schedule.failed", level="error", schedule=key, error=str(error))
                self._again(key, now + 5000)
                continue
            at = next_tick(one.schedule, one.last_at)
            self._again(key, self._start_of(one, at))

    def _again(self, key: str, at: Millis | None) -> None:
        with self._lock:
            self._timetable.set(key, at)

    def _fire(self, armed: _Armed, now: Millis) -> None:
        firings = due(armed.schedule, armed.last_at, now, watching_since=self._since)
        live = self._catalog.of(armed.repository).get(armed.workflow)
        if live is None or not firings:
            return
        last_at = max(armed.last_at, *(f.scheduled_at or 0 for f in firings))
        prepared = self._prepared(live, armed, firings)
        reach("schedule.before-fire")
        started = self._record(armed, prepared, last_at)
        armed.last_at = last_at
        reach("schedule.fired")
        for new in started:
            self._engine.add(new.state())

    def _prepared(
        self, live: LiveWorkflow, armed: _Armed, firings: Iterable[Firing]
    ) -> list[tuple[Firing, NewRun | None, str | None]]:
        """Each tick with its run, or the reason why it has none."""
        group = schedule_group(armed.workflow, armed.trigger)
        before = self._engine.groups.open_tick(armed.repository, group)
        prepared = []
        for firing in firings:
            new, reason = self._prepare(live, armed, firing, before)
            before = before if new is None else before or new.head.id
            prepared.append((firing, new, reason))
        return prepared

    def _prepare(
        self, live: LiveWorkflow, armed: _Armed, firing: Firing, before: str | None
    ) -> tuple[NewRun | None, str | None]:
        """`before` is an open run of an earlier tick."""
        if firing.skipped is not None:
            return None, firing.skipped
        if armed.schedule.overlap == "skip" and before is not None:
            return None, f"skipped: run {before} of an earlier tick is still open"
        try:
            return self._admission.plan(live, _cause(live, armed, firing)), None
        except WindlassError as error:
            return None, f"its inputs do not fit: {error}"

    def _record(
        self, armed: _Armed, prepared: Iterable[tuple[Firing, NewRun | None, str | None]], last_at: Millis
    ) -> list[NewRun]:
        prepared = list(prepared)
        now = self._clock.now()

        def work(tx: Tx) -> list[NewRun]:
            started = []
            for firing, new, reason in prepared:
                run = new.head.id if new is not None else None
                first = tx.insert_firing(
                    armed.repository, armed.workflow, armed.trigger, firing.key, firing.scheduled_at, run, reason, now
                )
                if first and new is not None:
                    record(tx, new)
                    started.append(new)
            next_at = next_tick(armed.schedule, last_at)
            tx.set_schedule(armed.repository, armed.workflow, armed.trigger, armed.digest, next_at, last_at)
            return started

        return self._writer.write(work)


def _cause(live: LiveWorkflow, armed: _Armed, firing: Firing) -> Cause:
    """Raises InputError and ExpressionError."""
    at = to_rfc3339(firing.scheduled_at) if firing.scheduled_at is not None else None
    event = {"kind": "schedule", "scheduledAt": at}
    values, env = evaluated(armed.schedule.inputs, armed.schedule.env, event, live.repository)
    return Cause(
        kind="schedule",
        name=armed.trigger,
        inputs=parse_inputs(live.model.inputs, values),
        event=event,
        actor={"kind": "schedule", "name": armed.trigger},
        env=env,
        scheduled_at=at,
    )


def written_schedules(live: LiveWorkflow) -> list[tuple[str, Schedule, str]]:
    """Each enabled schedule of a definition: its name, its rule, and the digest of what is written."""
    import hashlib
    import json

    written = live.document
    if written.get("enabled") is False:
        return []
    result = []
    for index, document in enumerate(written.get("triggers", {}).get("schedule", ())):
        if document.get("enabled") is False:
            continue
        digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:32]
        trigger, owner = f"schedule[{index}]", f"{live.repository}/{live.name}"
        try:
            result.append((trigger, from_written(document, trigger, owner), digest))
        except ScheduleError as error:
            # The repository's problems say it too (reconcile/live_checks.py); the others go on (R29).
            log.event("schedule.refused", level="error", schedule=f"{owner}/{trigger}", error=str(error))
    return result
