"""Loops: expansion, order, parallelism, failure, cancel, restart."""

from __future__ import annotations

import pytest

from windlass.errors import ExpressionError
from windlass.plan.loop import Loop
from windlass.plan.model import EnvLayer, OutputSpec, Retry
from windlass.runs.decide import decide
from windlass.runs.expand import expand
from windlass.runs.model import Ended
from windlass.runs.present import run_object
from windlass.runs.state import RunState


def keys(loop, **values):
    return [item.key for item in expand(loop, values, {}).items]


class TestExpansion:
    def test_for_each_takes_lists_counts_maps_and_expressions(self):
        assert keys(Loop("forEach", source=["eu", "us"])) == ["0", "1"]
        assert keys(Loop("forEach", source=3)) == ["0", "1", "2"]
        found = expand(Loop("forEach", source={"b": 2, "a": 1}), {}, {}).items
        assert [(i.key, i.names["item"], i.names["index"]) for i in found] == [
            ("a", {"key": "a", "value": 1}, 0),
            ("b", {"key": "b", "value": 2}, 1),
        ]
        assert keys(Loop("forEach", source="${{ inputs.regions }}"), inputs={"regions": ["x", "y"]}) == ["0", "1"]
        assert keys(Loop("forEach", source=[])) == []

    def test_a_matrix_combines_excludes_and_includes_as_github_does(self):
        loop = Loop(
            "matrix",
            axes={"os": ["a", "b"], "v": [1, 2]},
            exclude=[{"os": "b", "v": 1}],
            include=[{"os": "a", "extra": True}, {"os": "c", "v": 9}],
        )
        cells = [item.names["matrix"] for item in expand(loop, {}, {}).items]
        assert cells == [
            {"os": "a", "v": 1, "extra": True},
            {"os": "a", "v": 2, "extra": True},
            {"os": "b", "v": 2},
            {"os": "c", "v": 9},
        ]
        assert keys(loop)[2] == "os=b,v=2"

    @pytest.mark.parametrize(
        "loop",
        [
            Loop("forEach", source="${{ 'text' }}"),
            Loop("forEach", source=10_001),
            Loop("matrix", axes={n: list(range(100)) for n in "abc"}),  # Y18: refused by multiplying
            Loop("matrix", source="${{ [1] }}"),
            Loop("matrix", axes={"a": "${{ 3 }}"}),
            Loop("matrix", axes={"a": [1, 1]}),
            Loop("matrix", axes={"a": [1]}, exclude="${{ ['x'] }}"),
            Loop("matrix", axes={"a": [1]}, include="${{ [1] }}"),
            Loop("matrix", source="${{ {'a': [1], 'include': 'x'} }}"),
        ],
    )
    def test_what_has_no_items_or_too_many_is_an_error(self, loop):
        with pytest.raises(ExpressionError):
            expand(loop, {}, {})


def looped(step, name="l", *needs, source=("x", "y", "z"), outputs=None, retry=None, **bounds):
    return step(
        name,
        *needs,
        loop=Loop("forEach", source=list(source) if not isinstance(source, (int, str)) else source, **bounds),
        env=(EnvLayer("step", {"ITEM": "${{ item }}", "INDEX": "${{ index }}"}),),
        outputs=outputs or {},
        retry=retry or Retry(),
    )


def item(world, key):
    return next(k for k in world.running if k.item == key)


def end(world, key, exit_code=0, outputs=b"", cause=None):
    found = item(world, key)
    del world.running[found]
    return world.tell(Ended(found, world.now, exit_code, outputs, cause))


def statuses(world, name="l"):
    return {k.item: s.status.value for k, s in world.state.steps.items() if k.path == name and k.item}


def test_items_start_in_order_at_most_so_many_at_once(world, step):
    w = world(looped(step, max_parallel=2))
    assert [(k.item, w.running[k].env["ITEM"]) for k in w.launched] == [("0", "x"), ("1", "y")]
    end(w, "1")
    assert [k.item for k in w.launched] == ["0", "1", "2"]
    end(w, "0")
    end(w, "2")
    assert w.statuses() == {"l": "succeeded"}
    assert w.head.status == "succeeded"


