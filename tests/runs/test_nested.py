"""Workflows within workflows: their own tree, values in and out, cancel and timeouts that reach down, restart."""

from __future__ import annotations

import pytest

from windlass.plan.codec import from_bytes, to_bytes
from windlass.plan.loop import Loop
from windlass.plan.model import Nested
from windlass.plan.uses import Used
from windlass.runs.decide import decide
from windlass.runs.model import Answered, AttemptKey, Ended, Status, StepKey
from windlass.runs.present import logs_of, run_object
from windlass.runs.state import RunState

INNER = {
    "apiVersion": "windlass.dev/v1",
    "kind": "Workflow",
    "metadata": {"name": "inner"},
    "inputs": {"count": {"type": "integer", "maximum": 9, "default": 1}},
    "outputs": {"url": {"value": "${{ steps.b.outputs.url }}", "type": "string"}},
    "steps": {
        "b": {"run": "true", "env": {"N": "${{ inputs.count }}"}, "outputs": {"url": {}}},
        "c": {"run": "true", "needs": ["b"]},
    },
    "finally": {"tidy": {"run": "true"}},
}


def used(document=INNER, path="workflows/inner.yaml"):
    return {f"./{path}": Used("Workflow", document, path)}


@pytest.fixture
def nest(world, step):
    def make(values=None, *more, document=INNER, uses=None, plan=None, **changes):
        outer = step("outer", nested=Nested("./workflows/inner.yaml", values or {}), **changes)
        return world(outer, *more, uses=uses or used(document), **(plan or {}))

    return make


def of(steps):
    return {**{k: INNER[k] for k in ("apiVersion", "kind", "metadata")}, "steps": steps}


def tree(world):
    return run_object(world.head, world.state.every_step())["steps"]


def statuses(world):
    return {s.key.path + (f"[{s.key.item}]" if s.key.item else ""): s.status.value for s in world.state.every_step()}


def finish(world):
    """End whatever runs, one after another, until nothing does."""
    while world.running:
        path = next(iter(world.running)).path
        world.end(path, outputs=b"url=x\n" if path.endswith("/b") else b"")
    return world


def restarted(world):
    """As the ledger has it: the plan from its bytes, the steps by their names."""
    again = type(world)(from_bytes(to_bytes(world.plan)))
    again.now, again.launched, again.running = world.now, world.launched, world.running
    again.state = RunState(again.plan, world.head, list(world.state.every_step()))
    return again.tell()


def test_it_has_its_own_tree_with_values_in_and_out(nest, step):
    w = nest({"count": "${{ 1 + 2 }}"}, step("after", "outer"))
    assert [k.path for k in w.running] == ["outer/b"]
    assert w.running[w.key("outer/b")].env["N"] == "3"
    assert w.running[w.key("outer/b")].env["WINDLASS_STEP"] == "outer/b"
    w.end("outer/b", outputs=b"url=https://x\n").end("outer/c")
    assert [k.path for k in w.running] == ["outer/tidy"]
    w.end("outer/tidy")
    assert tree(w)["outer"]["outputs"] == {"url": "https://x"}
    assert list(tree(w)["outer"]["steps"]) == ["b", "c", "tidy"]
    assert [k.path for k in w.running] == ["after"]
    assert w.end("after").head.status is Status.SUCCEEDED
    assert ("outer/b", "", 1) in list(logs_of(run_object(w.head, w.state.every_step())))


def test_its_failure_is_the_steps_own(nest, step):
    w = nest(None, step("after", "outer")).end("outer/b", 3).end("outer/tidy")
    outer = tree(w)["outer"]
    assert (outer["status"], outer["cause"], outer["message"]) == ("failed", "exit-code", "exit code 3")
    assert statuses(w)["outer/c"] == statuses(w)["after"] == "skipped"
    assert (w.head.status, w.head.cause) == (Status.FAILED, "exit-code")


