"""Why a run is where it is, read off run objects."""

from __future__ import annotations

from typing import Any

from windlass.runs.why import first_failure, reasons


def step(status: str = "pending", **more: Any) -> dict[str, Any]:
    empty = {"cause": None, "message": None, "startedAt": None, "endedAt": None, "attempts": [], "items": None}
    return {"status": status, **empty, **more}


def attempt(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"number": number, "startedAt": "2026-01-01T00:00:00.000Z", "exitCode": None, **more}


def run(status: str, steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "R", "status": status, "cause": None, "message": None, "steps": steps, **more}


def said(*args: Any) -> list[tuple[str | None, str, str]]:
    return [(reason["step"], reason["kind"], reason["message"]) for reason in reasons(*args)]


def test_what_people_can_do_something_about_comes_first() -> None:
    steps = {
        "late": step(),
        "busy": step("running", attempts=[attempt()]),
        "again": step(
            "waiting", cause="exit-code", message="exit code 3", attempts=[attempt()], nextAt="2026-01-01T01:00:00.000Z"
        ),
        "pause": step("waiting", nextAt="2026-01-01T02:00:00.000Z"),
        "ask": step("waiting", message="waits for approval by group:ops (0 of 1)", approval={"votes": []}),
        "done": step("succeeded"),
    }
    assert said(run("waiting", steps), {"late": ["done", "ask", "busy"]}) == [
        ("ask", "approval", "waits for approval by group:ops (0 of 1)"),
        ("pause", "timer", "waits until 2026-01-01T02:00:00.000Z"),
        ("again", "retry", "attempt 1 ended: exit-code: exit code 3; the next one starts at 2026-01-01T01:00:00.000Z"),
        ("busy", "running", "attempt 1 runs since 2026-01-01T00:00:00.000Z"),
        ("late", "needs", "waits for ask, busy"),
    ]


def test_a_lock_names_who_holds_it() -> None:
    holder = {"run": "Q", "workflow": "deploy", "step": None, "item": None, "since": "2026-01-01T00:00:00.000Z"}
    waits = {"workflow": "deploy", "item": None, "since": "2026-01-01T00:00:00.000Z"}
    groups = [
        {"group": "prod", "holders": [holder], "waiting": [{**waits, "run": "R", "step": None}]},
        {"group": "db", "holders": [holder], "waiting": [{**waits, "run": "R", "step": "a"}]},
    ]
    waiting = run("waiting", {"a": step()}, message="waits for run Q, which holds prod")
    (lock, needs) = reasons(waiting, {"a": []}, groups)
    assert (lock["kind"], lock["message"]) == ("lock", "waits for run Q, which holds prod")
    assert lock["holders"] == [{"group": "prod", **holder}]
    assert needs["message"] == "begins when the run does"
    of_step = run("waiting", {"a": step("waiting", message="waits for run Q, which holds db")})
    (lock,) = reasons(of_step, {"a": []}, groups)
    assert (lock["step"], lock["holders"]) == ("a", [{"group": "db", **holder}])


def test_what_waits_inside_nested_workflows_and_loops_is_found() -> None:
    ask = step("waiting", message="waits for approval (0 of 1)", approval={"votes": []})
    items = [{"key": "eu", **step("waiting", steps={"ask": ask})}, {"key": "us", **step("succeeded")}]
    assert said(run("waiting", {"each": step("waiting", items=items)})) == [
        ("each[eu]/ask", "approval", "waits for approval (0 of 1)")
    ]


def test_the_innermost_step_that_failed_first() -> None:
    inner = step("failed", cause="exit-code", message="exit code 1", endedAt="2026-01-01T00:00:02.000Z")
    steps = {
        "later": step("errored", cause="lost", endedAt="2026-01-01T00:00:09.000Z"),
        "outer": step("failed", cause="exit-code", endedAt="2026-01-01T00:00:03.000Z", steps={"inner": inner}),
    }
    ended = run("failed", steps, cause="exit-code", message="exit code 1")
    found = first_failure(ended)
    assert found is not None
    assert found[0] == "outer/inner"
    assert said(ended) == [
        (None, "ended", "it failed: exit-code: exit code 1"),
        ("outer/inner", "ended", "exit-code: exit code 1"),
    ]


def test_ends_without_a_failure() -> None:
    skipped = step("skipped", cause="if-false")
    assert said(run("succeeded", {"a": step("succeeded"), "b": skipped})) == [
        (None, "ended", "it succeeded"),
        ("b", "skipped", "if-false"),
    ]
    cancelled = run("cancelled", {"a": step("cancelled")}, cause="cancelled-by-user", message="cancelled by ada")
    assert said(cancelled) == [(None, "ended", "it was cancelled: cancelled-by-user: cancelled by ada")]
    assert said(run("queued", {"a": step()})) == [(None, "queued", "accepted, and not yet begun")]
    assert said(run("cancelling", {}, message="cancelled by ada")) == [
        (None, "cancelling", "cancelled by ada; running steps are being ended")
    ]
