"""What a rerun keeps: nothing downstream of what runs again, in the order of the old run, and it ends like any run."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windlass.errors import ConflictError, InputError
from windlass.plan.loop import Loop
from windlass.runs.model import RunHead, Status, StepKey
from windlass.runs.rerun import all_steps, kept_steps, mark_origin, origin
from windlass.runs.state import RunState


def names(steps):
    return [step.key.path for step in steps if not step.key.item]


def ended(world, *failing):
    """Let everything run; these steps fail."""
    while world.running:
        name = next(iter(world.running)).path
        world.end(name, 1 if name in failing else 0)
    assert world.ended()
    return world


def test_all_keeps_nothing(world, step):
    done = ended(world(step("a"), step("b", "a")))
    assert kept_steps(done.plan, done.state.steps.values(), "all") == []


def test_failed_keeps_what_succeeded_and_runs_the_rest_again(world, step):
    done = ended(world(step("a"), step("b", "a"), step("c", "b"), step("d", "a")), "b")
    assert done.statuses() == {"a": "succeeded", "b": "failed", "c": "skipped", "d": "succeeded"}
    kept = kept_steps(done.plan, done.state.steps.values(), "failed")
    assert names(kept) == ["a", "d"]
    assert kept[0] == done.step("a")


def test_a_step_that_succeeded_behind_a_forgiven_failure_runs_again_with_it(world, step):
    done = ended(world(step("a", continue_on_error=True), step("b", "a"), step("c")), "a")
    assert names(kept_steps(done.plan, done.state.steps.values(), "failed")) == ["c"]


def test_what_its_own_if_skipped_stays_skipped(world, step):
    done = ended(world(step("a", condition=False), step("b", "a"), step("c")), "c")
    assert names(kept_steps(done.plan, done.state.steps.values(), "failed")) == ["a", "b"]


def test_from_runs_the_step_and_what_follows_it(world, step):
    done = ended(world(step("a"), step("b", "a"), step("c", "b"), step("d", "a")))
    assert names(kept_steps(done.plan, done.state.steps.values(), "from", "b")) == ["a", "d"]


def test_finally_always_runs_again(world, step):
    done = ended(world(step("a"), step("tell", section="finally")), "tell")
    assert names(kept_steps(done.plan, done.state.steps.values(), "failed")) == ["a"]
    assert names(kept_steps(done.plan, done.state.steps.values(), "from", "tell")) == ["a"]


def test_from_refuses_to_keep_a_step_that_failed(world, step):
    done = ended(world(step("a"), step("b")), "b")
    with pytest.raises(ConflictError, match="step b failed"):
        kept_steps(done.plan, done.state.steps.values(), "from", "a")


@pytest.mark.parametrize(
    ("mode", "start", "message"),
    [("from", None, "required"), ("from", "z", "no step z"), ("all", "a", "mode all"), ("failed", "a", "mode failed")],
)
def test_a_wrong_step_is_told_at_its_place(world, step, mode, start, message):
    done = ended(world(step("a")))
    with pytest.raises(InputError, match=message) as caught:
        kept_steps(done.plan, done.state.steps.values(), mode, start)
    assert [problem.pointer for problem in caught.value.problems] == ["/step"]


def test_the_items_of_a_loop_stay_with_it(world, step):
    done = ended(world(step("a", loop=Loop("forEach", source=2)), step("b", "a")), "b")
    kept = kept_steps(done.plan, done.state.steps.values(), "failed")
    assert [s.key for s in kept] == [StepKey("a"), StepKey("a", "0"), StepKey("a", "1")]


def test_a_step_that_was_changed_runs_again_under_the_latest_definition(world, step, make_plan):
    done = ended(world(step("a"), step("b"), step("c", "b")), "c")
    latest = make_plan(step("a"), step("b", image="debian:13"), step("c", "b"), step("new"))
    kept = kept_steps(latest, done.state.steps.values(), "failed", before=done.plan)
    assert names(kept) == ["a"]


def test_attempts_name_the_run_that_made_them_through_any_number_of_reruns(world, step):
    done = ended(world(step("a")))
    once = mark_origin(done.state.steps.values(), "01OLD")
    twice = mark_origin(once, "01MID")
    assert [origin("01NEW", a) for s in twice for a in s.attempts] == ["01OLD"]
    assert origin("01RUN", done.step("a").attempts[0]) == "01RUN"


@st.composite
def graphs(draw, make_step):
    steps, known = [], []
    for index in range(draw(st.integers(1, 9))):
        needs = draw(st.lists(st.sampled_from(known), unique=True, max_size=3)) if known else []
        loop = draw(st.sampled_from([None, None, None, Loop("forEach", source=2)]))
        tolerant = draw(st.integers(0, 4)) == 0
        condition = draw(st.sampled_from([None, None, None, False]))
        forgiven = draw(st.integers(0, 4)) == 0
        steps.append(
            make_step(
                f"s{index}",
                *needs,
                loop=loop,
                condition="${{ always() }}" if tolerant else condition,
                tolerant=tolerant,
                continue_on_error=forgiven,
            )
        )
        known.append(f"s{index}")
    return [*steps, make_step("tell", section="finally")]


@settings(max_examples=150, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**32), cancel=st.booleans())
def test_a_rerun_keeps_nothing_behind_what_runs_again_and_ends(data, seed, cancel, world_class, make_plan, make_step):
    chance = random.Random(seed)
    plan = make_plan(*data.draw(graphs(make_step)))
    old = world_class(plan).tell()
    while old.running:
        old.end(chance.choice(list(old.running)).path, chance.choice([0, 0, 0, 1]))
        if cancel and chance.random() < 0.2:
            old.cancel()
    assert old.ended()
    mode = data.draw(st.sampled_from(["failed", "from"]))
    start = data.draw(st.sampled_from([*plan.steps])) if mode == "from" else None
    try:
        kept = kept_steps(plan, old.state.steps.values(), mode, start)
    except ConflictError:
        return
    kept_names = set(names(kept))
    assert start not in kept_names
    for name in kept_names:
        assert set(plan.steps[name].needs) <= kept_names, "a kept step waits for one that runs again"
        assert plan.steps[name].section == "steps"
        assert old.step(name).status in (Status.SUCCEEDED, Status.SKIPPED) or plan.steps[name].continue_on_error
    order = [step.key for step in old.state.steps.values()]
    assert [order.index(step.key) for step in kept] == sorted(order.index(step.key) for step in kept)

    new = world_class(plan)
    new.state = RunState(plan, RunHead("01NEW", "shop", "deploy", None), all_steps(plan, mark_origin(kept, "01RUN")))
    new.tell()
    while new.running:
        new.end(next(iter(new.running)).path)
    assert new.head.status is Status.SUCCEEDED
    assert not {key.path for key in new.launched} & kept_names, "what is kept is not executed"
    for step in kept:
        assert new.state.steps[step.key].status is old.state.steps[step.key].status
    assert new.statuses().keys() == {*plan.steps, *plan.finally_}
