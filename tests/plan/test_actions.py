"""A step that uses an action is planned as the action says, with what the step says over it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from windlass.plan.codec import digest, from_bytes, to_bytes
from windlass.plan.model import Given
from windlass.plan.uses import Used
from windlass_schemas.action import Action

STEP = "steps: {build: {uses: ./actions/build/%s}}"


def used(script: str | None = None, **action: Any) -> dict[str, Used]:
    document = {"apiVersion": "windlass.dev/v1", "kind": "Action", "metadata": {"name": "build"}, **action}
    Action.model_validate(document)
    return {"./actions/build": Used("Action", document, "actions/build", script)}


def test_the_action_says_what_runs_and_what_comes_out(plan):
    inputs = {"tag": {"type": "string"}}
    uses = used(run="make", shell="sh", image="make:4", env={"A": "x"}, inputs=inputs, outputs={"log": {"size": "1Mi"}})
    made = plan(STEP % ", with: {tag: '${{ inputs.tag }}'}, env: {A: 1}", uses=uses, inputs={"tag": "v1"})
    step = made.steps["build"]
    assert (step.script, step.script_name, step.argv, step.image) == (
        "make",
        "script.sh",
        ("sh", "-e", "{script}"),
        "make:4",
    )
    assert [(layer.name, layer.values) for layer in step.env] == [("action", {"A": "x"}), ("step", {"A": 1})]
    assert step.outputs["log"].size == 1 << 20
    assert step.given == Given("./actions/build", {"tag": "${{ inputs.tag }}"}, inputs)
    assert from_bytes(to_bytes(made)) == made
    assert digest(to_bytes(from_bytes(to_bytes(made)))) == digest(to_bytes(made))


def test_a_step_wins_over_the_action_and_the_action_over_the_defaults(plan):
    defaults = "defaults: {image: debian:12, shell: python, timeout: 1h}\n"
    step = plan(defaults + STEP % "", uses=used(run="make")).steps["build"]
    assert (step.image, step.argv[0], step.timeout) == ("debian:12", "bash", 3_600_000)
    step = plan(defaults + STEP % "", uses=used(run="make", image="make:4")).steps["build"]
    assert step.image == "make:4"
    step = plan(defaults + STEP % ", image: make:5", uses=used(run="make", image="make:4")).steps["build"]
    assert step.image == "make:5"


@pytest.mark.parametrize(
    ("action", "argv", "name"),
    [
        ({"entrypoint": "main.py"}, ("python3", "-u", "{script}"), "script.py"),
        ({"entrypoint": "src/main.js"}, ("node", "{script}"), "script.js"),
        ({"entrypoint": "build"}, ("bash", "-euo", "pipefail", "{script}"), "script.sh"),
        ({"entrypoint": "main.py", "shell": "sh"}, ("sh", "-e", "{script}"), "script.py"),
        ({"entrypoint": "a.lua", "shell": {"command": ["lua", "{script}"]}}, ("lua", "{script}"), "script.lua"),
    ],
)
def test_an_entrypoint_is_run_by_what_its_ending_says(plan, action, argv, name):
    step = plan(STEP % "", uses=used("the text", **action)).steps["build"]
    assert (step.script, step.argv, step.script_name) == ("the text", argv, name)


def test_a_command_is_run_without_a_shell(plan):
    step = plan(STEP % "", uses=used(command="make", args=["-j", "2"])).steps["build"]
    assert (step.script, step.argv) == (None, ("make", "-j", "2"))


def test_what_with_refers_to_is_waited_for(plan):
    made = plan(
        "steps:\n  a: {run: x, outputs: {x: {type: integer}}}\n"
        "  build: {uses: ./actions/build, with: {deep: [{n: '${{ steps.a.outputs.x }}'}]}}",
        uses=used(run="make", inputs={"deep": {"type": "array"}}),
    )
    assert made.steps["build"].needs == made.steps["build"].reads == ("a",)


def test_a_script_that_does_not_stand_alone_stands_among_its_files(plan):
    alone = used("import lib", entrypoint="src/main.py")["./actions/build"]
    uses = {"./actions/build": replace(alone, files={"src/lib.py": {"text": "A = 1"}})}
    made = plan(STEP % "", uses=uses)
    assert (made.steps["build"].script_name, made.uses) == ("action/src/main.py", uses)
    assert from_bytes(to_bytes(made)) == made
    assert plan(STEP % "", uses={"./actions/build": alone}).uses == {}
