"""A run in memory: its head, its steps, and what follows from them.

In: rows of the ledger or a new run. Out: `RunState`, which `decide` reads and the shell changes by `apply`, once the
decision is in the ledger. Derived facts (open dependencies, who has a failed ancestor, what is active, how far loops
are) are kept up to date step by step, so that deciding costs what changed and not the size of the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from windlass.runs.model import RunHead, Status, Step, StepKey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from windlass.plan.model import Plan
    from windlass.runs.draft import Decision
    from windlass.runs.expand import Expansion


@dataclass(frozen=True, slots=True)
class Progress:
    """A loop: `begun` items in order from the first; `open` of them have not ended; `broken`: one failed or errored."""

    begun: int = 0
    open: int = 0
    broken: bool = False


def broken(plan: Plan, step: Step) -> bool:
    """It failed or errored in a way that counts for its dependents and the run."""
    return step.status in (Status.FAILED, Status.ERRORED) and not plan.step(step.key.path).continue_on_error


def new_steps(plan: Plan) -> list[Step]:
    planned = {**plan.steps, **plan.finally_}
    return [Step(StepKey(name), looped=step.loop is not None) for name, step in planned.items()]


class RunState:
    """`blocked` counts unfinished dependencies, `tainted` has steps with a broken ancestor; both by name."""

    __slots__ = (
        "active", "blocked", "dependents", "expansions", "head", "items", "open", "plan", "progress", "steps",
        "tainted", "unexamined",
    )  # fmt: skip

    def __init__(self, plan: Plan, head: RunHead, steps: Iterable[Step] | None = None) -> None:
        self.plan = plan
        self.head = head
        self.steps: dict[StepKey, Step] = {s.key: s for s in (new_steps(plan) if steps is None else steps)}
        names = [key.path for key in self.steps if not key.item]
        self.dependents: dict[str, list[str]] = {name: [] for name in names}
        self.blocked: dict[str, int] = dict.fromkeys(names, 0)
        self.open = {"steps": len(plan.steps), "finally": len(plan.finally_)}
        self.tainted: set[str] = set()
        self.active: dict[StepKey, None] = {}  # attempts that run or wait to be repeated
        self.progress: dict[str, Progress] = {}
        self.items: dict[str, list[StepKey]] = {}  # of each loop, in the order in which they began
        self.expansions: dict[str, Expansion] = {}
        self.unexamined = True  # a state from the ledger is looked at whole, once
        self._derive()

    def _derive(self) -> None:
        for section in (self.plan.steps, self.plan.finally_):
            for name, planned in section.items():
                for need in planned.needs:
                    self.dependents[need].append(name)
                    self.blocked[name] += 1
        for step in self.steps.values():
            self._count(None, step)
        self._spread_taint()

    def _spread_taint(self) -> None:
        queue = [k.path for k, step in self.steps.items() if not k.item and broken(self.plan, step)]
        while queue:
            for dependent in self.dependents[queue.pop()]:
                if dependent not in self.tainted:
                    self.tainted.add(dependent)
                    queue.append(dependent)

    def _count(self, before: Step | None, step: Step) -> None:
        """Take a step's change into the derived facts."""
        key = step.key
        planned = self.plan.step(key.path)
        if key.item:
            self.progress[key.path] = progressed(self.progress.get(key.path, Progress()), before, step)
            if before is None:
                self.items.setdefault(key.path, []).append(key)
        elif step.status.terminal:
            self.open[planned.section] -= 1
            for dependent in self.dependents[key.path]:
                self.blocked[dependent] -= 1
        if step.status.terminal or step.status is Status.PENDING or (planned.loop is not None and not key.item):
            self.active.pop(key, None)
        else:
            self.active[key] = None

    def apply(self, decision: Decision) -> None:
        """Take over a decision, after it was recorded."""
        self.head = decision.head
        for step in decision.steps:
            before = self.steps.get(step.key)
            self.steps[step.key] = step
            self._count(before, step)
        self.tainted |= decision.tainted
        self.expansions.update(decision.expansions)
        self.unexamined = False


def progressed(progress: Progress, before: Step | None, step: Step) -> Progress:
    """A loop's progress after one of its items changed; an item that ended without beginning counts as begun."""
    began = before is None
    ended = step.status.terminal
    was_open = before is not None and not before.status.terminal
    return Progress(
        begun=progress.begun + began,
        open=progress.open + (began and not ended) - (was_open and ended),
        broken=progress.broken or step.status in (Status.FAILED, Status.ERRORED),
    )
