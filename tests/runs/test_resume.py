"""A rerun of what failed goes on inside nested workflows: what succeeded there is kept, `finally` runs again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from windlass.plan.loop import Loop
from windlass.plan.model import Nested
from windlass.plan.uses import Used
from windlass.runs.model import Status
from windlass.runs.rerun import all_steps, kept_steps, mark_origin
from windlass.runs.state import RunState

HEAD = {"apiVersion": "windlass.dev/v1", "kind": "Workflow"}
INNER = {
    **HEAD,
    "metadata": {"name": "inner"},
    "inputs": {"x": {"default": "a"}},
    "outputs": {"url": "${{ steps.one.outputs.url }}"},
    "steps": {
        "one": {"run": "x", "outputs": {"url": {}}},
        "two": {"run": "x", "needs": ["one"], "env": {"U": "${{ steps.one.outputs.url }}"}},
        "three": {"run": "x", "needs": ["two"]},
    },
    "finally": {"tidy": {"run": "x"}},
}
MIDDLE = {
    **HEAD,
    "metadata": {"name": "middle"},
    "steps": {"first": {"run": "x"}, "deep": {"uses": "./inner.yaml", "needs": ["first"]}},
}
USES = {"./inner.yaml": Used("Workflow", INNER, "inner.yaml"), "./middle.yaml": Used("Workflow", MIDDLE, "middle.yaml")}


@pytest.fixture
def play(world, step):
    """The end of a run in which every step whose path ends with one of `bad` fails; what was launched in it."""

    def make(*steps, bad=(), before=None):
        w = world(*steps, uses=USES)
        if before is not None:
            kept = kept_steps(w.plan, list(before.state.every_step()), "failed")
            fresh = type(w)(w.plan)
            fresh.state = RunState(w.plan, fresh.head, all_steps(w.plan, mark_origin(kept, "01OLD")))
            w = fresh.tell()
        while w.running:
            path = next(iter(w.running)).path
            failing = path.endswith(tuple(bad)) if bad else False
            w.end(path, 1 if failing else 0, outputs=b"url=u\n" if path.endswith("one") and not failing else b"")
        return w

    return make


def paths(world):
    return [key.path for key in world.launched]


def test_what_succeeded_below_is_kept(play, step):
    steps = (step("outer", nested=Nested("./inner.yaml")), step("after", "outer"))
    failed = play(*steps, bad=["two"])
    assert paths(failed) == ["outer/one", "outer/two", "outer/tidy"]
    again = play(*steps, before=failed)
    assert paths(again) == ["outer/two", "outer/three", "outer/tidy", "after"]
    assert again.head.status is Status.SUCCEEDED
    assert again.step("outer").outputs == {"url": "u"}
    assert again.step("outer").started_at is not None
    one = next(s for s in again.state.every_step() if s.key.path == "outer/one")
    assert one.attempts[0].handle == {"run": "01OLD"}


def test_it_goes_on_at_any_depth(play, step):
    steps = (step("outer", nested=Nested("./middle.yaml")),)
    failed = play(*steps, bad=["three"])
    assert paths(play(*steps, before=failed)) == ["outer/deep/three", "outer/deep/tidy"]


def test_items_go_on_each_where_it_stood(play, step):
    steps = (step("outer", nested=Nested("./inner.yaml"), loop=Loop("forEach", source=["a", "b"], fail_fast=False)),)
    failed = play(*steps, bad=["outer[1]/two"])
    again = play(*steps, before=failed)
    assert paths(again) == ["outer[1]/two", "outer[1]/three", "outer[1]/tidy"]
    assert again.head.status is Status.SUCCEEDED


def test_nothing_below_succeeded_so_it_begins_anew(play, step):
    steps = (step("outer", nested=Nested("./inner.yaml")),)
    failed = play(*steps, bad=["one"])
    assert paths(play(*steps, before=failed)) == ["outer/one", "outer/two", "outer/three", "outer/tidy"]


def test_behind_something_that_runs_again_it_begins_anew(play, step):
    """What it is given may be another value this time."""
    steps = (step("a"), step("outer", "a", nested=Nested("./inner.yaml"), condition="${{ always() }}", tolerant=True))
    failed = play(*steps, bad=["a", "two"])
    assert paths(play(*steps, before=failed))[:2] == ["a", "outer/one"]


def test_a_changed_workflow_below_is_a_changed_step(play, step):
    steps = (step("outer", nested=Nested("./inner.yaml")), step("bad"))
    failed = play(*steps, bad=["bad"])
    changed = {**USES, "./inner.yaml": Used("Workflow", {**INNER, "env": {"NEW": "1"}}, "inner.yaml")}
    plan = replace(failed.plan, uses=changed)
    kept = kept_steps(plan, list(failed.state.every_step()), "failed", before=failed.plan)
    assert kept == []
    kept = kept_steps(failed.plan, list(failed.state.every_step()), "failed", before=failed.plan)
    assert [s.key.path for s in kept] == ["outer", "outer/one", "outer/two", "outer/three", "outer/tidy"]


def test_a_checkout_of_another_commit_is_a_changed_step(play, step):
    steps = (step("reads", checkout=True), step("bad"))
    failed = play(*steps, bad=["bad"])
    plan = replace(failed.plan, commit="d" * 40)
    assert kept_steps(plan, list(failed.state.every_step()), "failed", before=failed.plan) == []
