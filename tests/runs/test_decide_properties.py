"""Any plan, any order of observations: it ends, order holds, cancel wins, terminal is final, arguments stay."""

from __future__ import annotations

import random
from copy import deepcopy

from hypothesis import given, settings
from hypothesis import strategies as st

from windlass.plan.loop import Loop
from windlass.plan.model import Nested, Retry
from windlass.plan.uses import Used
from windlass.runs.decide import decide
from windlass.runs.model import CancelRequested, Ended, Started, Status
from windlass.runs.state import RunState

LOOPS = [None, None, None, Loop("forEach", source=3, max_parallel=2), Loop("forEach", source=2, fail_fast=False)]
HEAD = {"apiVersion": "windlass.dev/v1", "kind": "Workflow", "metadata": {"name": "below"}}
INNER = {
    **HEAD,
    "steps": {"a": {"run": "x", "retry": {"attempts": 2, "delay": "1s"}}, "b": {"run": "x", "needs": ["a"]}},
    "finally": {"c": {"run": "x"}},
}
MIDDLE = {**HEAD, "timeout": "6s", "steps": [{"run": "x"}, {"uses": "./inner.yaml", "forEach": 2}]}
USES = {"./inner.yaml": Used("Workflow", INNER, "inner.yaml"), "./middle.yaml": Used("Workflow", MIDDLE, "middle.yaml")}
NESTED = [None, None, None, Nested("./inner.yaml"), Nested("./middle.yaml")]
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
                    nested=draw(st.sampled_from(NESTED)),
                )
            )
            names.append(name)
    return steps


@settings(max_examples=300, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**32), timeout=st.sampled_from([None, None, 8000]))
def test_any_plan_ends_in_any_order_of_events(data, seed, timeout, world_class, make_plan, make_step):
    chance = random.Random(seed)
    world = world_class(make_plan(*data.draw(step_lists(make_step)), timeout=timeout, uses=USES))
    world.tell()
    cancelled_at: int | None = None
    history = []
    for turn in range(400):
        if world.ended():
            break
        launched_before = len(world.launched)
        if chance.random() < 0.05:  # a restart: the state as the ledger has it
            world.state = RunState(world.plan, world.head, list(world.state.every_step()))
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
            assert all(_cleans_up(world, k.path) for k in started), "started after a cancel"
    for _ in range(200):  # the world calms down: everything that runs ends, and time passes
        if world.ended():
            break
        for key in list(world.running):
            del world.running[key]
            world.tell(Ended(key, world.now, 0))
        world.later(1000)
    assert world.ended(), world.statuses()
    assert all(s.status.terminal for s in world.state.every_step())
    _check_end(world, cancelled_at is not None)
    before = deepcopy((world.head, list(world.state.every_step())))
    world.later(10**9).tell(CancelRequested(world.now), *history)
    assert (world.head, list(world.state.every_step())) == before


def _cleans_up(world, path):
    """It, or what it is nested in, belongs to `finally`."""
    parts = path.split("/")
    paths = ["/".join([*parts[:n], part.partition("[")[0]]) for n, part in enumerate(parts)]
    return any(world.state.planned_at(found).section == "finally" for found in paths)


def _check_order(world, since):
    for key in world.launched[since:]:
        planned = world.plan.step(key.path.partition("/")[0].partition("[")[0])
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
    world = world_class(make_plan(*data.draw(step_lists(make_step)), uses=USES))
    world.tell()
    for _ in range(chance.randrange(12)):
        if not world.running:
            break
        key = chance.choice(list(world.running))
        event = Ended(key, world.now, chance.choice([0, 1]))
        before = deepcopy(_everything(world.state))
        first, second = (decide(world.state, [event], world.now) for _ in range(2))
        assert _news(first) == _news(second)
        assert _everything(world.state) == before
        rebuilt = RunState(world.plan, world.state.head, list(world.state.every_step()))
        again = decide(rebuilt, [event], world.now)
        assert _news(again) == _news(first)
        del world.running[key]
        world.tell(event)


def _everything(state):
    return state.head, list(state.every_step()), state.blocked, state.tainted


def _news(decision):
    """What a decision says; siblings below may come in any order."""
    return (
        decision.head,
        sorted(decision.steps, key=lambda s: s.key),
        set(map(repr, decision.commands)),
        decision.wake_at,
    )
