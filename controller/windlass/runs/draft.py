"""A decision while it is being made: the state with changes laid over it.

In: a RunState, which stays as it is. Out: the `Decision`: the new head, the changed steps, the commands to carry out
once both are in the ledger, and when to look again if nothing happens. Only `decide` and its parts use a Draft.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from windlass.runs.model import Command, RunHead, Status, Step
from windlass.runs.state import broken

if TYPE_CHECKING:
    from windlass.clock import Millis
    from windlass.plan.model import Plan, PlannedStep
    from windlass.runs.state import RunState


@dataclass(frozen=True, slots=True)
class Decision:
    """What to record, what to do afterwards, and when to decide again at the latest (None: only when told)."""

    head: RunHead
    head_changed: bool
    steps: tuple[Step, ...] = ()
    commands: tuple[Command, ...] = ()
    wake_at: Millis | None = None
    tainted: frozenset[str] = field(default_factory=frozenset)

    @property
    def empty(self) -> bool:
        return not (self.head_changed or self.steps or self.commands)


class Draft:
    """Reads fall through to the state; writes stay here. `ready` holds steps whose dependencies have all ended."""

    def __init__(self, state: RunState, now: Millis) -> None:
        self.state = state
        self.plan: Plan = state.plan
        self.now = now
        self.head = state.head
        self.changed: dict[str, Step] = {}
        self.commands: list[Command] = []
        self.ready: deque[str] = deque()
        self.tainted: set[str] = set()
        self._blocked: dict[str, int] = {}
        self._ended = {"steps": 0, "finally": 0}

    def step(self, name: str) -> Step:
        found = self.changed.get(name)
        return found if found is not None else self.state.steps[name]

    def planned(self, name: str) -> PlannedStep:
        return self.plan.step(name)

    def is_tainted(self, name: str) -> bool:
        return name in self.tainted or name in self.state.tainted

    def open(self, section: str) -> int:
        return self.state.open[section] - self._ended[section]

    def active(self) -> list[str]:
        """Steps that have begun and not ended, in the order in which they began."""
        names = [n for n in self.state.active if not self.step(n).status.terminal]
        seen = set(names)
        names += [
            n
            for n, s in self.changed.items()
            if n not in seen and not s.status.terminal and s.status is not Status.PENDING
        ]
        return names

    def update(self, **changes: Any) -> None:
        self.head = replace(self.head, **changes)

    def put(self, step: Step) -> None:
        """Write a step. Its end is final, frees its dependents and, if it is broken, taints them."""
        name = step.key.path
        before = self.step(name)
        if before.status.terminal:
            return
        self.changed[name] = step
        if not step.status.terminal:
            return
        self._ended[self.planned(name).section] += 1
        taints = broken(self.plan, step) or self.is_tainted(name)
        for dependent in self.state.dependents[name]:
            left = self._blocked.get(dependent, self.state.blocked[dependent]) - 1
            self._blocked[dependent] = left
            if taints:
                self.tainted.add(dependent)
            if left == 0:
                self.ready.append(dependent)

    def end(self, name: str, status: Status, cause: str | None = None, message: str | None = None) -> None:
        """End a step without a further attempt."""
        step = self.step(name)
        self.put(replace(step, status=status, cause=cause, message=message, retry_at=None, ended_at=self.now))

    def decision(self, wake_at: Millis | None) -> Decision:
        return Decision(
            head=self.head,
            head_changed=self.head is not self.state.head and self.head != self.state.head,
            steps=tuple(self.changed.values()),
            commands=tuple(self.commands),
            wake_at=wake_at,
            tainted=frozenset(self.tainted),
        )