def test_results_are_read_by_the_steps_that_follow(world, step):
    out = {"n": OutputSpec({"type": "integer"})}
    after = step(
        "after",
        "l",
        reads=("l",),
        env=(EnvLayer("step", {"ALL": "${{ steps.l.items.map(i, i.outputs.n) }}", "S": "${{ steps.l.status }}"}),),
    )
    w = world(looped(step, outputs=out), after)
    for key in ("2", "0", "1"):
        end(w, key, outputs=f"n={int(key) + 1}\n".encode())
    env = w.running[w.key("after")].env
    assert (env["ALL"], env["S"]) == ("[1,2,3]", "succeeded")


def test_fail_fast_stops_the_others_and_starts_nothing_new(world, step):
    w = world(looped(step, max_parallel=2))
    end(w, "1", 3)
    assert [k.item for k in w.stopped] == ["0"]
    end(w, "0", 143)
    assert statuses(w) == {"0": "cancelled", "1": "failed", "2": "skipped"}
    assert (w.head.status, w.head.cause, w.head.message) == ("failed", "exit-code", "item 1: exit code 3")


def test_without_fail_fast_every_item_runs(world, step):
    w = world(looped(step, fail_fast=False, max_parallel=1))
    end(w, "0", 1)
    end(w, "1")
    end(w, "2", cause="image-pull", exit_code=None)
    assert statuses(w) == {"0": "failed", "1": "succeeded", "2": "errored"}
    assert (w.head.status, w.head.cause) == ("errored", "image-pull")


def test_each_item_is_repeated_by_itself(world, step):
    w = world(looped(step, retry=Retry(attempts=2, delay=1000)))
    end(w, "1", 1)
    assert statuses(w)["1"] == "waiting"
    w.later(1000)
    assert sorted((k.item, k.number) for k in w.launched) == [("0", 1), ("1", 1), ("1", 2), ("2", 1)]
    for key in ("0", "1", "2"):
        end(w, key)
    assert w.head.status == "succeeded"


def test_an_empty_loop_succeeds_with_no_items(world, step):
    w = world(looped(step, source=[]), step("after", "l"))
    assert w.statuses() == {"l": "succeeded", "after": "running"}
    shown = run_object(w.head, w.state.steps.values())["steps"]
    assert (shown["l"]["items"], shown["after"]["items"]) == ([], None)


def test_a_loop_that_cannot_be_expanded_is_errored(world, step):
    w = world(looped(step, source="${{ inputs.nothing }}"))
    assert (w.step("l").status, w.step("l").cause) == ("errored", "expression")


def test_cancel_ends_items_that_run_and_those_that_wait(world, step):
    w = world(looped(step, max_parallel=1)).cancel()
    assert w.statuses() == {"l": "running"}
    end(w, "0", 143)
    assert statuses(w) == {"0": "cancelled", "1": "cancelled", "2": "cancelled"}
    assert (w.statuses(), w.head.status) == ({"l": "cancelled"}, "cancelled")


def test_items_are_shown_in_order_below_their_step(world, step):
    w = world(looped(step))
    end(w, "2")
    shown = run_object(w.head, w.state.steps.values())["steps"]["l"]
    assert [(i["key"], i["status"]) for i in shown["items"]] == [("0", "running"), ("1", "running"), ("2", "succeeded")]
    assert shown["attempts"] == []


def test_a_restart_goes_on_where_the_rows_stand(world, step):
    w = world(looped(step, source=5, max_parallel=2), step("after", "l"))
    end(w, "0")
    w.state = RunState(w.plan, w.state.head, list(w.state.steps.values()))
    w.tell()
    assert [k.item for k in w.launched] == ["0", "1", "2"]
    for key in ("1", "2", "3", "4"):
        end(w, key)
    assert w.statuses()["after"] == "running"


def test_ten_thousand_items_cost_what_ten_thousand_steps_cost(world, step):
    """Not a timing: the work of one decision is counted, and must not grow with the items that are over."""
    w = world(looped(step, source=10_000))
    touched = []
    for _ in range(300):
        key = next(iter(w.running))
        del w.running[key]
        decision = decide(w.state, [Ended(key, w.now, 0)], w.now)
        touched.append(len(decision.steps))
        w.state.apply(decision)
        for command in decision.commands:
            w.running[command.key] = command
    assert max(touched) == 2  # the item that ended and the one that follows it
