"""What keeps steps from starting, and attempts that did not succeed, as a WorkflowRun tells of them."""

from __future__ import annotations

from typing import Any

from windlass.operator.run_status import run_status
from windlass.operator.setbacks import LONGEST, MOST, sentence, setbacks, untold


def attempt(number: int = 1, status: str = "running", **more: Any) -> dict[str, Any]:
    return {"number": number, "status": status, "cause": None, "message": None, "endedAt": None, **more}


def step(*attempts: dict[str, Any], items: Any = None, **more: Any) -> dict[str, Any]:
    return {"status": "running", "attempts": list(attempts), "items": items, **more}


def held(cause: str, message: str = "no node") -> dict[str, Any]:
    return attempt(held={"cause": cause, "message": message})


def failed(number: int, cause: str, at: str) -> dict[str, Any]:
    return attempt(number, "errored", cause=cause, message=f"it was {cause}", endedAt=at)


def test_ends_in_their_order_and_those_that_wait_last() -> None:
    found = setbacks(
        {
            "a": step(held("quota")),
            "b": step(failed(1, "evicted", "2026-01-01T00:00:02Z"), failed(2, "drained", "2026-01-01T00:00:03Z")),
            "c": step(failed(1, "oom-killed", "2026-01-01T00:00:01Z"), attempt(2, "succeeded")),
        }
    )
    assert [(one["step"], one["attempt"], one["state"], one["cause"]) for one in found] == [
        ("c", 1, "Ended", "oom-killed"),
        ("b", 1, "Ended", "evicted"),
        ("b", 2, "Ended", "drained"),
        ("a", 1, "Waiting", "quota"),
    ]
    assert sentence(found[0]) == "step c, attempt 1 did not succeed (oom-killed): it was oom-killed"
    assert sentence(found[3]) == "step a, attempt 1 waits for its start (quota): no node"


def test_items_and_nested_steps_have_their_names() -> None:
    item = {"key": "eu", **step(held("unschedulable"))}
    nested = step(steps={"inner": step(held("image-pull"))})
    found = setbacks({"loop": step(items=[item]), "outer": nested})
    assert {one["step"] for one in found} == {"loop[eu]", "outer/inner"}


def test_there_are_never_many_and_never_long_ones() -> None:
    steps = {f"s{n:03}": step(failed(1, "evicted", f"2026-01-01T00:{n:03}Z")) for n in range(100)}
    steps["w"] = step(held("quota", "x" * 5000))
    found = setbacks(steps)
    assert len(found) == MOST
    assert (found[0]["step"], found[-1]["step"], len(found[-1]["message"])) == ("s091", "w", LONGEST)


def test_each_is_told_once_whatever_its_words_become() -> None:
    before = setbacks({"a": step(held("quota", "used: 1"))})
    assert untold(before, []) == before
    assert untold(setbacks({"a": step(held("quota", "used: 2"))}), before) == []
    assert untold(setbacks({"a": step(held("unschedulable"))}), before) != []


def test_the_conditions_of_a_run_that_waits_say_why() -> None:
    run = {
        "id": "01", "status": "running", "cause": None, "message": None, "commit": "c", "title": "t", "trigger": {},
        "actor": {}, "createdAt": None, "startedAt": None, "endedAt": None, "outputs": {},
        "steps": {"a": step(held("unschedulable", "0/1 nodes are available"))},
    }  # fmt: skip
    status = run_status(run, {}, 1, 0)
    said = {one["type"]: (one["status"], one["message"]) for one in status["conditions"]}
    words = "step a, attempt 1 waits for its start (unschedulable): 0/1 nodes are available"
    assert said["Succeeded"] == ("Unknown", words)
    assert status["setbacks"][0]["cause"] == "unschedulable"
    run["steps"] = {"a": step(attempt())}
    assert run_status(run, status, 1, 0)["setbacks"] is None
