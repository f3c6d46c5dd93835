"""Approvals: a step waits for people, for as many as it wants, and ends by what they say or when time is up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from windlass.plan.approval import Approval
from windlass.plan.codec import from_bytes, to_bytes
from windlass.plan.loop import Loop
from windlass.runs.model import Answered, StepKey
from windlass.runs.present import run_object
from windlass.runs.state import RunState

ASK = StepKey("ask")
PERCENT = {
    "type": "object",
    "properties": {"percent": {"type": "integer", "default": 10}, "note": {"type": "string"}},
    "required": [],
}


@pytest.fixture
def asking(world, step):
    def make(approval=None, **changes):
        return world(step("ask", approval=approval or Approval(), **changes), step("ship", "ask"))

    return make


def says(world, who, *, approve=True, comment=None, key=ASK, **inputs):
    return world.tell(Answered(key, world.now, who, approve, comment, inputs))


def test_it_waits_and_says_for_whom(asking):
    world = asking(Approval(by=("group:ops", "ada"), minimum=2))
    assert (world.step("ask").status, world.head.status) == ("waiting", "waiting")
    assert world.step("ask").message == world.head.message == "waits for approval by group:ops or ada (0 of 2)"
    assert not world.launched
    assert world.wake_at is None
    says(world, "ada")
    assert world.head.message == "waits for approval by group:ops or ada (1 of 2)"
    says(world, "bob")
    assert world.statuses() == {"ask": "succeeded", "ship": "running"}
    assert world.head.status == "running"


def test_the_same_person_counts_once(asking):
    world = asking(Approval(minimum=2))
    for _ in range(3):
        says(world, "ada")
    assert len(world.step("ask").detail["votes"]) == 1
    assert world.step("ask").status == "waiting"


def test_answers_are_outputs_beside_who_and_what_was_said(asking):
    world = asking(Approval(minimum=2, inputs=PERCENT))
    says(world, "ada", comment="fine", percent=50)
    says(world, "bob", comment="go")
    assert world.step("ask").outputs == {"percent": 50, "note": None, "by": ["ada", "bob"], "comment": "fine\ngo"}


def test_later_answers_win(asking):
    world = asking(Approval(minimum=2, inputs=PERCENT))
    says(world, "ada", percent=50)
    says(world, "bob", percent=20)
    assert world.step("ask").outputs["percent"] == 20


def test_one_rejection_ends_it(asking):
    world = asking(Approval(minimum=2))
    says(world, "ada")
    says(world, "bob", approve=False, comment="too late")
    step = world.step("ask")
    assert (step.status, step.cause, step.message) == ("failed", "rejected", "rejected by bob: too late")
    assert step.outputs == {"by": ["ada"], "comment": "too late"}
    assert world.statuses()["ship"] == "skipped"
    assert (world.head.status, world.head.cause) == ("failed", "rejected")


def test_an_approver_may_think_again(asking):
    world = asking(Approval(minimum=2))
    says(world, "ada")
    says(world, "ada", approve=False)
    assert world.step("ask").cause == "rejected"


def test_nobody_answers_in_time(asking):
    world = asking(Approval(timeout=60_000))
    assert world.wake_at == world.now + 60_000
    world.later(59_999)
    assert world.step("ask").status == "waiting"
    world.later(1)
    assert (world.step("ask").cause, world.step("ask").message) == ("rejected", "nobody answered")


def test_silence_may_be_consent(asking):
    world = asking(Approval(timeout=60_000, on_timeout="approve", inputs=PERCENT)).later(60_000)
    assert world.step("ask").status == "succeeded"
    assert world.step("ask").outputs == {"percent": 10, "note": None, "by": [], "comment": None}
    assert world.statuses()["ship"] == "running"


def test_what_comes_too_late_changes_nothing(asking):
    world = asking()
    says(world, "ada")
    says(world, "bob", approve=False)
    assert world.step("ask").status == "succeeded"
    assert len(world.step("ask").detail["votes"]) == 1
    says(world, "bob", key=StepKey("nothing"))
    says(world, "bob", key=StepKey("ship"))


def test_a_cancel_ends_it(asking):
    world = asking().cancel()
    assert world.step("ask").status == "cancelled"
    assert world.head.status == "cancelled"


def test_texts_are_evaluated_when_it_begins(make_plan, make_step, world_class):
    approval = Approval(
        by=("${{ inputs.people }}", "group:ops"),
        minimum="${{ inputs.count }}",
        message="Ship ${{ inputs.tag }}?",
        timeout="${{ '1h' }}",
    )
    plan = make_plan(make_step("ask", approval=approval))
    world = world_class(replace(plan, inputs={"people": ["ada", "bob"], "count": 2, "tag": "v1"})).tell()
    asked = world.step("ask").detail["approval"]
    assert (asked["by"], asked["minimum"], asked["message"]) == (["ada", "bob", "group:ops"], 2, "Ship v1?")
    assert world.wake_at == world.now + 3_600_000


@pytest.mark.parametrize(
    "wrong", [{"minimum": "${{ 0 }}"}, {"timeout": "${{ 'soon' }}"}, {"message": "${{ inputs.x }}"}]
)
def test_what_cannot_be_evaluated_ends_it(asking, wrong):
    world = asking(Approval(**wrong))
    assert (world.step("ask").status, world.step("ask").cause) == ("errored", "expression")
    assert world.step("ask").message.startswith("approval: ")


def test_each_item_of_a_loop_is_asked_for(world, step):
    loop = Loop("forEach", source=["eu", "us"], max_parallel=2)
    world = world(step("ask", loop=loop, approval=Approval(message="${{ item }}?")), step("ship", "ask"))
    assert world.head.status == "waiting"
    assert [world.state.steps[StepKey("ask", key)].detail["approval"]["message"] for key in "01"] == ["eu?", "us?"]
    says(world, "ada", key=StepKey("ask", "1"))
    assert world.step("ask").status == "running"
    says(world, "ada", key=StepKey("ask", "0"))
    assert world.statuses() == {"ask": "succeeded", "ship": "running"}


def test_in_finally(world, step):
    world = world(step("build"), step("ask", section="finally", approval=Approval()))
    world.begin("build").end("build")
    assert world.step("ask").status == "waiting"
    says(world, "ada")
    assert world.head.status == "succeeded"


def test_a_restart_changes_nothing(asking, world_class):
    world = asking(Approval(minimum=2, timeout=60_000))
    says(world, "ada")
    again = world_class(from_bytes(to_bytes(world.plan)), now=world.now)
    again.state = RunState(again.plan, world.head, world.state.steps.values())
    again.tell()
    assert again.wake_at == world.wake_at
    says(again, "ada")
    assert again.step("ask").status == "waiting"
    says(again, "bob")
    assert again.step("ask").status == "succeeded"


def test_the_run_object_says_what_is_asked(asking):
    world = asking(Approval(by=("ada",), not_by=("initiator",), message="Go?", inputs=PERCENT))
    shown = run_object(world.head, world.state.steps.values())["steps"]
    assert shown["ask"]["approval"] == {
        "by": ["ada"], "notBy": ["initiator"], "minimum": 1, "message": "Go?", "inputs": PERCENT, "votes": [],
    }  # fmt: skip
    assert "approval" not in shown["ship"]
    says(world, "ada", comment="yes")
    shown = run_object(world.head, world.state.steps.values())["steps"]["ask"]["approval"]["votes"]
    assert shown == [{"by": "ada", "approve": True, "comment": "yes", "at": "1970-01-01T00:16:40.000Z"}]


def test_a_rejection_is_why_the_run_failed_whatever_finally_waits_for(world, step):
    world = world(step("ask", approval=Approval()), step("last", section="finally", approval=Approval()))
    says(world, "ada", approve=False)
    assert (world.head.status, world.head.message) == ("waiting", "rejected by ada")
    says(world, "ada", key=StepKey("last"))
    assert (world.head.status, world.head.cause, world.head.message) == ("failed", "rejected", "rejected by ada")
