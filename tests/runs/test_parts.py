"""Parts: when each runs, with which variables, and what an attempt shows of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from windlass.plan.model import EnvLayer
from windlass.plan.program import Part
from windlass.runs.model import CancelRequested, Ended, PartRecord, PartsSeen
from windlass.runs.present import run_object


def part(name: str, condition: str | bool | None = None, **changes: Any) -> Part:
    return Part(name, "true", f"{name}.sh", ("sh", "{script}"), condition, **changes)


@pytest.fixture
def parted(world, step):
    def make(*parts: Part, **changes: Any) -> Any:
        return world(step("a", parts=parts, **changes))

    return make


def launched(w: Any) -> Any:
    return w.running[w.key("a")].parts


def shown(w: Any) -> list[tuple[Any, ...]]:
    attempt = run_object(w.head, w.state.steps.values())["steps"]["a"]["attempts"][-1]
    return [(p["name"], p["status"], p["cause"], p["exitCode"]) for p in attempt["parts"]]


@pytest.mark.parametrize(
    ("condition", "on_success", "on_failure"),
    [
        (None, True, False),
        (True, True, False),
        (False, False, False),
        ("${{ success() }}", True, False),
        ("${{ failure() }}", False, True),
        ("${{ always() }}", True, True),
        ("${{ !failure() }}", True, False),
        ("${{ failure() && event.yes }}", False, True),
        ("${{ failure() && event.no }}", False, False),
        ("${{ always() && !success() }}", False, True),
        ("${{ event.yes }}", True, False),
        ("${{ event.no }}", False, False),
        ("${{ success() || failure() }}", True, True),
        ("${{ !success() }}", False, True),
        ("${{ success() || event.yes }}", True, True),
    ],
)
def test_both_answers_of_an_if_are_known_at_the_start(world_class, make_plan, step, condition, on_success, on_failure):
    plan = make_plan(step("a", parts=(part("p", condition),)))
    w = world_class(replace(plan, event={"yes": True, "no": False})).tell()
    assert [(p.on_success, p.on_failure) for p in launched(w)] == [(on_success, on_failure)]


def test_an_if_that_cannot_be_evaluated_ends_the_step_and_names_the_part(parted):
    w = parted(part("fine"), part("odd", "${{ event.nothing == 1 }}"))
    assert (w.step("a").status, w.step("a").cause) == ("errored", "expression")
    assert w.step("a").message.startswith("part odd: ")
    assert not w.launched


def test_a_part_s_variables_win_over_the_step_and_lose_to_the_trigger(parted):
    layers = (EnvLayer("step", {"A": "step", "B": "step", "C": "step"}), EnvLayer("trigger", {"C": "trigger"}))
    w = parted(part("p", env={"A": None, "B": "${{ 'pa' + 'rt' }}", "C": "part"}), env=layers)
    (only,) = launched(w)
    assert (only.env, only.unset) == ({"B": "part", "C": "trigger"}, ("A",))
    assert w.running[w.key("a")].env["A"] == "step"


def test_parts_are_shown_as_they_go(parted):
    w = parted(part("one"), part("two", False), part("three"), part("four")).begin("a")
    assert [status for _, status, *_ in shown(w)] == ["pending"] * 4
    first = PartRecord(0, 0, w.now, w.now + 5, 0)
    w.tell(PartsSeen(w.key("a"), (first, PartRecord(2, 17, w.now + 5))))
    assert shown(w) == [
        ("one", "succeeded", None, 0),
        ("two", "skipped", None, None),
        ("three", "running", None, None),
        ("four", "pending", None, None),
    ]
    assert w.step("a").attempts[0].detail["parts"][2]["offset"] == 17
    w.tell(Ended(w.key("a"), w.now + 9, 0, parts=(first, PartRecord(2, 17, w.now + 5, w.now + 9, 0))))
    assert [status for _, status, *_ in shown(w)] == ["succeeded", "skipped", "succeeded", "skipped"]


def test_the_step_ends_as_the_first_part_that_failed(parted):
    w = parted(part("one"), part("two"), part("tidy", "${{ always() }}"))
    records = (PartRecord(0, 0, 1, 2, 0), PartRecord(1, 0, 2, 3, 4), PartRecord(2, 0, 3, 4, 9))
    w.tell(Ended(w.key("a"), w.now, 4, parts=records))
    assert (w.step("a").status, w.step("a").cause, w.step("a").message) == (
        "failed",
        "exit-code",
        "part two: exit code 4",
    )
    assert [cause for *_, cause, _ in shown(w)] == [None, "exit-code", "exit-code"]


@pytest.mark.parametrize(
    ("cause", "status", "message"),
    [
        ("timeout", "failed", "part two took longer than its timeout of 1m"),
        ("env-invalid", "errored", "part two: line 1"),
        ("start-failed", "errored", "part two: line 1"),
    ],
)
def test_other_ends_of_a_part(parted, cause, status, message):
    w = parted(part("one"), part("two", timeout=60_000))
    records = (PartRecord(0, 0, 1, 2, 0), PartRecord(1, 0, 2, 3, 0, cause))
    w.tell(Ended(w.key("a"), w.now, 0, cause=cause, message="line 1", parts=records))
    assert (w.step("a").status, w.step("a").cause, w.step("a").message) == (status, cause, message)
    assert shown(w)[1] == ("two", status, cause, 0)


def test_a_cancel_ends_the_part_that_runs_and_those_after_it_never_ran(parted):
    w = parted(part("one"), part("two"), part("tidy", "${{ always() }}")).begin("a")
    w.tell(CancelRequested(w.now))
    w.tell(Ended(w.key("a"), w.now, 143, parts=(PartRecord(0, 0, 1, 2, 0), PartRecord(1, 0, 2))))
    assert [status for _, status, *_ in shown(w)] == ["succeeded", "cancelled", "skipped"]
    assert w.step("a").attempts[0].detail["parts"][1]["endedAt"] == w.now


def test_a_single_script_has_no_parts(world, step):
    w = world(step("a")).begin("a").end("a")
    assert run_object(w.head, w.state.steps.values())["steps"]["a"]["attempts"][0]["parts"] is None


def test_what_is_lost_keeps_what_was_seen(parted):
    w = parted(part("one"), part("two")).begin("a")
    w.tell(PartsSeen(w.key("a"), (PartRecord(0, 0, 1),)))
    w.tell(Ended(w.key("a"), w.now, None, cause="lost"))
    assert [status for _, status, *_ in shown(w)] == ["errored", "skipped"]
