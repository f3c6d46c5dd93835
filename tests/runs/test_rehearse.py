"""A run played through: the decisions of the engine, results instead of execution, time that jumps."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windlass.plan.approval import Approval
from windlass.plan.loop import Loop
from windlass.plan.model import EnvLayer, OutputSpec, PlannedConcurrency, Retry, Wait
from windlass.runs.model import RunHead, Status, StepKey
from windlass.runs.rehearse import Result, rehearse, unknown_readings

HEAD = RunHead("01RUN", "shop", "deploy", None, created_at=1_000_000)
HOUR = 3_600_000


def played(plan, **results):
    return rehearse(plan, HEAD, {name.replace("_", "-"): result for name, result in results.items()})


def statuses(state):
    return {key.path: step.status.value for key, step in state.steps.items() if not key.item}


def test_a_step_without_a_result_succeeds(make_plan, make_step):
    state = played(make_plan(make_step("a"), make_step("b", "a"), make_step("tell", section="finally")))
    assert statuses(state) == {"a": "succeeded", "b": "succeeded", "tell": "succeeded"}
    assert state.head.status is Status.SUCCEEDED


@pytest.mark.parametrize("status", ["failed", "errored", "cancelled", "skipped"])
def test_a_step_ends_as_it_is_given(make_plan, make_step, status):
    state = played(make_plan(make_step("a"), make_step("b", "a")), a=Result(Status(status)))
    assert statuses(state)["a"] == status
    assert statuses(state)["b"] == ("succeeded" if status == "skipped" else "skipped")


def test_retries_and_waits_take_no_time_and_count_all_the_same(make_plan, make_step):
    retry = Retry(attempts=3, delay=HOUR)
    plan = make_plan(make_step("a", wait=Wait(span=24 * HOUR)), make_step("b", "a", retry=retry))
    begun = time.process_time()
    state = played(plan, b=Result(Status.FAILED))
    assert time.process_time() - begun < 5
    assert len(state.steps[StepKey("b")].attempts) == 3
    assert state.head.ended_at - state.head.started_at == 26 * HOUR


def test_outputs_reach_those_that_read_them(make_plan, make_step):
    reader = make_step("b", "a", reads=("a",), condition="${{ steps.a.outputs.n > 2 }}")
    declared = {"n": OutputSpec({"type": "integer"})}
    plan = make_plan(make_step("a", outputs=declared), reader)
    assert statuses(played(plan, a=Result(outputs={"n": 3})))["b"] == "succeeded"
    assert statuses(played(plan, a=Result(outputs={"n": 2})))["b"] == "skipped"


def test_reading_what_no_result_gives_is_told(make_plan, make_step):
    layer = EnvLayer("step", {"N": "${{ steps.a.outputs.n }}"})
    plan = make_plan(
        make_step("a", outputs={"n": OutputSpec({"type": "integer"})}), make_step("b", "a", reads=("a",), env=(layer,))
    )
    state = played(plan)
    assert statuses(state) == {"a": "succeeded", "b": "errored"}
    assert list(unknown_readings(state.plan, state)) == [("b", "a", "n")]
    assert list(unknown_readings(plan, played(plan, a=Result(outputs={"n": 1})))) == []


def test_items_end_one_by_one(make_plan, make_step):
    loop = Loop("forEach", source=3, fail_fast=False)
    result = Result(items=(Result(), Result(Status.FAILED)))
    state = played(make_plan(make_step("a", loop=loop)), a=result)
    ends = [state.steps[StepKey("a", key)].status.value for key in "012"]
    assert ends == ["succeeded", "failed", "succeeded"]
    assert statuses(state) == {"a": "failed"}


@settings(max_examples=100, deadline=None)
@given(ends=st.lists(st.sampled_from([*Status][5:]), min_size=1, max_size=8), seed=st.integers(0, 2**20))
def test_every_run_comes_to_its_end(ends, seed, make_plan, make_step):
    steps = [make_step(f"s{i}", *([f"s{(seed >> i) % i}"] if i and seed >> i & 1 else [])) for i in range(len(ends))]
    state = played(make_plan(*steps), **{f"s{i}": Result(end) for i, end in enumerate(ends)})
    assert state.head.status.terminal
    for i, end in enumerate(ends):
        if state.steps[StepKey(f"s{i}")].attempts:
            assert state.steps[StepKey(f"s{i}")].status is end


def approval(make_plan, make_step, **changes):
    asked = {"type": "object", "properties": {"percent": {"type": "integer", "default": 10}}, "required": []}
    what = Approval(by=("group:ops",), minimum=3, timeout=HOUR, inputs=asked, **changes)
    return make_plan(make_step("ask", approval=what), make_step("ship", "ask", reads=("ask",)))


def test_an_approval_is_given_unless_the_case_says_no(make_plan, make_step):
    plan = approval(make_plan, make_step)
    given = played(plan)
    assert statuses(given) == {"ask": "succeeded", "ship": "succeeded"}
    assert given.steps[StepKey("ask")].outputs == {"percent": 10, "by": ["test"], "comment": None}
    said = played(plan, ask=Result(outputs={"percent": 50, "by": ["ada", "bob"], "comment": "go"}))
    assert said.steps[StepKey("ask")].outputs == {"percent": 50, "by": ["ada", "bob"], "comment": "go"}


@pytest.mark.parametrize("status", ["failed", "errored", "cancelled", "skipped"])
def test_an_approval_ends_as_it_is_given(make_plan, make_step, status):
    state = played(approval(make_plan, make_step), ask=Result(Status(status)))
    assert statuses(state)["ask"] == status
    assert state.steps[StepKey("ask")].cause == (
        "rejected" if status == "failed" else state.steps[StepKey("ask")].cause
    )


def test_each_item_of_an_approval_is_answered(make_plan, make_step):
    plan = make_plan(make_step("ask", loop=Loop("forEach", source=[1, 2]), approval=Approval()))
    state = played(plan, ask=Result(items=(Result(), Result(Status.FAILED))))
    assert [state.steps[StepKey("ask", key)].status for key in "01"] == ["succeeded", "failed"]


def test_a_rehearsal_is_in_nobodys_way(make_plan, make_step):
    """Not even in its own: items of one group, in a run of that group, side by side."""
    group = PlannedConcurrency("one", 1, "skip")
    plan = make_plan(
        make_step("a", loop=Loop("forEach", source=3), concurrency=group), concurrency=group, overlap=group
    )
    state = played(plan)
    assert (state.head.status, statuses(state)) == (Status.SUCCEEDED, {"a": "succeeded"})
