"""A run in memory: its head, its steps, and what follows from them.

In: rows of the ledger or a new run. Out: `RunState`, which `decide` reads and the shell changes by `apply`, once the
decision is in the ledger. Derived facts (open dependencies, who has a failed ancestor, what is active, how far loops
are) are kept up to date step by step, so that deciding costs what changed and not the size of the plan.

A nested workflow has a state of its own below its step's (`children`). Inside, its steps have their own names; the
ledger, executors and users know them by `prefix` and name: `outer/inner`, `outer[item]/inner`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from windlass.runs.model import AttemptKey, Command, RunHead, Status, Step, StepKey
from windlass.runs.nesting import child_of, leads_to, local, placed, segment
from windlass.runs.settled import forgiven_item, settled_step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from windlass.clock import Millis
    from windlass.plan.model import Plan, PlannedStep
    from windlass.runs.expand import Expansion
    from windlass.runs.model import Attempt


@dataclass(frozen=True, slots=True)
class Progress:
    """A loop: `begun` items in order from the first; `open` of them have not ended; `broken`: one failed or errored."""

    begun: int = 0
    open: int = 0
    broken: bool = False


def broken(plan: Plan, step: Step) -> bool:
    """It failed or errored in a way that counts for its dependents and the run."""
    return step.status in (Status.FAILED, Status.ERRORED) and not settled_step(plan, step).continue_on_error


def turned_away(step: Step) -> bool:
    """It was cancelled by a concurrency group: refused, or replaced by a newer one."""
    return step.status is Status.CANCELLED and step.cause in ("skipped", "replaced")


def new_steps(plan: Plan) -> list[Step]:
    planned = {**plan.steps, **plan.finally_}
    return [Step(StepKey(name), looped=step.loop is not None) for name, step in planned.items()]


class RunState:
    """`blocked` counts unfinished dependencies, `tainted` has steps with a broken ancestor; both by name."""

    __slots__ = (
        "active", "blocked", "children", "cursors", "dependents", "expansions", "head", "items", "open", "outer",
        "plan", "prefix", "progress", "steps", "tainted", "unexamined", "wake_at",
    )  # fmt: skip

    def __init__(
        self,
        plan: Plan,
        head: RunHead,
        steps: Iterable[Step] | None = None,
        prefix: str = "",
        outer: StepKey | None = None,
    ) -> None:
        """`steps` are those of nested workflows too, by the names that the ledger knows; `outer` is the step above."""
        self.plan = plan
        self.head = head
        self.prefix = prefix
        self.outer = outer
        self.wake_at: Millis | None = None  # when it wants to be looked at again, as the last decision said
        inner: dict[str, list[Step]] = {}
        self.steps: dict[StepKey, Step] = {}
        for step in new_steps(plan) if steps is None else steps:
            key = step.key if steps is None else local(prefix, step.key)
            below = leads_to(key.path)
            if below:
                inner.setdefault(below, []).append(step)
            else:
                self.steps[key] = step if key is step.key else replace(step, key=key)
        names = [key.path for key in self.steps if not key.item]
        self.dependents: dict[str, list[str]] = {name: [] for name in names}
        self.blocked: dict[str, int] = dict.fromkeys(names, 0)
        self.open = {"steps": len(plan.steps), "finally": len(plan.finally_)}
        self.tainted: set[str] = set()
        self.active: dict[StepKey, None] = {}  # attempts that run or wait to be repeated
        self.progress: dict[str, Progress] = {}
        self.items: dict[str, list[StepKey]] = {}  # of each loop, in order
        self.cursors: dict[str, int] = {}  # of each loop, how many items have been looked at
        self.expansions: dict[str, Expansion] = {}
        self.unexamined = True  # a state from the ledger is looked at whole, once
        self._derive()
        self.children: dict[str, RunState] = {}  # by the segment that leads to them
        for step in self.steps.values():
            found = child_of(plan, head, step)
            if found is not None:
                name = segment(step.key)
                self.children[name] = RunState(*found, inner.get(name, []), placed(prefix, name), step.key)

    def every_step(self) -> Iterator[Step]:
        """Those of nested workflows too, by the names that the ledger knows."""
        for step in self.steps.values():
            yield replace(step, key=StepKey(placed(self.prefix, step.key.path), step.key.item)) if self.prefix else step
        for child in self.children.values():
            yield from child.every_step()

    def open_attempts(self) -> Iterator[tuple[AttemptKey, Attempt, PlannedStep, RunHead]]:
        """What runs, as far as is known, and the head (of the run or a nested one) that it belongs to."""
        for key in self.active:
            attempt = self.steps[key].attempt
            if attempt is not None and attempt.ended_at is None:
                name = AttemptKey(self.head.id, placed(self.prefix, key.path), key.item, attempt.number)
                yield name, attempt, settled_step(self.plan, self.steps[key]), self.head
        for child in self.children.values():
            if not child.head.status.terminal:
                yield from child.open_attempts()

    def planned_at(self, path: str) -> PlannedStep:
        """The planned step of that name, as the ledger knows it."""
        below = leads_to(path)
        return self.children[below].planned_at(path[len(below) + 1 :]) if below else self.plan.step(path)

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
        for given in decision.steps:
            key = local(self.prefix, given.key)
            if leads_to(key.path):
                continue  # of a child, which takes it over below
            step = given if key is given.key else replace(given, key=key)
            before = self.steps.get(key)
            self.steps[key] = step
            self._count(before, step)
        self.tainted |= decision.tainted
        self.expansions.update(decision.expansions)
        self.cursors.update(decision.cursors)
        self.wake_at = decision.wake_at
        self.unexamined = False
        self.children.update(decision.begun)
        for name, inner in decision.children.items():
            self.children[name].apply(inner)


@dataclass(frozen=True, slots=True)
class Decision:
    """What to record, what to do afterwards, and when to decide again at the latest (None: only when told)."""

    head: RunHead
    head_changed: bool
    steps: tuple[Step, ...] = ()
    commands: tuple[Command, ...] = ()
    wake_at: Millis | None = None
    tainted: frozenset[str] = field(default_factory=frozenset)
    expansions: Mapping[str, Expansion] = field(default_factory=dict)
    cursors: Mapping[str, int] = field(default_factory=dict)
    children: Mapping[str, Decision] = field(default_factory=dict)  # of nested workflows; their steps are in `steps`
    begun: Mapping[str, RunState] = field(default_factory=dict)  # nested workflows that are new

    @property
    def empty(self) -> bool:
        return not (self.head_changed or self.steps or self.commands)


def progressed(progress: Progress, before: Step | None, step: Step) -> Progress:
    """A loop's progress after one of its items changed; an item that ended without beginning counts as begun, one that
    a rerun has listed and not looked at does not."""
    had_begun = before is not None and before.status is not Status.PENDING
    began = not had_begun and step.status is not Status.PENDING
    ended = step.status.terminal
    was_open = had_begun and before is not None and not before.status.terminal
    return Progress(
        begun=progress.begun + began,
        open=progress.open + (began and not ended) - (was_open and ended),
        broken=progress.broken or (step.status in (Status.FAILED, Status.ERRORED) and not forgiven_item(step)),
    )
