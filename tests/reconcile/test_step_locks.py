"""Steps of one group: they wait before they begin, keep their place over every attempt, and give it back once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from windlass.plan.loop import Loop
from windlass.plan.model import PlannedConcurrency, Retry
from windlass.runs.model import CancelRequested, StepKey
from windlass.runs.nesting import enclosing, segment


def group(rule="queue", limit=1, name="test-database"):
    return PlannedConcurrency(name, limit, rule)


@pytest.fixture
def begin(life, step):
    """A run whose step `use` is in a group, followed by `after`."""

    def make(rule="queue", *, of=None, concurrency=None, run=None, **changes):
        concurrency = group(rule) if concurrency is None else concurrency
        steps = step("use", concurrency=concurrency, **changes), step("after", "use")
        return (of or life).begin(*steps, concurrency=run)

    return make


def running(life, run):
    return [(key.path, key.item) for key in life.held.running() if key.run == run]


def finish(life, run, path="use", **how):
    life.held.finish(next(key for key in life.held.running() if (key.run, key.path) == (run, path)), **how)
    life.settle()


def found(life, run, path="use"):
    return next(one for one in life.ledger.reads.steps(run) if one.key.path == path)


def test_a_step_waits_before_it_begins_and_names_the_holder(life, begin):
    first, second = begin(), begin()
    assert running(life, first) == [("use", "")]
    waiting, head = found(life, second), life.ledger.reads.run(second)
    assert (waiting.status.value, waiting.attempts, waiting.started_at) == ("waiting", (), None)
    assert waiting.message == f"waits for step use of run {first}, which holds test-database"
    assert (head.status.value, head.message) == ("waiting", waiting.message)
    finish(life, first)
    assert life.steps(first) == {"use": "succeeded", "after": "running"}
    assert life.steps(second) == {"use": "running", "after": "pending"}
    assert (life.status(second), found(life, second).message) == ("running", None)


def test_the_timeout_of_a_step_does_not_count_its_waiting(life, begin):
    first, second = begin(), begin(timeout=1000)
    life.clock.advance(5000)
    life.settle()
    finish(life, first)
    assert running(life, second) == [("use", "")]
    life.clock.advance(1000)
    life.settle()
    assert found(life, second).cause == "timeout"


def test_the_place_is_kept_over_retries(life, begin):
    first, second = begin(retry=Retry(attempts=2, delay=1000)), begin()
    finish(life, first, exit_code=1)
    assert (found(life, first).status.value, running(life, second)) == ("waiting", [])
    life.clock.advance(1000)
    life.settle()
    assert (running(life, first), running(life, second)) == ([("use", "")], [])
    finish(life, first, exit_code=1)
    assert (life.status(first), running(life, second)) == ("failed", [("use", "")])


def test_each_item_of_a_loop_asks(life, begin):
    run = begin(loop=Loop("forEach", source=["a", "b", "c"], max_parallel=3))
    seen = []
    while found(life, run).status.value == "running":
        ((path, item),) = running(life, run)
        seen.append(item)
        finish(life, run, path)
    assert seen == ["0", "1", "2"]
    assert found(life, run).status.value == "succeeded"


def test_the_name_of_a_group_may_read_the_item(life, begin):
    items = Loop("forEach", source=["a", "b", "a"], max_parallel=3)
    run = begin(loop=items, concurrency=group(name="to-${{ item }}"))
    assert running(life, run) == [("use", "0"), ("use", "1")]


def test_what_cannot_be_worked_out_ends_the_step(life, begin):
    run = begin(concurrency=PlannedConcurrency("g", "${{ event.body.limit }}"))
    assert (found(life, run).status.value, found(life, run).cause) == ("errored", "expression")
    assert life.engine.groups.view() == []


def test_an_empty_name_is_no_group(life, begin):
    runs = [begin(concurrency=group(name="${{ '' }}")) for _ in range(2)]
    assert [running(life, run) for run in runs] == [[("use", "")]] * 2


def test_skip_ends_the_step_and_the_run_says_so(life, begin):
    first = begin()
    second = begin("skip")
    assert life.steps(second) == {"use": "cancelled", "after": "skipped"}
    head = life.ledger.reads.run(second)
    assert (head.status.value, head.cause) == ("cancelled", "skipped")
    assert head.message == f"skipped: step use of run {first} holds test-database"


def test_a_step_that_is_refused_may_be_forgiven(life, begin):
    begin()
    second = begin("skip", continue_on_error=True)
    assert life.steps(second) == {"use": "cancelled", "after": "running"}
    finish(life, second, "after")
    assert life.status(second) == "succeeded"


def test_cancel_running_takes_the_place_of_the_other_step(life, begin):
    life.held.obedient = False
    first = begin(retry=Retry(attempts=3, delay=0))
    second = begin("cancelRunning")
    assert life.held.stops[0].key.run == first
    assert running(life, second) == []  # the other process is still there
    finish(life, first, exit_code=143)
    assert (found(life, first).status.value, found(life, first).cause) == ("cancelled", "replaced")
    head = life.ledger.reads.run(first)
    assert (head.status.value, head.cause, head.message) == ("cancelled", "replaced", "a newer one took its place")
    assert running(life, second) == [("use", "")]


def test_cancel_pending_takes_the_place_of_a_step_in_line(life, begin):
    first, second = begin(), begin()
    third = begin("cancelPending")
    assert (found(life, second).cause, life.status(second)) == ("replaced", "cancelled")
    finish(life, first)
    assert running(life, third) == [("use", "")]


def test_a_step_and_a_run_share_a_group(life, begin):
    whole = begin(concurrency=group(name="else"), run=group())
    single = begin()
    assert found(life, single).message == f"waits for run {whole}, which holds test-database"
    third = begin("cancelRunning")
    assert (life.status(whole), life.status(single)) == ("cancelled", "cancelled")
    assert running(life, third) == [("use", "")]


def test_a_step_does_not_wait_for_its_own_run(life, begin):
    run = begin(run=group())
    assert running(life, run) == [("use", "")]
    finish(life, run)
    finish(life, run, "after")
    assert life.status(run) == "succeeded"
    assert life.engine.groups.view() == []


def test_the_steps_around_a_nested_step():
    outer = StepKey("a", "x/y%")
    assert enclosing(f"{segment(outer)}/b/c") == [outer, (f"{segment(outer)}/b", "")]
    assert enclosing("a") == []


def test_a_step_that_is_cancelled_in_line_frees_its_place(life, begin):
    first, second, third = begin(), begin(), begin()
    life.engine.cancel(second, CancelRequested(life.clock.now()))
    life.settle()
    assert (found(life, second).status.value, life.status(second)) == ("cancelled", "cancelled")
    finish(life, first)
    assert running(life, third) == [("use", "")]


def test_a_restart_finds_holders_and_line_as_they_stood(new_life, begin):
    first = new_life()
    runs = [begin(of=first) for _ in range(3)]
    second = new_life().adopt()
    (view,) = second.engine.groups.view()
    assert [one["run"] for one in view["holders"]] == runs[:1]
    assert [(one["run"], one["step"]) for one in view["waiting"]] == [(run, "use") for run in runs[1:]]
    for run in runs:
        assert running(second, run) == [("use", "")]
        finish(second, run)
    assert len(second.world.started) == len(set(second.world.started))


def test_a_kill_before_a_step_was_answered(new_life, begin):
    first = new_life()
    first.engine._tell = lambda _told: None
    runs = [begin(of=first), begin(of=first)]
    assert [found(first, run).message for run in runs] == ["asks for test-database"] * 2
    second = new_life().adopt()
    assert [running(second, run) for run in runs] == [[("use", "")], []]


def test_a_kill_between_the_end_of_a_step_and_the_start_of_the_next(new_life, begin):
    first = new_life()
    runs = [begin(of=first), begin(of=first)]
    first.engine._tell = lambda _told: None
    finish(first, runs[0])
    second = new_life().adopt()
    assert [running(second, run) for run in runs] == [[("after", "")], [("use", "")]]
    assert len(second.world.started) == len(set(second.world.started)) == 3


def test_a_step_that_was_told_to_make_room_is_waited_for_after_a_restart(new_life, begin):
    first = new_life()
    first.held.obedient = False
    old, new = begin(of=first), begin("cancelRunning", of=first)
    second = new_life()
    second.held.obedient = False
    second.adopt()
    assert [running(second, run) for run in (old, new)] == [[("use", "")], []]
    finish(second, old, exit_code=143)
    assert (found(second, old).cause, running(second, new)) == ("replaced", [("use", "")])


def test_a_loop_says_that_an_item_was_turned_away_once_the_others_have_ended(life, begin):
    run = begin("skip", loop=Loop("forEach", source=2, max_parallel=2))
    items = [one.status.value for one in life.ledger.reads.steps(run) if one.key.item]
    assert items == ["running", "cancelled"]
    finish(life, run)
    loop = found(life, run)
    assert (loop.status.value, loop.cause) == ("cancelled", "skipped")
    assert loop.message == f"item 1: skipped: step use[0] of run {run} holds test-database"
    assert (life.status(run), life.steps(run)["after"]) == ("cancelled", "skipped")


def test_the_timeout_of_the_run_ends_a_step_in_line(life, step):
    first = life.begin(step("use", concurrency=group()))
    second = life.begin(step("use", concurrency=group()), timeout=1000)
    life.clock.advance(1000)
    life.settle()
    assert (life.ledger.reads.run(second).cause, found(life, second).cause) == ("deadline", "deadline")
    finish(life, first)
    assert life.engine.groups.view() == []


def test_finally_sees_that_a_step_was_turned_away(life, begin, step):
    begin()
    tidy = {
        name: replace(step(name), section="finally", condition=f"${{{{ {name}() }}}}", tolerant=True)
        for name in ("cancelled", "failure")
    }
    run = life.begin(step("use", concurrency=group("skip")), finally_=tidy)
    assert life.steps(run) == {"use": "cancelled", "cancelled": "running", "failure": "skipped"}
