"""A file of wrong shape: its other mistakes are shown too, and none that only the missing part makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.loading.repository import Loaded

    Load = Callable[..., Loaded]

HEAD = "apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {name: a}\n"
STEP = "steps:\n  one: {run: echo hi}\n"


def rules(load: Load, text: str) -> list[tuple[int, str]]:
    problems = load({"workflows/a.yaml": text}).problems
    return [(problem.span.line, problem.rule) for problem in problems]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (  # a schedule that is none, beside one with a bad line
            "triggers:\n  schedule:\n    - every: 1ms\n    - cron: 61 * * * *\n" + STEP,
            [(6, "invalid-every"), (7, "invalid-cron")],
        ),
        (  # a wrong input: what refers to it is fine, what refers to another one is not
            "inputs:\n  a: {type: strin}\nsteps:\n  one:\n"
            "    env:\n      A: ${{ inputs.a }}\n      B: ${{ inputs.b }}\n    run: echo ${{ inputs.a }}\n",
            [(5, "invalid-value"), (10, "unknown-name"), (11, "expression-in-script")],
        ),
        (
            "inputs:\n  1a: {type: string}\n  b_c: {type: string}\n  b-c: {type: string}\n" + STEP,
            [(5, "invalid-value-name"), (7, "colliding-names")],
        ),
        (
            "outputs:\n  a: text\n  b: ${{ nothing }}\n" + STEP,
            [(5, "invalid-output"), (6, "unknown-name")],
        ),
        (
            "steps:\n  - {run: x, uses: std/x, needs: [nope]}\n  - {name: B, run: x}\n"
            "  - {run: x, env: {A: '${{ steps.B.status }}'}}\n",
            [(5, "step-kind"), (5, "unknown-step"), (6, "invalid-step-name")],
        ),
        (
            "steps:\n  one: {forEach: 3.5, run: x, env: {A: '${{ item }}', B: '${{ nothing }}'}}\n",
            [(5, "invalid-for-each"), (5, "unknown-name")],
        ),
        (
            "env: 3\nsteps:\n  one: {run: x, env: {A: '${{ env.A }}', B: '${{ a }}'}}\n",
            [(4, "wrong-type"), (6, "unknown-name")],
        ),
        ("inputs: {n: {type: integer, default: x}}\n", [(1, "missing-key"), (4, "input-value")]),
    ],
)
def test_a_broken_workflow_shows_all_its_mistakes(load: Load, text: str, wanted: list[tuple[int, str]]) -> None:
    assert rules(load, HEAD + text) == wanted


def test_a_file_without_a_head_is_checked_too(load: Load) -> None:
    assert rules(load, "steps:\n  one: {run: 'echo ${{ 1 }}'}\n") == [
        (1, "missing-key"),
        (1, "missing-key"),
        (1, "missing-key"),
        (2, "expression-in-script"),
    ]


def test_a_broken_action_shows_all_its_mistakes(load: Load) -> None:
    text = "apiVersion: windlass.dev/v1\nkind: Action\nmetadata: {name: x}\nbogus: 1\nrun: echo ${{ inputs.x }}\n"
    problems = load({"actions/x/action.yaml": text}).problems
    assert [problem.rule for problem in problems] == ["unknown-key", "expression-in-script"]