def test_values_that_do_not_fit_are_refused_when_it_begins(nest):
    w = nest({"count": "${{ 10 }}"})
    assert (w.step("outer").status, w.step("outer").cause) == (Status.ERRORED, "input-invalid")
    assert "count" in w.step("outer").message
    assert not w.launched
    w = nest({"count": "${{ inputs.nothing }}"})
    assert w.step("outer").cause == "expression"


def test_a_cancel_reaches_down_and_finally_still_runs(nest):
    w = nest().cancel()
    assert [k.path for k in w.stopped] == ["outer/b"]
    w.end("outer/b", 143)
    assert [k.path for k in w.running] == ["outer/tidy"], "cleaning up below outlives the first cancel"
    w.end("outer/tidy")
    found = statuses(w)
    assert found == {"outer": "cancelled", "outer/b": "cancelled", "outer/c": "cancelled", "outer/tidy": "succeeded"}
    assert (w.head.status, w.step("outer").cause) == (Status.CANCELLED, "cancelled-by-user")


def test_a_second_cancel_ends_finally_below_too(nest):
    w = nest().cancel().end("outer/b", 143)
    w.cancel(kill=True)
    assert w.stopped[-1].path == "outer/tidy"
    w.end("outer/tidy", 143)
    assert w.head.status is Status.CANCELLED


def test_the_steps_timeout_reaches_down(nest):
    w = nest(timeout=5000).begin("outer/b")
    assert w.wake_at == w.now + 5000
    w.later(5000)
    assert [k.path for k in w.stopped] == ["outer/b"]
    w.end("outer/b", 143).end("outer/tidy")
    assert (w.step("outer").status, w.step("outer").cause) == (Status.FAILED, "timeout")


def test_its_own_timeout_is_a_deadline(nest):
    w = nest(document={**INNER, "timeout": "3s"}).begin("outer/b").later(3000)
    w.end("outer/b", 143).end("outer/tidy")
    assert (w.step("outer").status, w.step("outer").cause) == (Status.FAILED, "deadline")
    assert statuses(w)["outer/b"] == "cancelled"


def test_the_runs_deadline_reaches_down(nest):
    w = nest(plan={"timeout": 2000}).begin("outer/b").later(2000)
    w.end("outer/b", 143).end("outer/tidy")
    assert (w.step("outer").status, w.step("outer").cause) == (Status.CANCELLED, "deadline")
    assert (w.head.status, w.head.cause) == (Status.FAILED, "deadline")


def test_each_item_of_a_loop_has_one(nest):
    w = nest({"count": "${{ item }}"}, loop=Loop("forEach", source=[4, 5], max_parallel=2))
    assert sorted(k.path for k in w.running) == ["outer[0]/b", "outer[1]/b"]
    assert w.running[w.key("outer[1]/b")].env["N"] == "5"
    finish(w)
    items = tree(w)["outer"]["items"]
    assert [(i["key"], i["status"], i["outputs"], list(i["steps"])) for i in items] == [
        ("0", "succeeded", {"url": "x"}, ["b", "c", "tidy"]),
        ("1", "succeeded", {"url": "x"}, ["b", "c", "tidy"]),
    ]
    assert w.head.status is Status.SUCCEEDED


def test_an_item_that_fails_stops_the_others_below(nest):
    w = nest(loop=Loop("forEach", source=[1, 2], max_parallel=2)).end("outer[0]/b", 1).end("outer[0]/tidy")
    assert [k.path for k in w.stopped] == ["outer[1]/b"]
    w.end("outer[1]/b", 143).end("outer[1]/tidy")
    assert [(i["status"], i["cause"]) for i in tree(w)["outer"]["items"]] == [
        ("failed", "exit-code"),
        ("cancelled", "fail-fast"),
    ]


