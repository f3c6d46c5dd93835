"""The environment of a planned step: what is known before a run, and what is never shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from windlass.plan.environment import variables
from windlass.plan.model import EnvLayer
from windlass.plan.uses import Used

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = "inputs: {key: {type: string}, n: {type: integer, default: 2}}\nsteps:\n  a: {run: x}\n"


def shown(plan: Callable[..., Any], value: Any, **changes: Any) -> str | None:
    made = plan(TEXT, inputs={"key": "topsecret", "n": 2})
    step = replace(made.steps["a"], env=(EnvLayer("step", {"A": value}),))
    (found,) = variables(replace(made, **changes), step)
    return found.value


def test_what_is_known_is_computed(plan: Callable[..., Any]) -> None:
    assert shown(plan, "${{ inputs.n + 1 }} of ${{ repository.name }}") == "3 of shop"
    assert shown(plan, True) == "true"


def test_a_secret_is_never_shown(plan: Callable[..., Any]) -> None:
    assert shown(plan, "Bearer ${{ secrets.TOKEN }}") == "Bearer ***"
    assert shown(plan, "${{ inputs.key }}", secret_inputs=("key",)) == "***"


def test_what_only_a_run_knows_stays_as_written(plan: Callable[..., Any]) -> None:
    assert shown(plan, "${{ steps.b.outputs.c }}-${{ inputs.n }}") == "${{ steps.b.outputs.c }}-2"
    assert shown(plan, "${{ now() }}") == "${{ now() }}"
    assert shown(plan, "${{ has(event.body) }}") == "${{ has(event.body) }}"
    assert shown(plan, "${{ item }}") == "${{ item }}"


def test_env_shows_what_is_known_of_the_shared_layers(plan: Callable[..., Any]) -> None:
    layers = (EnvLayer("workflow", {"KNOWN": "${{ inputs.n }}", "LATER": "${{ run.id }}", "GONE": None}),)
    assert shown(plan, "${{ env.KNOWN }}", env=layers) == "2"
    assert shown(plan, "${{ env.LATER }}", env=layers) == "${{ env.LATER }}"
    assert shown(plan, "${{ env.GONE }}", env=layers) == "${{ env.GONE }}"


def test_a_secret_input_hides_in_a_whole(plan: Callable[..., Any]) -> None:
    assert "topsecret" not in str(shown(plan, "${{ toJson(inputs) }}", secret_inputs=("key",)))


def test_an_action_has_the_weakest_layer_and_its_inputs_the_last_word(plan: Callable[..., Any]) -> None:
    inputs = {
        "n": {"type": "integer"},
        "tag": {"default": "x"},
        "token": {"type": "secret"},
        "none": {"required": False},
        "later": {},
    }
    document = {"apiVersion": "windlass.dev/v1", "kind": "Action", "metadata": {"name": "b"}, "inputs": inputs}
    uses = {"./actions/b": Used("Action", {**document, "run": "x", "env": {"A": "weak"}}, "actions/b")}
    given = "{n: '${{ inputs.n }}', token: '${{ secrets.T }}', later: '${{ steps.x.outputs.y }}'}"
    text = f"env: {{A: strong}}\nsteps:\n  a: {{uses: ./actions/b, with: {given}, env: {{INPUT_NONE: x}}}}\n"
    made = plan(text, inputs={"n": 2}, uses=uses)
    found = [(v.name, v.value, v.layer) for v in variables(made, made.steps["a"]) if v.wins]
    assert found == [
        ("A", "strong", "workflow"),
        ("INPUT_LATER", "${{ steps.x.outputs.y }}", "with"),
        ("INPUT_N", "2", "with"),
        ("INPUT_NONE", None, "with"),
        ("INPUT_TAG", "x", "with"),
        ("INPUT_TOKEN", "***", "with"),
    ]
