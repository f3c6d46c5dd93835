"""The globs of `hashFiles` in a plan: found wherever an expression may stand, and nowhere else."""

from __future__ import annotations

import pytest

from windlass.errors import ExpressionError
from windlass.plan.codec import from_bytes, to_bytes, to_object
from windlass.plan.hashes import MOST_CALLS, hash_key, hashed, wanted_globs
from windlass.plan.model import EnvLayer, Plan, PlannedStep

VALUES = {"inputs": {"file": "a.txt", "count": 1}, "event": {}, "repository": {"name": "shop"}}


def plan(**step):
    one = PlannedStep("one", "steps", **step)
    return Plan(
        "shop", "w", None, {"x": "${{ hashFiles('input') }}"}, {"body": "${{ hashFiles('event') }}"}, {"one": one}
    )


def globs(**step):
    return wanted_globs(to_object(plan(**step)), VALUES)


def test_calls_in_every_field_that_is_evaluated():
    assert globs(condition="${{ hashFiles('a') != '' }}") == [("a",)]
    assert globs(env=(EnvLayer("step", {"A": "${{ hashFiles('a', '!b') }}-${{ hashFiles('c') }}"}),)) == [
        ("a", "!b"),
        ("c",),
    ]
    assert globs(argv=("echo", "${{ hashFiles('a') }}", "${{ hashFiles('a') }}")) == [("a",)]


def test_what_is_never_evaluated_is_not_hashed():
    assert globs(env=(EnvLayer("trigger", {"A": "${{ hashFiles('a') }}"}),)) == []
    assert globs(script="echo ${{ hashFiles('a') }}") == []


def test_globs_made_of_what_is_known():
    assert globs(condition="${{ hashFiles('lib/' + inputs.file) == '' }}") == [("lib/a.txt",)]
    assert globs(condition="${{ hashFiles(repository.name) == '' }}") == [("shop",)]


@pytest.mark.parametrize("glob", ["steps.a.outputs.b", "inputs.count", "inputs.none", "now()", "hashFiles('b')", "x"])
def test_a_call_that_cannot_be_answered_now_is_left_out(glob):
    assert ("b",) not in globs(condition=f"${{{{ hashFiles({glob}) == '' }}}}") or "hashFiles" in glob
    assert len(globs(condition=f"${{{{ hashFiles({glob}) == '' }}}}")) == ("hashFiles" in glob)


def test_too_many_calls():
    layer = EnvLayer("step", {f"A{n}": f"${{{{ hashFiles('{n}') }}}}" for n in range(MOST_CALLS + 1)})
    with pytest.raises(ExpressionError, match="more than 1000"):
        globs(env=(layer,))


def test_an_answer_is_found_by_its_globs_alone():
    hashes = {hash_key(["a", "b"]): "1", hash_key(["a"]): ""}
    assert hashed(hashes, ("a", "b")) == "1"
    assert hashed(hashes, ("a",)) == ""
    with pytest.raises(ExpressionError, match=r"hashFiles\(b\).*not known when the run was created"):
        hashed(hashes, ("b",))


def test_answers_are_kept_in_the_plan_and_an_older_plan_has_none():
    frozen = Plan("shop", "w", None, {}, {}, {}, hashes={'["a"]': "1"})
    assert from_bytes(to_bytes(frozen)).hashes == {'["a"]': "1"}
    assert from_bytes(to_bytes(frozen).replace(b'"hashes":{"[\\"a\\"]":"1"},', b"")).hashes == {}
