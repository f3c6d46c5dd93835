"""The run loop: observe → decide → record → act.

In: observations of executors, cancel requests and new runs, through one inbox. Out: states in the ledger and commands
to executors, always in that order: nothing is started that the ledger does not know (promises R2, R3). One turn takes
everything that has arrived, decides for each run it concerns, and records all decisions in one transaction. The loop
has a thread; whoever brings something within `engine.round` takes the turn right there when nobody is at one.
"""

from __future__ import annotations

import threading
import traceback
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from windlass import log
from windlass.crashpoints import reach
from windlass.errors import ConflictError, FencedError, LedgerError
from windlass.reconcile.group_places import passed_on
from windlass.reconcile.groups import Groups
from windlass.reconcile.inbox import Inbox, Round
from windlass.reconcile.reuse import NoReuse, Reuse
from windlass.reconcile.timetable import Timetable
from windlass.runs.decide import decide
from windlass.runs.model import Answered, AttemptKey, CancelRequested, FromExecutor, Launch, Recall, Stop
from windlass.runs.present import run_object
from windlass.runs.quarantine import broken_run
from windlass.runs.state import RunState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from windlass.clock import Clock
    from windlass.executors.base import Executor
    from windlass.runs.model import Observation, RunHead, Step
    from windlass.runs.state import Decision
    from windlass.store.writer import Tx, Writer

    Listener = Callable[[RunHead, tuple[Step, ...]], None]
    EndListener = Callable[[Tx, RunHead], None]
    News = Observation | RunState | tuple[Answered | CancelRequested, threading.Event]

PAUSE = 1.0  # seconds between attempts to reach a ledger that is away
MAX_FAULTS = 5  # a run whose decision raises this often is ended rather than tried for ever (promise R29)


class _AwayError(Exception):
    """The ledger is away, and whoever is at the turn has no time."""


def anywhere(_repository: str, runner: str) -> str:
    return runner


