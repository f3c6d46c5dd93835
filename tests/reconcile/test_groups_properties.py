"""Any order of arrivals, ends, cancels, kills: never too many in a group, nobody passed, nobody waits for nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from windlass.clock import VirtualClock
from windlass.executors.held import HeldExecutor, HeldWorld
from windlass.plan.loop import Loop
from windlass.plan.model import Plan, PlannedConcurrency, PlannedStep
from windlass.reconcile.engine import Engine
from windlass.runs.model import TERMINAL, CancelRequested, RunHead, Status
from windlass.runs.state import RunState

LIMITS = {"one": 1, "two": 2}
RULES = ("queue", "queue", "queue", "skip", "cancelRunning", "cancelPending")


class Ledger:
    """What has been committed; a unit of work is its own transaction."""

    def __init__(self):
        self.heads, self.plans, self.steps = {}, {}, {}

    def write(self, work):
        return work(self)

    def save_steps(self, run, steps):
        for step in steps:
            assert self.steps[run].get(step.key, step).status not in TERMINAL or self.steps[run][step.key] == step
            self.steps[run][step.key] = step

    def save_run(self, head):
        assert not self.heads[head.id].status.terminal
        self.heads[head.id] = head

    def add_event(self, *_event):
        pass

    def open(self):
        runs = sorted(run for run, head in self.heads.items() if not head.status.terminal)
        return [RunState(self.plans[run], self.heads[run], self.steps[run].values()) for run in runs]


class Play:
    def __init__(self):
        self.ledger, self.world, self.clock = Ledger(), HeldWorld(), VirtualClock()
        self.live()

    def live(self):
        """A new life of the controller; whatever the one before had in its inbox is gone."""
        executors = {}
        self.engine = Engine(self.ledger, executors, self.clock)
        self.held = executors["local"] = HeldExecutor(
            self.engine.observe, world=self.world, clock=self.clock, obedient=False
        )
        self.engine.adopt(self.ledger.open())

    def begin(self, group, rule, kind):
        self.clock.advance(1)
        lock = PlannedConcurrency(group, LIMITS[group], rule)
        other = PlannedConcurrency(
            "one" if group == "two" else "two", LIMITS["one" if group == "two" else "two"], "queue"
        )
        step = PlannedStep("it", "steps", script="true", argv=("sh",), concurrency=lock if kind != "run" else None)
        if kind == "items":
            step = replace(step, loop=Loop("forEach", source=3, fail_fast=False))
        tidy = PlannedStep("tidy", "finally", script="true", argv=("sh",))
        plan = Plan(
            "shop", "it", None, {}, {}, {"it": step}, {"tidy": tidy},
            overlap=lock if kind == "tick" else None,
            concurrency={"run": lock, "tick": other}.get(kind),
        )  # fmt: skip
        if kind == "tick":
            plan = replace(
                plan, overlap=replace(lock, group=f"tick-{group}"), steps={"it": replace(step, concurrency=None)}
            )
        run = f"{len(self.ledger.heads):04}"
        state = RunState(plan, RunHead(run, "shop", "it", None, created_at=self.clock.now()))
        self.ledger.heads[run], self.ledger.plans[run] = state.head, plan
        self.ledger.steps[run] = dict(state.steps)
        self.engine.add(state)

    def finish(self, index, code):
        running = self.held.running()
        if running:
            self.held.finish(running[index % len(running)], exit_code=code)

    def cancel(self, index):
        runs = [run for run, head in self.ledger.heads.items() if not head.status.terminal]
        if runs:
            self.engine.cancel(runs[index % len(runs)], CancelRequested(self.clock.now()))

    def turns(self, count):
        for _ in range(count):
            self.engine.turn()
            self.never_too_many()

    # ---- what must be true

    def holders(self):
        """Of each group, by what is in the ledger alone."""
        found = Counter()
        for run, head in self.ledger.heads.items():
            if head.status.terminal:
                continue
            plan = self.ledger.plans[run]
            if head.started_at is not None:
                found.update({group.group for group in (plan.overlap, plan.concurrency) if group is not None})
            for step in self.ledger.steps[run].values():
                if "lock" in step.detail and step.detail["lock"]["heldAt"] is not None and not step.status.terminal:
                    found.update(group["group"] for group in step.detail["lock"]["groups"])
        return found

    def never_too_many(self):
        for group, count in self.holders().items():
            assert count <= LIMITS[group.removeprefix("tick-")], (group, count)

    def nobody_waits_for_nothing(self):
        for one in self.engine.groups.view():
            assert one["waitingCount"] == 0 or one["holderCount"] >= one["limit"], one
            order = [(member["run"]) for member in one["waiting"]]
            if all(self.ledger.heads[run].started_at is None for run in order):
                assert order == sorted(order)

    def nobody_is_passed(self):
        """Among runs of one group, whoever waits came after everybody who has begun."""
        for group in LIMITS:
            of = [
                head
                for run, head in sorted(self.ledger.heads.items())
                if (wanted := self.ledger.plans[run].concurrency) and wanted.group == group
                and self.ledger.plans[run].overlap is None and not head.status.terminal
            ]  # fmt: skip
            begun = [head.id for head in of if head.started_at is not None]
            waiting = [head.id for head in of if head.started_at is None]
            assert not begun or not waiting or max(begun) < min(waiting), (begun, waiting)


GROUPS, KINDS = st.sampled_from(sorted(LIMITS)), st.sampled_from(["run", "run", "step", "items", "tick"])
BEGIN = st.tuples(st.just("begin"), GROUPS, st.sampled_from(RULES), KINDS)
FINISH = st.tuples(st.just("finish"), st.integers(0, 9), st.sampled_from([0, 0, 1]))
CANCEL = st.tuples(st.just("cancel"), st.integers(0, 9))
KILL = st.tuples(st.just("live"))
EVENTS = st.lists(st.tuples(st.one_of(BEGIN, BEGIN, FINISH, FINISH, CANCEL, KILL), st.integers(0, 4)), max_size=40)


@settings(max_examples=150, deadline=None)
@given(EVENTS)
def test_any_order_of_events(events):
    play = Play()
    for (what, *how), turns in events:
        getattr(play, what)(*how)
        play.turns(turns)
    for _ in range(400):
        play.turns(8)
        play.nobody_waits_for_nothing()
        play.nobody_is_passed()
        if not play.held.running():
            break
        play.finish(0, 0)
    assert [head.id for head in play.ledger.heads.values() if not head.status.terminal] == []
    assert play.engine.groups.view() == []
    assert not play.engine.groups._groups  # nothing is kept of groups that nobody is in
    assert not play.engine.groups._of_run
    assert not play.engine.groups._ticked
    assert len(play.world.started) == len(set(play.world.started))
    for run, head in play.ledger.heads.items():
        begun = {key.run for key in play.world.started}
        assert head.started_at is not None or run not in begun
        assert head.status is not Status.SUCCEEDED or head.started_at is not None
