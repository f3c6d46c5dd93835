"""What a workflow means: each check, where it points, and what it leaves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.loading.repository import Loaded

    Load = Callable[..., Loaded]

HEAD = "apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {name: a}\n"
STEP = "steps:\n  one: {run: echo hi}\n"


def found(load: Load, text: str, *, settings: str = "") -> list[tuple[int, int, str]]:
    files = {"workflows/a.yaml": HEAD + text}
    if settings:
        files["windlass.yaml"] = f"apiVersion: windlass.dev/v1\nkind: Repository\n{settings}"
    return [(problem.span.line, problem.span.column, problem.rule) for problem in load(files).problems]


@pytest.mark.parametrize(
    "text",
    [
        STEP,
        "inputs: {n: {type: integer, required: false}}\nsteps:\n  one: {if: '${{ inputs.n == null }}', run: echo hi}\n",
        "steps:\n  - run: x\nfinally:\n  - run: x\n  - {run: x, env: {A: '${{ steps.step-2.status }}'}}\n",
        "steps:\n  - run: echo hi\n  - {name: b, run: echo hi, env: {A: '${{ steps.step-1.status }}'}}\n",
        "steps:\n  a: {run: x}\nfinally:\n  b: {if: '${{ failure() }}', env: {A: '${{ steps.a.status }}'}, run: x}\n",
        "env: {A: one}\nsteps:\n  a: {env: {B: '${{ env.A }}'}, run: echo hi}\n",
        "triggers:\n  webhook:\n    - {name: x, verify: {scheme: none}, if: '${{ event.body.ref == \"x\" }}'}\n" + STEP,
        "runTitle: by ${{ run.actor }} at ${{ now() }}\n" + STEP,
        "inputs: {all: {type: string, default: x}}\nsteps:\n  one: {run: cat $WINDLASS_INPUTS}\n",
        "steps:\n  one: {run: echo hi, image: 'debian:12'}\n  two: {run: x, image: 'r.example.com:5000/x@sha256:00'}\n",
        "metadata: {name: a, description: 'says ${{ nothing }}'}\n".join(["", STEP]).replace("metadata", "x-meta", 1),
    ],
)
def test_what_is_right(load: Load, text: str) -> None:
    assert found(load, text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("steps:\n  a-b: {run: x}\n  a_b: {run: x}\n", [(6, 3, "invalid-step-name")]),
        ("steps:\n  - {name: a, run: x}\n  - {name: a, run: x}\n", [(6, 12, "duplicate-name")]),
        ("steps:\n  - run: x\n  - {name: step-1, run: x}\n", [(6, 12, "duplicate-name")]),
        ("steps:\n  a: {run: x}\nfinally:\n  a: {run: x}\n", [(7, 3, "duplicate-name")]),
        ("steps:\n  a: {run: x, needs: [b]}\nfinally:\n  b: {run: x}\n", [(5, 23, "needs-finally")]),
        ("steps:\n  a: {run: x}\nfinally:\n  b: {run: x, needs: [a]}\n", [(7, 23, "needs-finally")]),
        (
            "steps:\n  a: {run: x, env: {A: '${{ steps.b.status }}'}}\nfinally:\n  b: {run: x}\n",
            [(5, 29, "unknown-name")],
        ),
        ("env: {A: '${{ steps.one.status }}'}\n" + STEP, [(4, 15, "unknown-name")]),
        ("steps:\n  one: {run: x, env: {A: '${{ item }}'}}\n", [(5, 31, "unknown-name")]),
        ("steps:\n  one: {run: x, timeout: '${{ 5 }}'}\n", [(5, 31, "expression-type")]),
        ("steps:\n  one: {run: x, outputs: {a: {title: '${{ 1 }}'}}}\n",
         [(5, 27, "unused-output"), (5, 39, "expression-not-allowed")]),
        ("inputs: {a: {default: '${{ 1 }}'}}\n" + STEP, [(4, 10, "unused-input"), (4, 23, "expression-not-allowed")]),
        (
            "inputs: {a: {pattern: '(?<=x)y', default: x}}\n" + STEP,
            [(4, 10, "unused-input"), (4, 23, "invalid-pattern")],
        ),
        ("inputs: {a: {default: x}}\n" + STEP, [(4, 10, "unused-input")]),
        ("steps:\n  one: {run: x, image: debian}\n", [(5, 24, "image-without-tag")]),
        ("steps:\n  one: {run: x, image: 'a.example.com:5000/x:latest'}\n", [(5, 24, "image-without-tag")]),
        (
            "inputs: {n: {type: integer}}\ntriggers:\n  schedule:\n    - {every: 5m, inputs: {n: x, m: 1}}\n"
            "steps:\n  one: {run: x, env: {N: '${{ inputs.n }}'}}\n",
            [(7, 31, "input-value"), (7, 34, "unknown-input")],
        ),
        ("outputs: {u: '${{ steps.two.outputs.x }}'}\n" + STEP, [(4, 19, "unknown-name")]),
        ("outputs: {u: {value: '${{ 1 }}', type: boolean}}\n" + STEP, [(4, 27, "expression-type")]),
        ("expect: {}\n" + STEP, [(4, 1, "not-supported")]),
        ("steps:\n  one:\n    forEach: 10001\n    run: x\n", [(6, 5, "loop-too-large")]),
        ("environment: moon\n" + STEP, [(4, 14, "unknown-environment")]),
        ("steps:\n  one: {run: x, needs: [tow], timeout: 5}\n  two: {run: x}\n",
         [(5, 25, "unknown-step"), (5, 40, "invalid-duration")]),
    ],
)  # fmt: skip
def test_what_is_wrong(load: Load, text: str, expected: list[tuple[int, int, str]]) -> None:
    assert found(load, text) == expected


def test_a_fix_for_an_expression_in_a_script(load: Load) -> None:
    text = HEAD + 'steps:\n  one:\n    run: |\n      cd x\n      ./go "${{ run.id }}"\n'
    problem = load({"workflows/a.yaml": text}).problems[0]
    assert (problem.span.line, problem.span.column, problem.span.end_column) == (8, 13, 26)
    assert problem.hint == 'put it in env: {ID: "${{ run.id }}"} and use "$ID" here'


def test_env_of_any_environment_may_be_picked(load: Load) -> None:
    settings = "environments: {production: {env: {TIER: gold}}}\n"
    uses = "steps:\n  one: {run: x, env: {A: '${{ env.TIER }}'}}\n"
    assert found(load, uses, settings=settings) == [(5, 31, "unknown-name")]
    picked = "environment: production\n" + uses
    assert found(load, picked, settings=settings) == []


def test_a_circle_of_many_steps_is_one_short_problem(load: Load) -> None:
    steps = "".join(f"  s{n}: {{run: x, needs: [s{(n + 1) % 1000}]}}\n" for n in range(1000))
    loaded = load({"workflows/a.yaml": HEAD + "steps:\n" + steps})
    assert [problem.rule for problem in loaded.problems] == ["dependency-cycle"]
    assert len(loaded.problems[0].message) < 1000


def test_a_good_expression_is_not_remembered_for_other_types(load: Load) -> None:
    def text(kind: str) -> str:
        declared = f"inputs: {{n: {{type: {kind}}}}}\n"
        return declared + "steps:\n  one: {run: x, if: '${{ inputs.n > 1 }}'}\n"

    assert found(load, text("integer")) == []
    assert [rule for _, _, rule in found(load, text("string"))] == ["expression-type"]
    assert found(load, text("integer")) == []


def test_a_step_of_finally_is_reached_whatever_it_says_of_steps_that_are_not(load: Load) -> None:
    never = "steps:\n  a: {run: x, if: false, outputs: {v: {type: string}}}\n"
    reads = "  b: {run: x, env: {A: '${{ steps.a.outputs.v }}'}}\n"
    last = "finally:\n  c: {run: x, env: {A: '${{ steps.b.status }}'}}\n  d: {run: x, needs: [c]}\n"
    assert found(load, never + reads + last) == [(5, 19, "unreachable-step"), (6, 3, "unreachable-step")]


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("ref+valut://a#/b", "did you mean ref+vault?"),
        ("ref+vault:a", "write ref+vault://PATH#/KEY, without blanks"),
        ("ref+exec://ls", None),
        ("ref+nothing-like-it://a", None),
        (
            "hunter2",
            "put it into a SOPS file or into `windlass secrets set`; what stood in git once is known: change it",
        ),
    ],
)
def test_what_was_meant_by_a_secret_reference(load: Load, written: str, hint: str | None) -> None:
    settings = f"apiVersion: windlass.dev/v1\nkind: Repository\nsecrets: {{A: '{written}'}}\n"
    (problem,) = load({"windlass.yaml": settings}).problems
    assert problem.hint == hint
    assert written not in problem.message
