"""Runs of protected environments: refused before they begin, or held back until people agree."""

from __future__ import annotations

from dataclasses import replace

import pytest

from windlass.plan.approval import Approval
from windlass.plan.model import PlannedConcurrency
from windlass.plan.protection import GATE
from windlass.runs.model import Answered, StepKey
from windlass.runs.rerun import kept_steps

HOUR = 3_600_000


@pytest.fixture
def gate(world, step):
    """A world behind a gate, with steps that would run whatever happened."""

    def make(**changes):
        return world(
            step(GATE, approval=Approval(timeout=10 * HOUR)),
            step("build", GATE),
            step("always", "build", condition="${{ always() }}", tolerant=True),
            step("tell", section="finally", condition="${{ always() }}", tolerant=True),
            **changes,
        )

    return make


def answer(world, *, approve):
    return world.tell(Answered(StepKey(GATE), world.now, "ada", approve))


def test_a_refused_run_ends_before_it_begins(gate):
    world = gate(refusal="environment production takes main only")
    assert (world.head.status, world.head.cause) == ("errored", "policy")
    assert world.head.message == "environment production takes main only"
    assert set(world.statuses().values()) == {"skipped"}
    assert not world.launched
    assert world.wake_at is None


def test_a_refused_run_takes_nobodys_place(gate):
    group = PlannedConcurrency("deploy", on_conflict="cancelRunning")
    world = gate(refusal="environment production takes main only", concurrency=group)
    assert (world.head.status, world.head.started_at) == ("errored", None)


def test_nothing_runs_before_people_agree(gate):
    world = gate()
    assert world.head.status == "waiting"
    assert not world.launched
    answer(world, approve=True)
    assert [key.path for key in world.running] == ["build"]


@pytest.mark.parametrize("end", ["reject", "cancel", "silence"])
def test_a_shut_gate_lets_nothing_through(gate, end):
    world = gate()
    if end == "reject":
        answer(world, approve=False)
    elif end == "cancel":
        world.cancel()
    else:
        world.later(10 * HOUR)
    assert not world.launched
    assert world.head.status == ("cancelled" if end == "cancel" else "failed")
    assert world.step("always").status == ("cancelled" if end == "cancel" else "skipped")
    assert world.step("tell").status == "skipped"


def test_waiting_for_people_is_no_running_time(gate):
    world = gate(timeout=HOUR).later(5 * HOUR)
    answer(world, approve=True)
    assert world.wake_at == world.now + HOUR
    world.begin("build").later(HOUR)
    assert world.head.cancel_cause == "deadline"


def test_who_agreed_to_one_commit_has_not_agreed_to_another(gate):
    world = gate()
    answer(world, approve=True)
    world.begin("build").end("build", 1)
    steps = list(world.state.steps.values())
    other = replace(world.plan, commit="d" * 40)
    kept = [[s.key.path for s in kept_steps(p, steps, "failed", before=world.plan)] for p in (world.plan, other)]
    assert kept == [[GATE], []]
