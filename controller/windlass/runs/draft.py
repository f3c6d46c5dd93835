"""A decision while it is being made: the state with changes laid over it.

In: a RunState, which stays as it is. Out: the `Decision`: the new head, the changed steps, the commands to carry out
once both are in the ledger, and when to look again if nothing happens. Only `decide` and its parts use a Draft.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from windlass.frozen import changed
from windlass.runs.model import AttemptKey, Command, Status, Step, StepKey
from windlass.runs.nesting import local, placed, segment
from windlass.runs.settled import settled_step
from windlass.runs.state import Decision, Progress, broken, progressed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from windlass.clock import Millis
    from windlass.plan.model import Plan, PlannedStep
    from windlass.runs.expand import Expansion
    from windlass.runs.model import Observation
    from windlass.runs.state import RunState

    Turn = Callable[["Draft", Iterable[Observation]], None]


class Draft:
    """Reads fall through to the state; writes stay here. `ready` holds steps whose dependencies have all ended,
    `moved` loops with an item that has ended, `stirred` nested workflows that have something to look at.

    `turn` goes on with a draft from observations: the whole of a decision, for the drafts of nested workflows.
    """

    def __init__(self, state: RunState, now: Millis, turn: Turn) -> None:
        self.state = state
        self.plan: Plan = state.plan
        self.now = now
        self.head = state.head
        self.changed: dict[StepKey, Step] = {}
        self.commands: list[Command] = []
        self.ready: deque[str] = deque()
        self.moved: deque[str] = deque()
        self.stirred: deque[str] = deque()
        self.news: dict[str, list[Observation]] = {}
        self.children: dict[str, Draft] = {}
        self.begun: dict[str, RunState] = {}
        self.turn = turn
        self.wake_at: Millis | None = None
        self.tainted: set[str] = set()
        self.expansions: dict[str, Expansion] = {}
        self.cursors: dict[str, int] = {}
        self._progress: dict[str, Progress] = {}
        self._blocked: dict[str, int] = {}
        self._ended = {"steps": 0, "finally": 0}

    def state_of(self, key: StepKey) -> Step | None:
        """A step; None for an item that has not begun."""
        found = self.changed.get(key)
        return found if found is not None else self.state.steps.get(key)

    def step(self, key: StepKey) -> Step:
        found = self.state_of(key)
        assert found is not None, key
        return found

    def attempt_key(self, key: StepKey, number: int) -> AttemptKey:
        """The attempt's name, as executors know it."""
        return AttemptKey(self.head.id, placed(self.state.prefix, key.path), key.item, number)

    def local(self, key: StepKey) -> StepKey:
        """A key that executors know, here."""
        return local(self.state.prefix, key)

    def child(self, name: str) -> Draft | None:
        """The draft of the nested workflow that a segment leads to; None when there is none."""
        found = self.children.get(name)
        if found is None and name in self.state.children:
            found = self.children[name] = Draft(self.state.children[name], self.now, self.turn)
        return found

    def nest(self, key: StepKey, state: RunState) -> None:
        """A nested workflow begins: all its steps are news."""
        name = segment(key)
        self.begun[name] = state
        draft = self.children[name] = Draft(state, self.now, self.turn)
        draft.changed.update(state.steps)
        self.tell(name)

    def tell(self, name: str, *observations: Observation) -> None:
        """News for a nested workflow; none: it wants to be looked at."""
        self.news.setdefault(name, []).extend(observations)
        self.stirred.append(name)

    def named(self, name: str) -> Step:
        """The step of that name; a loop's own, not one of its items."""
        return self.step(StepKey(name))

    def planned(self, name: str) -> PlannedStep:
        return self.plan.step(name)

    def settled(self, step: Step) -> PlannedStep:
        """As this step or item has it, with the values that it began with."""
        return settled_step(self.plan, step)

    def progress(self, name: str) -> Progress:
        found = self._progress.get(name)
        return found if found is not None else self.state.progress.get(name, Progress())

    def expansion(self, name: str) -> Expansion | None:
        found = self.expansions.get(name)
        return found if found is not None else self.state.expansions.get(name)

    def item_keys(self, name: str) -> list[StepKey]:
        """The items of a loop that are listed, in order."""
        fresh = (key for key in self.changed if key.path == name and key.item and key not in self.state.steps)
        return [*self.state.items.get(name, ()), *fresh]

    def cursor(self, name: str) -> int:
        """How many items of a loop, from the first, have been looked at."""
        found = self.cursors.get(name)
        return found if found is not None else self.state.cursors.get(name, 0)

    def is_tainted(self, name: str) -> bool:
        return name in self.tainted or name in self.state.tainted

    def open(self, section: str) -> int:
        return self.state.open[section] - self._ended[section]

    def active(self) -> list[StepKey]:
        """Steps with an attempt that runs or is to be repeated, in the order in which they began."""
        return list(self.going())

    def going(self) -> Iterator[StepKey]:
        """The same one by one, for whoever need not see them all. Nothing may be written meanwhile."""
        for key in self.state.active:
            if not self.step(key).status.terminal:
                yield key
        yield from (key for key in self.stirring() if key not in self.state.active)

    def stirring(self) -> Iterator[StepKey]:
        """Those of them that this decision has changed."""
        for key, step in self.changed.items():
            if step.status.terminal or step.status is Status.PENDING:
                continue
            if key.item or self.planned(key.path).loop is None:
                yield key

    def update(self, **changes: Any) -> None:
        self.head = changed(self.head, **changes)

    def put(self, step: Step) -> None:
        """Write a step. Its end is final, frees its dependents and, if it is broken, taints them."""
        before = self.state_of(step.key)
        if before is not None and before.status.terminal:
            return
        self.changed[step.key] = step
        if step.key.item:
            name = step.key.path
            self._progress[name] = progressed(self.progress(name), before, step)
            if step.status.terminal:
                self.moved.append(name)
        elif step.status.terminal:
            self._settle(step)

    def _settle(self, step: Step) -> None:
        name = step.key.path
        self._ended[self.planned(name).section] += 1
        if self.planned(name).loop is not None:
            self._close_items(step)
        taints = broken(self.plan, step) or self.is_tainted(name)
        for dependent in self.state.dependents[name]:
            left = self._blocked.get(dependent, self.state.blocked[dependent]) - 1
            self._blocked[dependent] = left
            if taints:
                self.tainted.add(dependent)
            if left == 0:
                self.ready.append(dependent)

    def _close_items(self, loop: Step) -> None:
        """Items that a rerun has listed end with a loop that never looked at them."""
        stands = loop.status in (Status.SKIPPED, Status.CANCELLED)
        status, cause = (loop.status, loop.cause) if stands else (Status.SKIPPED, "needs-failed")
        for key in self.state.items.get(loop.key.path, ()):
            item = self.step(key)
            if item.status is Status.PENDING:
                self.changed[key] = changed(item, status=status, cause=cause, message=loop.message, ended_at=self.now)

    def end(self, key: StepKey, status: Status, cause: str | None = None, message: str | None = None) -> None:
        """End a step without a further attempt."""
        step = self.step(key)
        self.put(changed(step, status=status, cause=cause, message=message, retry_at=None, ended_at=self.now))

    def decision(self) -> Decision:
        prefix = self.state.prefix
        steps = [
            changed(step, key=StepKey(placed(prefix, step.key.path), step.key.item)) if prefix else step
            for step in self.changed.values()
        ]
        below = {name: child.decision() for name, child in self.children.items()}
        return Decision(
            head=self.head,
            head_changed=self.head is not self.state.head and self.head != self.state.head,
            steps=(*steps, *(step for one in below.values() for step in one.steps)),
            commands=(*self.commands, *(command for one in below.values() for command in one.commands)),
            wake_at=self.wake_at,
            tainted=frozenset(self.tainted),
            expansions=self.expansions,
            cursors=self.cursors,
            children=below,
            begun=self.begun,
        )