class Engine:
    """Owns every open run. All methods but `run` are called from any thread and return at once."""

    def __init__(
        self,
        writer: Writer,
        executors: Mapping[str, Executor],
        clock: Clock,
        *,
        on_change: Listener | None = None,
        on_end: EndListener | None = None,
        forgets: bool = True,
        reuse: Reuse | None = None,
        place: Callable[[str, str], str] = anywhere,
    ) -> None:
        """`on_change` hears of every recorded change, `on_end` of each run's end within the transaction that records
        it; `forgets`: attempts' folders go with the end of their run; `reuse` keeps outputs for later runs; `place`
        names the executor that a repository's steps have for a runner."""
        self._writer = writer
        self._executors = executors
        self._clock = clock
        self._on_change = on_change
        self._on_end = on_end
        self._forgets = forgets
        self._reuse: Reuse = NoReuse() if reuse is None else reuse
        self._place = place
        self._stopping = threading.Event()
        self._inbox: Inbox[tuple[str, News]] = Inbox()
        self._turns = threading.Lock()  # held during a turn
        self._sleeps_until = 0  # milliseconds; the loop's thread
        self._owed: list[tuple[RunState, Decision]] = []  # decided elsewhere when the ledger was away
        self.round = Round(self.heed)
        self._answered: list[threading.Event] = []  # who waits for the end of this turn
        self._states: dict[str, RunState] = {}
        self._timetable = Timetable()
        self._faults: dict[str, int] = defaultdict(int)
        self._held: dict[str, list[Observation]] = {}  # what a failed decision had not taken in yet
        self._thread: threading.Thread | None = None
        self._fatal: BaseException | None = None
        self._ended: Counter[str] = Counter()
        self.groups = Groups()  # asked by others, changed by the loop alone

    # ---- what others call

    def add(self, state: RunState) -> None:
        """Take over a run that is in the ledger."""
        self.groups.announce(state)
        self._bring(state.head.id, state)

    def observe(self, observation: Observation) -> None:
        """The sink of the executors."""
        assert isinstance(observation, FromExecutor)
        self._bring(observation.key.run, observation)

    def _bring(self, run: str, what: News) -> None:
        if self.round.mine:
            self._inbox.leave((run, what))
        else:
            self._inbox.put((run, what))

    def cancel(self, run: str, request: CancelRequested) -> threading.Event:
        """The event is set when what followed from it is in the ledger."""
        return self._ask(run, request)

    def answer(self, run: str, answered: Answered) -> threading.Event:
        """An answer to an approval; the event as in `cancel`."""
        return self._ask(run, answered)

    def _ask(self, run: str, request: Answered | CancelRequested) -> threading.Event:
        taken = threading.Event()
        self._inbox.put((run, (request, taken)))
        return taken

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="windlass-engine", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Decide nothing more; running attempts are left as they are."""
        self._stopping.set()
        self._inbox.wake()
        if self._thread is not None:
            self._thread.join()
        with self._turns:  # one that another thread is at
            pass

    @property
    def failed(self) -> BaseException | None:
        """Why the loop ended by itself: fenced off, or the ledger gone for good."""
        return self._fatal

    @property
    def open_runs(self) -> int:
        return len(self._states)

    def ended_runs(self) -> dict[str, int]:
        """How many runs ended in this life, by status."""
        return dict(self._ended)

    # ---- the loop

    def _run(self) -> None:
        try:
            while not self._stopping.is_set() and self._fatal is None:
                with self._turns:
                    now = self._clock.now()
                    pause = self._timetable.pause(now)
                    self._sleeps_until = now + int(pause * 1000)
                self._inbox.wait(pause)
                with self._turns:
                    self.turn()
        except Exception as error:  # noqa: BLE001 - a server whose loop is gone must not go on answering
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """The loop ends by itself."""
        self._fatal = error
        if isinstance(error, FencedError | LedgerError):
            log.event("engine.stopped", level="error", reason=str(error))
        else:
            log.event("engine.stopped", level="error", reason=repr(error), trace=traceback.format_exc())

    def heed(self) -> None:
        """Take one turn in the thread of the caller, unless somebody is at one. What that cannot do is for the loop.

        Never in the main thread, where an interrupt could come between a COMMIT and what is noted of it.
        """
        main = threading.current_thread() is threading.main_thread()
        if main or self._thread is None or not self._turns.acquire(blocking=False):
            if main:
                self._inbox.wake()
            return  # whoever is at a turn looks again when it is over
        try:
            if not (self._stopping.is_set() or self._fatal or self._owed):
                self.turn(patient=False)
        except Exception as error:  # noqa: BLE001 - as in the loop
            self._give_up(error)
        finally:
            early = self._timetable.pause(self._clock.now()) * 1000 + self._clock.now() < self._sleeps_until
            self._turns.release()
        if early or self._owed or self._fatal or self._inbox.filled:
            self._inbox.wake()

    def turn(self, *, patient: bool = True) -> None:
        """One turn over what is there. `patient`: a ledger that is away is waited for; else that is left to the loop.

        Tests call it in place of the loop.
        """
        if self._owed:
            decisions, self._owed = self._owed, []
            self._act(self._record(decisions))
        arrived = self._collect()
        now = self._clock.now()
        for run in self._timetable.due(now):
            arrived.setdefault(run, [])
        decisions = self._decide(arrived, now)
        if decisions:
            try:
                self._act(self._record(decisions, patient))
            except _AwayError:
                self._owed = decisions
                return
        for taken in self._answered:
            taken.set()
        self._answered.clear()

    def _collect(self) -> dict[str, list[Observation]]:
        """Everything in the inbox by run."""
        arrived: dict[str, list[Observation]] = {}
        for run, what in self._inbox.take():
            if isinstance(what, RunState):
                self._states.setdefault(run, what)
                arrived.setdefault(run, [])
            elif isinstance(what, tuple):
                arrived.setdefault(run, []).append(what[0])
                self._answered.append(what[1])
            else:
                arrived.setdefault(run, []).append(what)
        return arrived

    def _decide(self, arrived: Mapping[str, list[Observation]], now: int) -> list[tuple[RunState, Decision]]:
        decisions = []
        for run, observations in arrived.items():
            state = self._states.get(run)
            if state is None:
                continue  # ended, or never ours: late news of it changes nothing (promise R4)
            reach("engine.observed")
            decision = self._decide_one(state, observations, now)
            if decision is None:
                continue
            self._timetable.set(run, decision.wake_at)
            if decision.empty:
                state.apply(decision)
            else:
                decisions.append((state, decision))
        return decisions

    def _decide_one(self, state: RunState, observations: list[Observation], now: int) -> Decision | None:
        """One run's decision; an error in it harms only this run (promise R29)."""
        run = state.head.id
        observations = [*self._held.pop(run, ()), *observations]
        try:
            decision = decide(state, observations, now)
        except Exception as error:  # noqa: BLE001 - the boundary of one item
            self._faults[run] += 1
            log.event("run.decision-failed", level="error", run=run, error=repr(error), times=self._faults[run])
            if self._faults[run] >= MAX_FAULTS:
                return broken_run(state, now, f"internal error: {type(error).__name__}")
            self._held[run] = observations
            self._timetable.set(run, now + 200 * 2 ** self._faults[run])
            return None
        self._faults.pop(run, None)
        return decision

    def _record(
        self, decisions: list[tuple[RunState, Decision]], patient: bool = True
    ) -> list[tuple[RunState, Decision]]:
        """All decisions in one transaction; those that are in the ledger now.

        A decision that the ledger refuses (its run has ended there) is dropped alone.
        """
        reach("engine.before-commit")
        try:
            if any(decision.head_changed or decision.steps for _, decision in decisions):
                self._write(decisions, patient)
        except ConflictError:
            decisions = [pair for pair in decisions if self._accepted(pair)]
        reach("engine.recorded")
        return decisions

    def _accepted(self, pair: tuple[RunState, Decision]) -> bool:
        try:
            self._write([pair])
        except ConflictError as error:
            run = pair[0].head.id
            log.event("run.refused", level="error", run=run, error=str(error))
            self._states.pop(run, None)
            self._timetable.set(run, None)
            self._tell(self.groups.leave_all(pair[0], self._clock.now()))
            return False
        return True

    def _write(self, decisions: list[tuple[RunState, Decision]], patient: bool = True) -> None:
        """Wait for a ledger that is away: the states in memory have not changed, so nothing is lost (R31)."""

        now = self._clock.now()

        def work(tx: Tx) -> None:
            for state, decision in decisions:
                head = decision.head
                if decision.steps:
                    tx.save_steps(head.id, decision.steps)
                    self._reuse.keep(tx, head, decision.steps, now)
                if decision.head_changed:
                    tx.save_run(head)
                    tx.add_event("run", head.id, run_object(head))
                    if head.status.terminal and state.plan.secret_inputs:
                        tx.delete_secrets(head.id)
                    if head.status.terminal and self._on_end is not None:
                        self._on_end(tx, head)

        while True:
            try:
                self._writer.write(work)
                return
            except FencedError:
                raise
            except LedgerError as error:
                log.event("engine.ledger-away", level="error", error=str(error))
                if not patient:
                    raise _AwayError from error
                if self._stopping.wait(PAUSE):
                    raise

    def _tell(self, told: Iterable[tuple[str, Observation]]) -> None:
        """What the groups say is heard in the next turn."""
        for run, observation in told:
            self._inbox.put((run, observation))

    def _act(self, decisions: list[tuple[RunState, Decision]]) -> None:
        """What was decided first, before those who look on hear of it and what has ended is put away."""
        launches: dict[str, list[Launch]] = defaultdict(list)
        for state, decision in decisions:
            state.apply(decision)
            for command in decision.commands:
                if isinstance(command, Launch):
                    launches[self._place(state.head.repository, command.runner)].append(command)
                elif isinstance(command, Recall):
                    self._tell([(command.key.run, self._reuse.recall(command, self._clock.now()))])
                elif isinstance(command, Stop):
                    self._stop(state, command)
        for name, group in launches.items():
            self._executors[name].start(group)
        for state, decision in decisions:
            if self._on_change is not None:
                self._on_change(decision.head, decision.steps)
            if decision.head.status.terminal:
                self._ended[decision.head.status.value] += 1
                self._close(state)
        for state, decision in decisions:
            self._tell(passed_on(self.groups, state, decision, self._clock.now()))
        reach("engine.carried-out")

    def _stop(self, state: RunState, stop: Stop) -> None:
        self._executor(state, stop.key.path).stop(stop)

    def _executor(self, state: RunState, path: str) -> Executor:
        return self._executors[self._place(state.head.repository, state.planned_at(path).runner)]

    def _forget(self, state: RunState) -> None:
        """Every end is in the ledger: the attempts' folders are not needed any more.

        All of a run at once and beside the loop: on ext4 it is slow to make files among others just deleted.
        """
        for step in state.every_step():
            for attempt in step.attempts:
                key = AttemptKey(state.head.id, *step.key, attempt.number)
                self._executor(state, step.key.path).forget(key)

    def _close(self, state: RunState) -> None:
        run = state.head.id
        self._states.pop(run, None)
        self._timetable.set(run, None)
        if self._forgets:
            self._forget(state)
        log.event("run.ended", run=run, status=state.head.status.value)

    def adopt(self, states: Iterable[RunState]) -> None:
        """At start: take over open runs; executors answer for each attempt that the ledger holds open."""
        from windlass.reconcile.adopt import open_attempts, owed_stops

        states = list(states)
        for state in states:
            self._states[state.head.id] = state
        for name, attempts in open_attempts(states, self._place).items():
            self._executors[name].adopt(attempts)
        for name, stop in owed_stops(states, self._place):
            self._executors[name].stop(stop)
        for state in states:
            self.add(state)
        self._tell(self.groups.restore(states, self._clock.now()))
