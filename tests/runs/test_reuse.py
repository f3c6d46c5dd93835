"""Outputs instead of an attempt: asked first, whatever the answer says is done, and a cancel needs no answer."""

from __future__ import annotations

import pytest

from windlass.plan.caching import PlannedCache
from windlass.plan.loop import Loop
from windlass.plan.model import EnvLayer, OutputSpec, Retry
from windlass.runs.decide import decide
from windlass.runs.model import Recall, Recalled
from windlass.runs.present import step_object
from windlass.runs.reuse import to_keep
from windlass.runs.state import RunState

N = {"n": OutputSpec({"type": "integer"})}


@pytest.fixture
def cached(step):
    return step(
        "a", cache=PlannedCache("k-${{ run.workflow }}", ttl=60_000), outputs=N, retry=Retry(attempts=2, delay=1)
    )


def test_nothing_starts_before_the_answer(world, cached, step):
    w = world(cached, step("b", "a"))
    assert w.launched == []
    (asked,) = w.recalls
    assert (asked.repository, asked.workflow, asked.step, asked.cache_key, asked.ttl) == (
        "shop",
        "deploy",
        "a",
        "k-deploy",
        60_000,
    )
    assert w.statuses() == {"a": "running", "b": "pending"}
    assert w.wake_at is None


def test_a_hit_succeeds_without_attempts(world, cached, step):
    w = world(cached, step("b", "a", env=(EnvLayer("step", {"N": "${{ steps.a.outputs.n }}"}),)))
    w.tell(Recalled(w.recalls[0].key, {"n": 7}, "01OLD", 5))
    assert w.statuses() == {"a": "succeeded", "b": "running"}
    assert w.running[w.key("b")].env["N"] == "7"
    found = w.step("a")
    assert (found.outputs, found.attempts) == ({"n": 7}, ())
    assert step_object(found)["reusedFrom"] == "01OLD"
    assert to_keep(found) is None


def test_a_miss_runs_and_leaves_what_it_made_to_be_kept(world, cached):
    w = world(cached)
    w.tell(Recalled(w.recalls[0].key))
    assert w.statuses() == {"a": "running"}
    w.end("a", 1).later(10)
    assert len(w.recalls) == 1
    w.end("a", 0, b"n=3\n")
    found = w.step("a")
    assert (found.status, found.outputs) == ("succeeded", {"n": 3})
    kept = to_keep(found)
    assert (kept["workflow"], kept["step"], kept["key"], kept["ttl"]) == ("deploy", "a", "k-deploy", 60_000)
    assert "reusedFrom" not in step_object(found)


def test_a_failure_leaves_nothing(world, cached):
    w = world(cached)
    w.tell(Recalled(w.recalls[0].key)).end("a", 1).later(10).end("a", 1)
    assert w.step("a").status == "failed"
    assert to_keep(w.step("a")) is None


def test_an_answer_counts_once(world, cached):
    w = world(cached)
    w.tell(Recalled(w.recalls[0].key), Recalled(w.recalls[0].key, {"n": 1}, "01OLD", 5))
    w.tell(Recalled(w.recalls[0].key))
    assert len(w.launched) == 1
    assert w.step("a").outputs == {}


def test_a_cancel_ends_a_step_that_waits_for_its_answer(world, cached):
    w = world(cached).cancel()
    assert w.statuses() == {"a": "cancelled"}
    w.tell(Recalled(w.recalls[0].key))
    assert w.launched == []


def test_after_a_restart_it_is_asked_again(world, cached):
    w = world(cached)
    again = RunState(w.plan, w.state.head, list(w.state.steps.values()))
    decision = decide(again, [], w.now)
    assert [command for command in decision.commands if isinstance(command, Recall)] == w.recalls
    w.tell(Recalled(w.recalls[0].key))
    again = RunState(w.plan, w.state.head, list(w.state.steps.values()))
    assert decide(again, [], w.now).commands == ()


def test_each_item_of_a_loop_has_its_key(world, step):
    cache = PlannedCache("k-${{ item }}", ttl="${{ '1h' }}")
    w = world(step("a", cache=cache, outputs=N, loop=Loop("forEach", source=["x", "y"])))
    assert [(asked.cache_key, asked.key.item, asked.ttl) for asked in w.recalls] == [
        ("k-x", "0", 3_600_000),
        ("k-y", "1", 3_600_000),
    ]
    w.tell(Recalled(w.recalls[0].key, {"n": 1}, "01OLD", 5), Recalled(w.recalls[1].key))
    assert [key.item for key in w.launched] == ["1"]
    w.end("a", 0, b"n=2\n")
    assert w.head.status == "succeeded"


@pytest.mark.parametrize(
    ("cache", "message"),
    [
        (PlannedCache("${{ steps.x.outputs.y }}", ttl=1), "no value"),
        (PlannedCache("${{ '' }}", ttl=1), "the key is empty"),
        (PlannedCache("x" * 513, ttl=1), "513 characters"),
        (PlannedCache("k", ttl="${{ 'soon' }}"), "ttl"),
    ],
)
def test_a_key_that_cannot_be_is_an_error_of_the_step(world, step, cache, message):
    found = world(step("a", cache=cache)).step("a")
    assert (found.status, found.cause) == ("errored", "expression")
    assert message in found.message


def test_other_declarations_ask_for_others(world, step):
    one, other = (
        world(step("a", cache=PlannedCache("k", ttl=1), outputs={"n": OutputSpec({"type": kind})})).recalls[0].shape
        for kind in ("integer", "string")
    )
    assert one != other
