"""What an action is given: evaluated and checked when its step starts, never changed by a layer of the environment."""

from __future__ import annotations

import json

import pytest

from windlass.plan.loop import Loop
from windlass.plan.model import EnvLayer, Given, OutputSpec

INPUTS = {
    "count": {"type": "integer", "maximum": 10},
    "loud": {"type": "boolean", "default": False},
    "tag-name": {"type": "string", "required": False},
    "parts": {"type": "array", "items": {"type": "string"}, "default": ["a"]},
    "token": {"type": "secret", "required": False},
}


def launch_of(found):
    (launch,) = found.running.values()
    return launch


def variables(launch):
    return {name: value for name, value in launch.env.items() if name.startswith("INPUT_")}


def test_inputs_are_variables_and_a_file_in_which_no_secret_stands(world, step):
    values = {"count": 3, "token": "s3cret", "parts": ["b", "${{ repository.name }}"]}
    given = Given("./actions/x", values, INPUTS)
    launch = launch_of(world(step("a", given=given)))
    assert variables(launch) == {
        "INPUT_COUNT": "3",
        "INPUT_LOUD": "false",
        "INPUT_PARTS": '["b","shop"]',
        "INPUT_TOKEN": "s3cret",
    }
    assert json.loads(launch.inputs) == {"count": 3, "loud": False, "tag-name": None, "parts": ["b", "shop"]}


def test_no_layer_changes_what_was_checked(world, step):
    env = tuple(EnvLayer(name, {"INPUT_COUNT": "99", "INPUT_TAG_NAME": "x"}) for name in ("action", "step", "trigger"))
    launch = launch_of(world(step("a", env=env, given=Given("./actions/x", {"count": 3}, INPUTS))))
    assert (launch.env["INPUT_COUNT"], "INPUT_TAG_NAME" in launch.env) == ("3", False)


def test_an_expression_that_is_null_gives_nothing(world, step):
    reading = "${{ has(event.body) ? event.body : null }}"
    given = Given("./actions/x", {"count": 3, "loud": reading, "tag-name": reading}, INPUTS)
    launch = launch_of(world(step("a", given=given)))
    assert (launch.env["INPUT_LOUD"], "INPUT_TAG_NAME" in launch.env) == ("false", False)


@pytest.mark.parametrize(
    ("values", "cause", "words"),
    [
        ({"count": "${{ 10 + 1 }}"}, "input-invalid", "with: count: must be at most 10, is 11"),
        ({"count": "${{ repository.name }}"}, "input-invalid", 'with: count: must be an integer, not "shop"'),
        ({}, "input-invalid", "with: count: is required"),
        ({"count": "${{ event.none }}"}, "expression", "event.none"),
    ],
)
def test_a_value_that_is_refused_ends_the_step(world, step, values, cause, words):
    found = world(step("a", given=Given("./actions/x", values, INPUTS)), step("b", "a"))
    assert found.running == {}
    assert found.statuses() == {"a": "errored", "b": "skipped"}
    assert found.step("a").cause == cause
    assert words in found.step("a").message
    assert found.step("a").attempts == ()


def test_each_item_of_a_loop_is_given_its_own(world, step):
    given = Given("./actions/x", {"count": "${{ item }}"}, INPUTS)
    found = world(step("a", given=given, loop=Loop("forEach", source=[1, 2])))
    assert [launch.env["INPUT_COUNT"] for launch in found.running.values()] == ["1", "2"]


def test_what_an_action_writes_is_checked_like_any_output(world, step):
    outputs = {"n": OutputSpec({"type": "integer"})}
    found = world(step("a", outputs=outputs, given=Given("./actions/x", {"count": 1}, INPUTS)))
    found.begin("a").end("a", outputs=b"n=x\n")
    assert found.step("a").cause == "output-type"


def test_what_no_program_could_be_given_is_only_in_the_file(world, step):
    inputs = {"notes": {"type": "file"}}
    most = "x" * (128 * 1024 - len("INPUT_NOTES=") - 1)
    for text, variable in ((most, True), (most + "x", False)):
        launch = launch_of(world(step("a", given=Given("./actions/x", {"notes": text}, inputs))))
        assert ("INPUT_NOTES" in launch.env) is variable
        assert json.loads(launch.inputs) == {"notes": text}