def test_keys_of_items_are_part_of_a_path_whatever_they_hold(nest):
    w = nest(loop=Loop("matrix", axes={"p": ["a/b", "c%]"]}))
    assert sorted(k.path for k in w.running) == ["outer[p=a%2Fb]/b", "outer[p=c%25]]/b"]
    assert finish(restarted(w)).head.status is Status.SUCCEEDED


@pytest.mark.parametrize("at", range(6))
def test_a_restart_at_any_point_goes_on(nest, step, at):
    w = nest({"count": "${{ 3 }}"}, step("after", "outer"))
    for _ in range(at):
        if w.running:
            path = next(iter(w.running)).path
            w.end(path, outputs=b"url=x\n" if path.endswith("/b") else b"")
    before = statuses(w)
    again = restarted(w)
    assert statuses(again) == before or again.running != {}
    finish(again)
    assert again.head.status is Status.SUCCEEDED
    assert again.step("outer").outputs == {"url": "x"}


def test_workflows_nest_in_nested_workflows(world, step):
    middle = {
        **{k: INNER[k] for k in ("apiVersion", "kind")},
        "metadata": {"name": "middle"},
        "outputs": {"url": "${{ steps.deep.outputs.url }}"},
        "steps": {"deep": {"uses": "./workflows/inner.yaml"}},
    }
    uses = {**used(), **used(middle, "workflows/middle.yaml")}
    w = world(step("outer", nested=Nested("./workflows/middle.yaml")), uses=uses)
    assert [k.path for k in w.running] == ["outer/deep/b"]
    w = restarted(w)
    assert finish(w).head.status is Status.SUCCEEDED
    assert list(tree(w)["outer"]["steps"]["deep"]["steps"]) == ["b", "c", "tidy"]
    assert w.step("outer").outputs == {"url": "x"}
    w = world(step("outer", nested=Nested("./workflows/middle.yaml")), uses=uses).cancel()
    assert [k.path for k in w.stopped] == ["outer/deep/b"]


def test_a_wait_below_makes_the_run_wait(nest):
    document = of({"pause": {"wait": {"for": "1m"}}})
    w = nest(document=document)
    assert (w.head.status, w.step("outer").status, w.wake_at) == (Status.WAITING, Status.WAITING, w.now + 60_000)
    assert restarted(w).later(60_000).head.status is Status.SUCCEEDED


def test_retries_below_are_due_in_time(nest):
    retry = {"attempts": 2, "delay": "5s"}
    document = of({"b": {"run": "x", "retry": retry}})
    w = nest(document=document).end("outer/b", 1)
    assert w.wake_at == w.now + 5000
    w.later(5000)
    assert w.key("outer/b").number == 2
    assert w.end("outer/b").head.status is Status.SUCCEEDED


def test_news_of_what_is_not_there_change_nothing(nest):
    w = nest()
    for path in ("outer/none", "nobody/b", "outer/b/c"):
        key = AttemptKey("01RUN", path, "", 1)
        assert decide(w.state, [Ended(key, w.now, 0)], w.now).empty


def test_nothing_runs_in_a_workflow_without_work(nest):
    document = of({"b": {"run": "x", "if": False}})
    w = nest(document=document)
    assert (w.head.status, statuses(w)) == (Status.SUCCEEDED, {"outer": "succeeded", "outer/b": "skipped"})


def test_an_approval_inside_is_answered_by_its_whole_path(nest, step):
    w = nest({}, step("after", "outer"), document=of({"ask": {"approval": {"minimum": 2}}}))
    assert (w.head.status, w.head.message) == ("waiting", "waits for approval (0 of 2)")
    w.tell(Answered(StepKey("outer/ask"), w.now, "ada", True))
    assert w.head.message == "waits for approval (1 of 2)"
    w = restarted(w)
    w.tell(Answered(StepKey("outer/ask"), w.now, "ada", True))
    assert w.head.status == "waiting"
    w.tell(Answered(StepKey("outer/ask"), w.now, "bob", True))
    assert statuses(w) == {"outer": "succeeded", "outer/ask": "succeeded", "after": "running"}
