"""Disruption is not failure (promise R8): what the cluster brings about is repeated, and no retry is used up by it."""

from __future__ import annotations

import pytest

from windlass.plan.model import Retry
from windlass.runs.causes import CAUSES
from windlass.runs.retry import DISRUPTED, IN_VAIN, MAX_DISRUPTED, MAX_IN_VAIN, MAX_OUT_OF_MEMORY, NEVER_STARTED

TWICE = Retry(attempts=2, delay=0)


def test_each_of_them_is_a_cause_of_its_own() -> None:
    assert CAUSES.keys() >= DISRUPTED | IN_VAIN
    assert {"evicted", "preempted", "drained", "node-lost"} <= DISRUPTED


@pytest.mark.parametrize("cause", sorted(DISRUPTED - {NEVER_STARTED}))
def test_disruptions_leave_the_retries_to_the_user(world, step, cause):
    w = world(step("a", retry=TWICE))
    for _ in range(3):
        w.begin("a").end("a", 143, cause=cause).later(0)
    w.begin("a").end("a", 1).later(0)
    assert w.step("a").status == "running", "the first failure of the program itself: one attempt is left"
    w.begin("a").end("a", 1)
    assert (w.head.status, w.head.cause) == ("failed", "exit-code")
    assert [a.cause for a in w.step("a").attempts] == [cause] * 3 + ["exit-code"] * 2


@pytest.mark.parametrize("cause", sorted(DISRUPTED - {NEVER_STARTED}))
def test_without_retry_what_had_begun_is_not_begun_again(world, step, cause):
    w = world(step("a")).begin("a").end("a", None, cause=cause)
    assert (w.head.status, w.head.cause, len(w.step("a").attempts)) == ("errored", cause, 1)


@pytest.mark.parametrize("cause", sorted(DISRUPTED - {NEVER_STARTED}))
def test_what_had_not_begun_or_may_be_repeated_is(world, step, cause):
    w = world(step("a"), step("b", idempotent=True)).begin("b")
    w.end("a", None, cause=cause).end("b", None, cause=cause).later(10_000)
    assert [len(w.step(name).attempts) for name in ("a", "b")] == [2, 2]
    assert w.end("a").end("b").head.status == "succeeded"


def test_a_policy_that_names_other_ends_has_the_say(world, step):
    w = world(step("a", retry=Retry(attempts=3, on=("failed",)))).begin("a").end("a", None, cause="evicted")
    assert w.head.cause == "evicted"
    w = world(step("a", retry=Retry(attempts=3, never=(143,)))).begin("a").end("a", 143, cause="drained")
    assert w.head.cause == "drained"


def test_a_cluster_that_never_lets_it_finish(world, step):
    w = world(step("a", idempotent=True))
    for _ in range(MAX_DISRUPTED + 1):
        assert not w.ended()
        w.begin("a").end("a", None, cause="preempted").later(10_000)
    assert (w.head.status, w.head.cause) == ("errored", "preempted")


def test_memory_that_ran_out_uses_up_none_but_ends_some_day(world, step):
    w = world(step("a", retry=TWICE)).begin("a").end("a", 137, cause="oom-killed").later(0)
    w.begin("a").end("a", 1).later(0).begin("a").end("a", 1)
    assert [a.cause for a in w.step("a").attempts] == ["oom-killed", "exit-code", "exit-code"]
    w = world(step("a", retry=TWICE))
    for _ in range(MAX_OUT_OF_MEMORY + 1):
        assert not w.ended()
        w.begin("a").end("a", 137, cause="oom-killed").later(0)
    assert (w.head.status, w.head.cause) == ("errored", "oom-killed")


def test_memory_that_ran_out_is_not_tried_again_unasked(world, step):
    w = world(step("a", idempotent=True)).begin("a").end("a", 137, cause="oom-killed")
    assert (w.head.cause, len(w.step("a").attempts)) == ("oom-killed", 1)


@pytest.mark.parametrize("cause", sorted(IN_VAIN))
def test_what_was_waited_for_in_vain_uses_up_none(world, step, cause):
    """Two attempts of its own are left to the program, whatever the cluster had no room for before."""
    w = world(step("a", retry=TWICE))
    for _ in range(MAX_IN_VAIN):
        w.end("a", None, cause=cause).later(0)
    w.begin("a").end("a", 1).later(0).begin("a").end("a", 1)
    assert [a.cause for a in w.step("a").attempts] == [cause] * MAX_IN_VAIN + ["exit-code"] * 2
    assert (w.head.status, w.head.cause) == ("failed", "exit-code")


def test_what_is_waited_for_in_vain_again_and_again_ends_some_day(world, step):
    """One bound for all of them: no cluster that is full in turn and away in turn keeps a run open for ever."""
    w = world(step("a", retry=Retry(attempts=50, delay=0)))
    for _, cause in zip(range(MAX_IN_VAIN + 1), ["quota", "registry-unavailable"] * 2, strict=False):
        assert not w.ended()
        w.end("a", None, cause=cause).later(0)
    assert (w.head.status, w.head.cause, len(w.step("a").attempts)) == ("errored", cause, MAX_IN_VAIN + 1)


@pytest.mark.parametrize("cause", sorted(IN_VAIN))
def test_what_was_waited_for_in_vain_is_not_waited_for_again_unasked(world, step, cause):
    w = world(step("a", idempotent=True)).end("a", None, cause=cause)
    assert (w.head.status, w.head.cause, len(w.step("a").attempts)) == ("errored", cause, 1)
    w = world(step("a", retry=Retry(attempts=3, on=("failed",)))).end("a", None, cause=cause)
    assert w.head.cause == cause


@pytest.mark.parametrize("cause", ["image-pull", "config-missing", "init-failed", "admission-refused"])
def test_what_the_step_itself_asks_for_wrongly_counts(world, step, cause):
    w = world(step("a", retry=TWICE)).end("a", None, cause=cause).later(0).end("a", None, cause=cause)
    assert (w.head.cause, len(w.step("a").attempts)) == (cause, 2)
