"""A run in memory: its head, its steps, and what follows from them.

In: rows of the ledger or a new run. Out: `RunState`, which `decide` reads and the shell changes by `apply`, once the
decision is in the ledger. Derived facts (open dependencies, who has a failed ancestor, what is active) are kept up
to date step by step, so that deciding costs what changed and not the size of the plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.runs.model import RunHead, Status, Step, StepKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from windlass.plan.model import Plan
    from windlass.runs.draft import Decision


def broken(plan: Plan, step: Step) -> bool:
    """It failed or errored in a way that counts for its dependents and the run."""
    return step.status in (Status.FAILED, Status.ERRORED) and not plan.step(step.key.path).continue_on_error


def new_steps(plan: Plan) -> list[Step]:
    return [Step(StepKey(name)) for name in (*plan.steps, *plan.finally_)]


class RunState:
    """`steps` by name. `blocked` counts unfinished dependencies, `tainted` has steps with a broken ancestor."""

    __slots__ = ("active", "blocked", "dependents", "head", "open", "plan", "steps", "tainted", "unexamined")

    def __init__(self, plan: Plan, head: RunHead, steps: Iterable[Step] | None = None) -> None:
        self.plan = plan
        self.head = head
        self.steps: dict[str, Step] = {s.key.path: s for s in (new_steps(plan) if steps is None else steps)}
        self.dependents: dict[str, list[str]] = {name: [] for name in self.steps}
        self.blocked: dict[str, int] = dict.fromkeys(self.steps, 0)
        self.open = {"steps": len(plan.steps), "finally": len(plan.finally_)}
        self.tainted: set[str] = set()
        self.active: dict[str, None] = {}
        self.unexamined = True  # a state from the ledger is looked at whole, once
        self._derive()

    def _derive(self) -> None:
        for section in (self.plan.steps, self.plan.finally_):
            for name, planned in section.items():
                for need in planned.needs:
                    self.dependents[need].append(name)
                    self.blocked[name] += 1
        done = [step for step in self.steps.values() if step.status.terminal]
        for step in self.steps.values():
            if not step.status.terminal and step.status is not Status.PENDING:
                self.active[step.key.path] = None
        # Ends are replayed in an order that respects the graph: taint only ever flows to dependents.
        for step in sorted(done, key=lambda s: s.ended_at or 0):
            self._settle(step.key.path)
        self._spread_taint()

    def _settle(self, name: str) -> None:
        self.open[self.plan.step(name).section] -= 1
        for dependent in self.dependents[name]:
            self.blocked[dependent] -= 1

    def _spread_taint(self) -> None:
        queue = [n for n, step in self.steps.items() if broken(self.plan, step)]
        while queue:
            for dependent in self.dependents[queue.pop()]:
                if dependent not in self.tainted:
                    self.tainted.add(dependent)
                    queue.append(dependent)

    def apply(self, decision: Decision) -> None:
        """Take over a decision, after it was recorded."""
        self.head = decision.head
        for step in decision.steps:
            name = step.key.path
            self.steps[name] = step
            if step.status.terminal:
                self.active.pop(name, None)
                self._settle(name)
            elif step.status is not Status.PENDING:
                self.active[name] = None
        self.tainted |= decision.tainted
        self.unexamined = False

    def by_key(self) -> Mapping[StepKey, Step]:
        return {step.key: step for step in self.steps.values()}
