"""Any plan, any order of observations: it ends, order holds, cancel wins, terminal is final, arguments stay."""

from __future__ import annotations

import random
from copy import deepcopy

from hypothesis import given, settings
from hypothesis import strategies as st

from windlass.plan.loop import Loop
from windlass.plan.model import Retry
from windlass.runs.decide import decide
from windlass.runs.model import CancelRequested, Ended, Started, Status
from windlass.runs.state import RunState

LOOPS = [None, None, None, Loop("forEach", source=3, max_parallel=2), Loop("forEach", source=2, fail_fast=False)]
CONDITIONS = [
    (None, False),
    (None, False),
    (False, False),
    ("${{ success() }}", False),
    ("${{ failure() }}", True),
    ("${{ always() }}", True),
    ("${{ cancelled() }}", True),
    ("${{ event.body.nothing == 1 }}", False),
]


@st.composite
def step_lists(draw, make_step):
    """Up to nine steps; each may need any before it, so that the graph has no cycle."""
    steps = []
    for section, most in (("steps", 6), ("finally", 3)):
        names: list[str] = []
        for index in range(draw(st.integers(1 if section == "steps" else 0, most))):
            condition, tolerant = draw(st.sampled_from(CONDITIONS))
            needs = [n for n in names if draw(st.booleans())]
            name = f"{section[0]}{index}"
            reads = tuple(n for n in needs if draw(st.integers(0, 4)) == 0)
            attempts = draw(st.integers(1, 3))
            steps.append(
                make_step(
                    name,
                    *needs,
                    section=section,
                    reads=reads,
                    condition=condition,
                    tolerant=tolerant,
                    retry=Retry(attempts=attempts, delay=draw(st.sampled_from([0, 1000]))),
                    timeout=draw(st.sampled_from([None, 3000])),
                    continue_on_error=draw(st.booleans()),
                    loop=draw(st.sampled_from(LOOPS)),
                    idempotent=draw(st.booleans()),
                )
            )
            names.append(name)
    return steps


@settings(max_examples=300, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**32), timeout=st.sampled_from([None, None, 8000]))
def test_any_plan_ends_in_any_order_of_events(data, seed, timeout, world_class, make_plan, make_step):
    chance = random.Random(seed)
    world = world_class(make_plan(*data.draw(step_lists(make_step)), timeout=timeout))
    world.tell()
    cancelled_at: int | None = None
    history = []
    for turn in range(400):
        if world.ended():
            break
        launched_before = len(world.launched)
        event = chance.random()
        if event < 0.03 and turn > 2:
            world.cancel(kill=chance.random() < 0.3)
            cancelled_at = cancelled_at or len(world.launched)
        elif world.running and event < 0.85:
            key = chance.choice(list(world.running))
            if event < 0.3:
                world.tell(Started(key, world.now, {"pid": 1}))
            else:
                code, cause = chance.choice([(0, None), (0, None), (1, None), (None, "lost"), (None, "image-pull")])
                del world.running[key]
                ended = Ended(key, world.now, code, cause=cause)
                history.append(ended)
                world.tell(*[ended] * chance.choice([1, 2]), *chance.sample(history, 1))
        else:
            world.later(chance.choice([0, 500, 5000]))
        _check_order(world, launched_before)
        if cancelled_at is not None:
            started = world.launched[cancelled_at:]
            assert all(world.plan.step(k.path).section == "finally" for k in started), "started after a cancel"
    for _ in range(200):  # the world calms down: everything that runs ends, and time passes
        if world.ended():
            break
        for key in list(world.running):
            del world.running[key]
            world.tell(Ended(key, world.now, 0))
        world.later(1000)
    assert world.ended(), world.statuses()
    assert all(s.status.terminal for s in world.state.steps.values())
    _check_end(world, cancelled_at is not None)
    before = deepcopy((world.head, world.state.steps))
    world.later(10**9).tell(CancelRequested(world.now), *history)
    assert (world.head, world.state.steps) == before


def _check_order(world, since):
    for key in world.launched[since:]:
        planned = world.plan.step(key.path)
        for need in planned.needs:
            assert world.step(need).status.terminal, f"{key.path} started before {need} ended (R5)"
        if planned.section == "finally":
            assert all(world.step(n).status.terminal for n in world.plan.steps)


def _check_end(world, cancelled):
    head = world.head
    if cancelled and head.cancel_cause == "cancelled-by-user":
        assert head.status is Status.CANCELLED
        return
    counted = [s for k, s in world.state.steps.items() if not world.plan.step(k.path).continue_on_error]
    bad = {s.status for s in counted} & {Status.FAILED, Status.ERRORED}
    if head.status is Status.SUCCEEDED:
        assert not bad
    else:
        assert bad or head.cause == "deadline"
    assert (head.cause is None) == (head.status is Status.SUCCEEDED)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_deciding_is_pure_and_the_same_after_a_restart(data, seed, world_class, make_plan, make_step):
    """Twice the same decision, the state untouched; a state rebuilt from its rows decides alike."""
    chance = random.Random(seed)
    world = world_class(make_plan(*data.draw(step_lists(make_step))))
    world.tell()
    for _ in range(chance.randrange(12)):
        if not world.running:
            break
        key = chance.choice(list(world.running))
        event = Ended(key, world.now, chance.choice([0, 1]))
        before = deepcopy((world.state.head, world.state.steps, world.state.blocked, world.state.tainted))
        first, second = (decide(world.state, [event], world.now) for _ in range(2))
        assert first == second
        assert (world.state.head, world.state.steps, world.state.blocked, world.state.tainted) == before
        rebuilt = RunState(world.plan, world.state.head, world.state.steps.values())
        again = decide(rebuilt, [event], world.now)
        assert (again.head, again.steps, again.commands, again.wake_at) == (
            first.head,
            first.steps,
            first.commands,
            first.wake_at,
        )
        del world.running[key]
        world.tell(event)
