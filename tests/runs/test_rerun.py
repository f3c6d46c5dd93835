"""What a rerun keeps: nothing downstream of what runs again, in the order of the old run, and it ends like any run."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windlass.errors import ConflictError, InputError
from windlass.plan.loop import Loop
from windlass.plan.model import EnvLayer
from windlass.runs.model import Ended, RunHead, Status, StepKey
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
    launched = {key.step for key in new.launched}
    for step in kept:
        if step.status.terminal:
            assert new.state.steps[step.key].status is old.state.steps[step.key].status
            assert step.key not in launched
        else:
            assert step.key in launched, "what is listed of a loop gets its turn"
    assert all(step.status.terminal for step in new.state.steps.values())
    assert new.statuses().keys() == {*plan.steps, *plan.finally_}


def again(world_class, done, plan=None):
    """A new run of the same plan with what mode failed keeps, decided once."""
    new = world_class(plan or done.plan)
    kept = kept_steps(new.plan, done.state.steps.values(), "failed")
    new.state = RunState(
        new.plan, RunHead("01NEW", "shop", "deploy", None), all_steps(new.plan, mark_origin(kept, "01RUN"))
    )
    return new.tell()


def items(world, name="each"):
    return {key.item: step.status.value for key, step in world.state.steps.items() if key.path == name and key.item}


def broken_loop(world, step, *failing, **loop):
    done = world(step("each", loop=Loop("forEach", **{"source": 5, "fail_fast": False, **loop})), step("after", "each"))
    while done.running:
        key = next(iter(done.running))
        del done.running[key]
        done.tell(Ended(key, done.now, 1 if key.item in failing else 0))
    return done


def test_a_loop_runs_again_without_the_items_that_succeeded(world, step, world_class):
    done = broken_loop(world, step, "1", "3")
    new = again(world_class, done)
    assert [key.item for key in new.running] == ["1", "3"]
    assert items(new) == {"0": "succeeded", "1": "running", "2": "succeeded", "3": "running", "4": "succeeded"}
    assert [key.item for key in new.state.items["each"]] == ["0", "1", "2", "3", "4"]
    assert origin("01NEW", new.state.steps[StepKey("each", "2")].attempts[0]) == "01RUN"
    while new.running:
        new.end(next(iter(new.running)).path)
    assert (new.head.status, new.statuses()) == (Status.SUCCEEDED, {"each": "succeeded", "after": "succeeded"})


def test_parallel_items_count_without_those_that_are_kept(world, step, world_class):
    done = broken_loop(world, step, "0", "2", "4", max_parallel=1)
    new = again(world_class, done)
    seen = []
    while new.running:
        seen += [key.item for key in new.running]
        assert len(new.running) == 1
        new.end(next(iter(new.running)).path)
    assert seen == ["0", "2", "4", ""]


def test_items_that_fail_fast_never_let_begin_get_their_turn(world, step, world_class):
    done = broken_loop(world, step, "1", max_parallel=1, fail_fast=True)
    assert items(done) == {"0": "succeeded", "1": "failed", "2": "skipped", "3": "skipped", "4": "skipped"}
    new = again(world_class, done)
    while new.running:
        new.end(next(iter(new.running)).path)
    assert [key.item for key in new.launched if key.path == "each"] == ["1", "2", "3", "4"]


def test_a_restart_in_the_middle_goes_on_where_it_was(world, step, world_class):
    new = again(world_class, broken_loop(world, step, "0", "2", "4", max_parallel=1))
    new.end("each")
    state = RunState(new.plan, new.head, list(new.state.steps.values()))
    new.state = state
    new.tell()
    assert [key.item for key in new.launched] == ["0", "2"]
    while new.running:
        new.end(next(iter(new.running)).path)
    assert new.head.status is Status.SUCCEEDED


def test_an_item_that_fails_again_ends_the_loop(world, step, world_class):
    new = again(world_class, broken_loop(world, step, "1"))
    new.end("each", 1)
    assert (new.head.status, items(new)["2"], items(new)["1"]) == (Status.FAILED, "succeeded", "failed")


def test_a_cancel_ends_what_was_listed(world, step, world_class):
    new = again(world_class, broken_loop(world, step, "1", "3", max_parallel=1)).cancel()
    new.end("each", 143)
    assert new.ended()
    assert items(new) == {"0": "succeeded", "1": "cancelled", "2": "succeeded", "3": "cancelled", "4": "succeeded"}


def test_a_cancel_before_its_turn_ends_what_was_listed(world, step, world_class):
    done = broken_loop(world, step, "1")
    new = world_class(done.plan)
    kept = kept_steps(done.plan, done.state.steps.values(), "failed")
    new.state = RunState(done.plan, RunHead("01NEW", "shop", "deploy", None), all_steps(done.plan, kept))
    new.cancel()
    assert new.ended()
    assert items(new)["1"] == "cancelled"


@pytest.mark.parametrize("source", ["${{ [now(), 'b'] }}", "${{ [run.id, 'b'] }}", "${{ [env.A, 'b'] }}"])
def test_items_that_may_be_others_all_run_again(world, step, world_class, source):
    layer = EnvLayer("workflow", {"A": "x"})
    done = world(step("each", loop=Loop("forEach", source=source, fail_fast=False)), env=(layer,))
    for code in (0, 1):
        key = next(iter(done.running))
        del done.running[key]
        done.tell(Ended(key, done.now, code))
    assert kept_steps(done.plan, done.state.steps.values(), "failed") == []


def test_a_loop_behind_a_step_that_runs_again_does_too(world, step, world_class):
    done = world(step("a", continue_on_error=True), step("each", "a", loop=Loop("forEach", source=2, fail_fast=False)))
    done.end("a", 1)
    for code in (0, 1):
        key = next(iter(done.running))
        del done.running[key]
        done.tell(Ended(key, done.now, code))
    assert kept_steps(done.plan, done.state.steps.values(), "failed") == []
