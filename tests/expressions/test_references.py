"""The names and functions of a text, found without knowing what is declared."""

from __future__ import annotations

import pytest

from windlass.expressions import colliding, functions, references


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("no expression: steps.a.outputs.b", set()),
        ("${{ inputs.x }}", {"inputs.x"}),
        ("${{ steps.build-image.outputs.tag }}", {"steps.build-image.outputs.tag"}),
        ("${{ steps.build.outputs['tag'] }}", {"steps.build.outputs.tag"}),
        ("${{ steps['build']['outputs'].tag }}", {"steps.build.outputs.tag"}),
        ("${{ steps.a.outputs[item] }}", {"steps.a.outputs", "item"}),
        ("${{ steps.a.outputs.url.startsWith('https') }}", {"steps.a.outputs.url"}),
        ("${{ 'steps.a.outputs.b' }}", set()),
        ("${{ '${{ inputs.x' + inputs.y }}", {"inputs.y"}),
        ("a ${{ inputs.x }} b ${{ secrets.KEY }}", {"inputs.x", "secrets.KEY"}),
        ("${{ event.body.commits.map(c, c.id + inputs.x) }}", {"event.body.commits", "inputs.x"}),
        ("${{ [1].map(item, item + index) }}", {"index"}),
        ("${{ has(steps.a.outputs.b) }}", {"steps.a.outputs.b"}),
        ("${{ inputs.replicas - 1 }}", {"inputs.replicas"}),
        ("${{ inputs.a-b }}", {"inputs.a-b"}),
        ("${{ event.body.a-event.body.b }}", {"event.body.a", "event.body.b"}),
        ("${{ type(inputs.x) == string }}", {"inputs.x"}),
        ("${{ {'inputs.z': matrix.x}['inputs.z'] }}", {"matrix.x"}),
        ("${{ broken ' }}", set()),
    ],
)
def test_names_are_found_as_written(text: str, names: set[str]) -> None:
    assert references(text) == names


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("success()", set()),
        ("${{ success() && !cancelled() }}", {"success", "cancelled"}),
        ("${{ hashFiles('always()') }}", {"hashFiles"}),
        ("${{ inputs.x.size() }}", set()),
        ("x ${{ always() }} ${{ size('a') }}", {"always", "size"}),
    ],
)
def test_global_functions_are_found(text: str, called: set[str]) -> None:
    assert functions(text) == called


def test_names_that_differ_only_in_hyphens_collide() -> None:
    assert colliding(["a-b", "c", "a_b", "d_e", "d-e"]) == [("a-b", "a_b"), ("d_e", "d-e")]
    assert colliding(["a-b", "ab", "a-b-c"]) == []
