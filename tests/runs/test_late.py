"""Values that are known only when a step begins: per item, from outputs, frozen from then on."""

from __future__ import annotations

import pytest

from windlass.plan.codec import from_bytes, to_bytes
from windlass.plan.planner import Occasion, make_plan
from windlass.runs.model import Ended, Status
from windlass.runs.state import RunState
from windlass_schemas.workflow import Workflow

HEAD = {"apiVersion": "windlass.dev/v1", "kind": "Workflow", "metadata": {"name": "w"}}


@pytest.fixture
def written(world_class):
    """The world of a workflow as its author writes it."""

    def make(steps, **inputs):
        model = Workflow.model_validate({**HEAD, "steps": steps})
        plan = make_plan(model, None, Occasion("shop", "c" * 40, inputs, {}))
        return world_class(plan).tell()

    return make


def restarted(world):
    again = type(world)(from_bytes(to_bytes(world.plan)))
    again.now, again.launched, again.running = world.now, world.launched, world.running
    again.state = RunState(again.plan, world.head, list(world.state.every_step()))
    return again.tell()


def end(world, path, item="", exit_code=0, outputs=b""):
    key = next(k for k in world.running if k.path == path and k.item == item)
    del world.running[key]
    return world.tell(Ended(key, world.now, exit_code, outputs))


FIRST = {"run": "x", "outputs": {"span": {}, "count": {"type": "integer"}}}


def test_a_timeout_from_an_output_is_a_dependency_and_holds_after_a_restart(written):
    w = written({"a": FIRST, "b": {"run": "x", "timeout": "${{ steps.a.outputs.span }}", "killAfter": "${{ '3s' }}"}})
    assert [k.path for k in w.running] == ["a"]
    w.end("a", outputs=b"span=4s\ncount=1\n").begin("b")
    assert w.running[w.key("b")].kill_after == 3000
    w = restarted(w)
    assert w.wake_at == w.now + 4000
    w.later(4000)
    assert [k.path for k in w.stopped] == ["b"]
    assert w.wake_at == w.now + 3000 + 30_000
    assert w.end("b", 143).step("b").message == "took longer than its timeout of 4s"


def test_retries_from_an_output(written):
    retry = {"attempts": "${{ steps.a.outputs.count }}", "delay": "${{ steps.a.outputs.span }}"}
    w = written({"a": FIRST, "b": {"run": "x", "retry": retry}}).end("a", outputs=b"span=1s\ncount=2\n").end("b", 1)
    assert w.wake_at == w.now + 1000
    w.later(1000).end("b", 1)
    assert len(w.step("b").attempts) == 2
    assert w.ended()


def test_an_experimental_cell_may_fail(written):
    step = {
        "run": "x",
        "matrix": {"v": [1, 2], "include": [{"v": 3, "experimental": True}]},
        "maxParallel": "${{ steps.a.outputs.count }}",
        "continueOnError": "${{ has(matrix.experimental) && matrix.experimental }}",
    }
    w = written({"a": FIRST, "b": step, "c": {"run": "x", "needs": ["b"]}}).end("a", outputs=b"span=1s\ncount=2\n")
    assert [k.item for k in w.running] == ["v=1", "v=2"], "two at once, as the output says"
    end(w, "b", "v=1")
    end(w, "b", "v=3,experimental=true", 1)
    assert [k.item for k in w.running] == ["v=2"], "failFast does not count what may fail"
    end(w, "b", "v=2")
    assert w.step("b").status is Status.SUCCEEDED
    assert w.end("c").head.status is Status.SUCCEEDED


def test_a_cell_that_must_not_fail_still_does(written):
    step = {"run": "x", "matrix": {"v": [1, 2]}, "continueOnError": "${{ matrix.v == 2 }}", "failFast": False}
    w = written({"b": step})
    end(w, "b", "v=2", 1)
    end(w, "b", "v=1", 1)
    assert (w.head.status, w.step("b").message) == (Status.FAILED, "item v=1: exit code 1")


def test_a_step_that_may_fail_by_what_came_before(written):
    late = {"run": "x", "continueOnError": "${{ steps.a.outputs.count > 0 }}"}
    w = written({"a": FIRST, "b": late, "c": {"run": "x", "needs": ["b"]}}).end("a", outputs=b"span=1s\ncount=1\n")
    w.end("b", 1)
    assert [k.path for k in w.running] == ["c"]
    assert restarted(w).end("c").head.status is Status.SUCCEEDED


@pytest.mark.parametrize(
    ("key", "text"),
    [("timeout", "${{ steps.a.outputs.span }}"), ("maxParallel", "${{ steps.a.outputs.count }}")],
)
def test_a_value_that_cannot_be_is_an_error_of_its_step(written, key, text):
    step = {"run": "x", "forEach": 2, key: text} if key == "maxParallel" else {"run": "x", key: text}
    w = written({"a": FIRST, "b": step}).end("a", outputs=b"span=soon\ncount=0\n")
    assert (w.step("b").status, w.step("b").cause) == (Status.ERRORED, "expression")
    assert w.step("b").message.startswith(f"{key}: ")


def test_a_part_has_its_timeout_from_an_output(written):
    part = {"name": "p", "run": "x", "timeout": "${{ steps.a.outputs.span }}"}
    w = written({"a": FIRST, "b": {"run": [part]}}).end("a", outputs=b"span=2s\ncount=0\n")
    assert w.running[w.key("b")].parts[0].timeout == 2000


def test_a_value_that_does_not_do_is_shown(written):
    late = {"run": "x", "retry": {"attempts": "${{ steps.a.outputs.count }}"}}
    until = {"wait": {"until": "${{ steps.a.outputs.span }}"}}
    w = written({"a": FIRST, "b": late, "c": until}).end("a", outputs=b"span=soon\ncount=0\n")
    assert w.step("b").message.startswith("retry.attempts: write a whole number of at least 1")
    assert w.step("b").message.endswith(", not 0")
    assert w.step("c").message.endswith('for example 2026-12-01T00:00:00Z, not "soon"')


@pytest.mark.parametrize(
    ("items", "words"),
    [('["a b", 1, null, {"x": 1}]', ("echo", "-n", "a b", "1", "", '{"x":1}')), ("[]", ("echo", "-n"))],
)
def test_an_expression_for_args_gives_one_word_for_each_item(written, items, words):
    first = {"run": "x", "outputs": {"words": {"type": "array"}}}
    then = {"command": ["echo", "-n"], "args": "${{ steps.a.outputs.words }}"}
    w = written({"a": first, "b": then})
    w = restarted(w).end("a", outputs=f"words={items}\n".encode()).begin("b")
    assert w.running[w.key("b")].argv == words
