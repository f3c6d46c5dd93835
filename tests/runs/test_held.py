"""What keeps an attempt from its start is told while it lasts, and forgotten when it begins."""

from __future__ import annotations

from windlass.runs.model import Delayed
from windlass.runs.present import run_object
from windlass.runs.why import reasons


def told(w, cause=None, message=None):
    return w.tell(Delayed(w.key("a"), w.now, cause, message))


def shown(w):
    run = run_object(w.head, w.state.every_step())
    return run["steps"]["a"], run["steps"]["a"]["attempts"][-1], reasons(run)[0]["message"]


def test_it_is_told_by_the_attempt_the_step_and_why(world, step):
    w = told(world(step("a")), "unschedulable", "0/3 nodes are available")
    above, attempt, why = shown(w)
    assert attempt["held"] == {"cause": "unschedulable", "message": "0/3 nodes are available"}
    assert (above["cause"], above["message"]) == (None, "waiting (unschedulable): 0/3 nodes are available")
    assert why == "attempt 1 waits for its start (unschedulable): 0/3 nodes are available"


def test_nothing_holds_it_any_more(world, step):
    w = told(told(world(step("a")), "quota", "exceeded quota"))
    above, attempt, why = shown(w)
    assert ("held" in attempt, above["message"], why) == (False, None, "attempt 1 is about to start")


def test_it_began_or_ended(world, step):
    w = told(world(step("a")), "image-pull", "back-off").begin("a")
    above, attempt, why = shown(w)
    assert ("held" in attempt, above["message"], why.startswith("attempt 1 runs since ")) == (False, None, True)
    w = told(world(step("a")), "image-pull", "back-off").end("a", None, cause="image-pull")
    above, attempt, _ = shown(w)
    assert ("held" in attempt, above["cause"]) == (False, "image-pull")


def test_a_retry_is_not_held_by_what_held_the_first(world, step):
    w = told(world(step("a")), "unschedulable", "no node").end("a", None, cause="preempted").later(10_000)
    assert "held" not in shown(w)[1]
