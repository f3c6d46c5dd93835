"""Runs of one group: each rule, who holds the place; a kill at any moment loses no place and gives none twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from windlass.plan.model import PlannedConcurrency
from windlass.runs.model import CancelRequested


def group(rule="queue", limit=1, name="deploy"):
    return PlannedConcurrency(name, limit, rule)


@pytest.fixture
def begin(life, step):
    """A run of one step in a group."""

    def make(rule="queue", limit=1, *, name="deploy", of=None, **changes):
        return (of or life).begin(step("it"), concurrency=group(rule, limit, name), **changes)

    return make


def finish(life, run):
    life.held.finish(next(key for key in life.held.running() if key.run == run))
    life.settle()


def statuses(life, *runs):
    return [life.status(run) for run in runs]


def head(life, run):
    return life.ledger.reads.run(run)


def test_one_too_many_waits_and_names_the_holder(life, begin):
    first, second, third = begin(), begin(), begin()
    assert statuses(life, first, second, third) == ["running", "waiting", "waiting"]
    assert head(life, second).message == f"waits for run {first}, which holds deploy"
    assert head(life, second).started_at is None
    finish(life, first)
    assert statuses(life, first, second, third) == ["succeeded", "running", "waiting"]
    assert head(life, second).message is None
    assert head(life, third).message == f"waits for run {second}, which holds deploy"
    finish(life, second)
    finish(life, third)
    assert statuses(life, second, third) == ["succeeded", "succeeded"]
    assert life.engine.groups.view() == []


def test_other_groups_and_other_repositories_are_not_in_the_way(life, begin):
    runs = [begin(), begin(name="else"), begin(repository="other")]
    assert statuses(life, *runs) == ["running"] * 3


def test_a_limit_lets_so_many_in(life, begin):
    runs = [begin(limit=2) for _ in range(4)]
    assert statuses(life, *runs) == ["running", "running", "waiting", "waiting"]
    finish(life, runs[1])
    assert statuses(life, *runs) == ["running", "succeeded", "running", "waiting"]


def test_the_newcomers_limit_decides_and_nobody_is_passed(life, begin):
    narrow, waits, wide = begin(), begin(limit=1), begin(limit=5)
    assert statuses(life, narrow, waits, wide) == ["running", "waiting", "waiting"]
    finish(life, narrow)
    assert statuses(life, waits, wide) == ["running", "running"]


def test_skip_ends_the_newcomer_without_a_step(life, begin):
    first = begin()
    second = begin("skip")
    found = head(life, second)
    assert (found.status.value, found.cause) == ("cancelled", "skipped")
    assert found.message == f"skipped: run {first} holds deploy"
    assert life.steps(second) == {"it": "cancelled"}
    assert [key.run for key in life.world.started] == [first]
    finish(life, first)
    assert life.status(begin("skip")) == "running"


def test_cancel_running_takes_the_place_of_the_holder_and_of_those_in_line(life, begin, step):
    first = life.begin(step("it"), concurrency=group(), finally_={"tidy": replace(step("tidy"), section="finally")})
    second = begin()
    third = begin("cancelRunning")
    found = head(life, second)
    assert (found.status.value, found.cause) == ("cancelled", "replaced")
    assert life.steps(second) == {"it": "cancelled"}
    assert statuses(life, first, third) == ["cancelling", "waiting"]  # its `finally` comes first
    assert life.steps(first)["tidy"] == "running"
    finish(life, first)
    assert statuses(life, first, third) == ["cancelled", "running"]
    assert head(life, first).cause == "replaced"
    assert head(life, first).message == f"replaced by run {third} in deploy"


def test_cancel_running_makes_as_much_room_as_it_needs(life, begin):
    runs = [begin(limit=2), begin(limit=2)]
    third = begin("cancelRunning", limit=2)
    assert statuses(life, *runs, third) == ["cancelled", "running", "running"]


def test_cancel_pending_replaces_those_in_line_and_waits(life, begin):
    first, second = begin(), begin()
    third = begin("cancelPending")
    assert statuses(life, first, second, third) == ["running", "cancelled", "waiting"]
    assert head(life, second).cause == "replaced"
    finish(life, first)
    assert life.status(third) == "running"


def test_a_run_that_is_cancelled_in_line_runs_nothing_and_frees_its_place(life, begin, step):
    first = begin()
    second = life.begin(step("it"), concurrency=group(), finally_={"tidy": replace(step("tidy"), section="finally")})
    third = begin()
    life.engine.cancel(second, CancelRequested(life.clock.now(), message="cancelled by ann"))
    life.settle()
    found = head(life, second)
    assert (found.status.value, found.cause, found.message) == ("cancelled", "cancelled-by-user", "cancelled by ann")
    assert life.steps(second) == {"it": "cancelled", "tidy": "cancelled"}
    finish(life, first)
    assert life.status(third) == "running"
    assert [key.run for key in life.world.started] == [first, third]


def test_the_timeout_of_a_run_does_not_count_its_waiting(life, begin):
    first, second = begin(), begin(timeout=1000)
    life.clock.advance(5000)
    life.settle()
    assert life.status(second) == "waiting"
    finish(life, first)
    assert life.status(second) == "running"
    life.clock.advance(1000)
    life.settle()
    assert head(life, second).cause == "deadline"


def test_a_run_of_two_groups_waits_for_both_and_holds_the_schedules_place_meanwhile(life, begin, step):
    other = begin()
    tick = {"overlap": group("queue", name="schedule/deploy/schedule[0]")}
    first = life.begin(step("it"), concurrency=group(), **tick)
    second = life.begin(step("it"), concurrency=group(), **tick)
    assert head(life, first).message == f"waits for run {other}, which holds deploy"
    assert head(life, second).message == f"waits for run {first}, which holds schedule/deploy/schedule[0]"
    finish(life, other)
    assert statuses(life, first, second) == ["running", "waiting"]
    finish(life, first)
    assert life.status(second) == "running"


def test_a_long_line_that_is_refused_at_the_second_door(life, begin, step):
    """Hundreds let in by their schedule at once, each turned away by the group of the workflow."""
    other, tick = begin(), {"overlap": group(name="tick"), "concurrency": group("skip")}
    blocker = begin(name="tick")
    runs = [life.begin(step("it"), **tick) for _ in range(300)]
    finish(life, blocker)
    assert {life.status(run) for run in runs} == {"cancelled"}
    assert life.status(other) == "running"


def test_the_view_shows_who_holds_and_who_waits(life, begin):
    first, second = begin(), begin()
    (found,) = life.engine.groups.view()
    assert (found["repository"], found["group"], found["limit"]) == ("shop", "deploy", 1)
    assert [(one["run"], one["workflow"], one["step"]) for one in found["holders"]] == [(first, "deploy", None)]
    assert [one["run"] for one in found["waiting"]] == [second]


def test_a_restart_finds_the_line_as_it_stood(new_life, begin):
    first = new_life()
    runs = [begin(of=first) for _ in range(4)]
    second = new_life().adopt()
    assert statuses(second, *runs) == ["running", "waiting", "waiting", "waiting"]
    newest = begin(of=second)
    for run, following in zip(runs, [*runs[1:], newest], strict=True):
        finish(second, run)
        assert statuses(second, run, following) == ["succeeded", "running"]
    assert len(second.world.started) == 5


def test_a_kill_between_the_end_of_a_run_and_the_start_of_the_next(new_life, begin):
    first = new_life()
    runs = [begin(of=first), begin(of=first)]
    first.engine._tell = lambda _told: None  # nobody hears of the free place any more
    finish(first, runs[0])
    assert statuses(first, *runs) == ["succeeded", "waiting"]
    second = new_life().adopt()
    assert statuses(second, *runs) == ["succeeded", "running"]


def test_a_kill_before_the_newcomer_was_answered(new_life, begin):
    first = new_life()
    old = begin(of=first)
    first.engine._tell = lambda _told: None
    asked = [begin("skip", of=first), begin("cancelRunning", of=first)]
    assert statuses(first, old, *asked) == ["running", "queued", "queued"]
    second = new_life().adopt()
    assert statuses(second, old, *asked) == ["cancelled", "cancelled", "running"]
    assert [head(second, run).cause for run in (old, asked[0])] == ["replaced", "skipped"]
    assert [key.run for key in second.world.started] == [old, asked[1]]


def test_a_replaced_holder_is_not_told_again_after_a_restart(new_life, begin):
    first = new_life()
    first.held.obedient = False  # its program takes its time
    old, new = begin(of=first), begin("cancelRunning", of=first)
    assert statuses(first, old, new) == ["cancelling", "waiting"]
    second = new_life()
    second.held.obedient = False
    second.adopt()
    assert statuses(second, old, new) == ["cancelling", "waiting"]
    assert not head(second, old).killed
    finish(second, old)
    assert statuses(second, old, new) == ["cancelled", "running"]
