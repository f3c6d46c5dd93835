"""Steps that use something against what it asks for and gives back, which stands in another file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.loading.repository import Loaded

    Load = Callable[..., Loaded]

HEAD = "apiVersion: windlass.dev/v1\nkind: {}\nmetadata: {{name: {}}}\n"
ACTION = (
    HEAD.format("Action", "x")
    + """\
inputs:
  count: {type: integer, maximum: 9, default: 1}
  name: {type: string, required: false}
  parts: {type: array, items: {type: string, enum: [api, web]}, required: false}
  token: {type: secret, required: false}
  box: {type: object, properties: {n1: {type: integer}}, required: false}
outputs:
  image: {type: string}
  total: {type: integer}
run: echo hi
"""
)
WORKFLOW = HEAD.format("Workflow", "a") + "inputs: {who: {type: string, required: false}}\nsteps:\n"
USED = (
    HEAD.format("Workflow", "used")
    + """\
inputs: {count: {type: integer}}
outputs:
  any: ${{ steps.one.status }}
  total: {value: "${{ 1 }}", type: integer}
steps:
  one: {run: echo hi}
"""
)


def problems(load: Load, steps: str, **more: str) -> list[tuple[int, int, str, str | None]]:
    files = {"workflows/a.yaml": WORKFLOW + steps, "workflows/used.yaml": USED, "actions/x/action.yaml": ACTION}
    loaded = load(files | {path.replace("__", "/") + ".yaml": text for path, text in more.items()})
    found = [p for p in loaded.problems if p.severity == "error" and p.rule != "not-supported"]
    return [(p.span.line, p.span.column, p.rule, p.hint) for p in found]


def test_what_fits_is_fine(load: Load) -> None:
    steps = """\
  x:
    uses: ./actions/x
    with:
      count: 9
      parts: [api, "${{ inputs.who }}"]
      name: "to ${{ inputs.who }}"
      box: {n1: "${{ 1 }}"}
  last:
    uses: ./actions/x
    env: {IMAGE: "${{ steps.x.outputs.image }}"}
    with: {count: "${{ steps.x.outputs.total + 1 }}", name: "${{ inputs.who }}"}
"""
    assert problems(load, steps) == []


@pytest.mark.parametrize(
    ("given", "column", "rule"),
    [
        ("count: many", 40, "input-value"),
        ("count: 10", 40, "input-value"),
        ("count: null, name: 3", 52, "input-value"),
        ("parts: [api, wbe]", 46, "input-value"),
        ("parts: api", 40, "input-value"),
        ("box: {n1: x}", 43, "input-value"),
        ("token: hunter2", 40, "plain-secret"),
        ("count: 'n${{ inputs.who }}'", 41, "expression-type"),
        ("count: '${{ inputs.who }}'", 45, "expression-type"),
        ("name: '${{ inputs.wo }}'", 44, "unknown-name"),
        ("name: '${{ secrets.A }}'", 44, "secret-not-allowed"),
        ("naem: x", 33, "unknown-input"),
    ],
)
def test_a_value_that_does_not_fit_is_named_where_it_stands(load: Load, given: str, column: int, rule: str) -> None:
    found = problems(load, f"  x: {{uses: ./actions/x, with: {{{given}}}}}\n")
    assert [(line, at, name) for line, at, name, _ in found] == [(6, column, rule)]


def test_outputs_are_those_that_the_action_declares(load: Load) -> None:
    steps = """\
  x: {uses: ./actions/x}
  y: {env: {A: "${{ steps.x.outputs.imge }}"}, run: echo}
  z: {if: "${{ steps.x.outputs.total == 'a' }}", run: echo}
"""
    assert problems(load, steps) == [
        (7, 21, "unknown-name", "did you mean steps.x.outputs.image?"),
        (8, 38, "expression-type", "write a number without quotes, or convert one side by string(…)"),
    ]


def test_a_step_adds_no_outputs_to_those_of_its_action(load: Load) -> None:
    found = problems(load, "  x: {uses: ./actions/x, outputs: {more: {}}}\n")
    assert found == [(6, 26, "step-kind", "delete it")]


def test_an_action_without_outputs_has_none_to_read(load: Load) -> None:
    steps = '  n: {uses: ./actions/none}\n  y: {env: {A: "${{ steps.n.outputs.a }}"}, run: echo}\n'
    found = problems(load, steps, actions__none__action=HEAD.format("Action", "none") + "run: echo\n")
    assert [(line, column, rule) for line, column, rule, _ in found] == [(7, 21, "unknown-name")]


@pytest.mark.parametrize("name", ["a", "z"])  # read before and after the one that it uses
def test_a_workflow_that_is_used_is_no_different(load: Load, name: str) -> None:
    steps = """\
  used: {uses: ./workflows/used.yaml, with: {count: x}}
  fine: {env: {A: "${{ steps.used.outputs.any }}"}, run: echo}
  none: {env: {A: "${{ steps.used.outputs.none }}"}, run: echo}
  type: {if: "${{ steps.used.outputs.total == 'a' }}", run: echo}
"""
    text = HEAD.format("Workflow", name) + "steps:\n" + steps
    found = problems(load, "  one: {run: echo}\n", **{f"workflows__{name}": text})
    assert [(line, column, rule) for line, column, rule, _ in found] == [
        (5, 53, "input-value"),
        (7, 24, "unknown-name"),
        (8, 44, "expression-type"),
    ]


def test_an_action_is_given_its_values_and_evaluates_none(load: Load) -> None:
    action = (
        HEAD.format("Action", "x")
        + "image: 'x:${{ inputs.v }}'\nenv: {A: '${{ inputs.v }}'}\nrun: echo ${{ inputs.v }}\n"
    )
    found = load({"actions/x/action.yaml": action}).problems
    assert [(p.span.line, p.span.column, p.rule) for p in found] == [
        (4, 11, "expression-not-allowed"),
        (5, 11, "expression-not-allowed"),
        (6, 11, "expression-in-script"),
    ]


def test_an_action_is_warned_of_like_a_step(load: Load) -> None:
    action = HEAD.format("Action", "x") + "image: debian\nenv: {LD_PRELOAD: x}\nrun: echo\n"
    found = load({"actions/x/action.yaml": action}).problems
    assert [(p.span.line, p.span.column, p.rule, p.severity) for p in found] == [
        (4, 8, "image-without-tag", "warning"),
        (5, 7, "risky-env-name", "warning"),
    ]


def test_inputs_that_are_one_variable_collide(load: Load) -> None:
    action = HEAD.format("Action", "x") + "inputs: {a-b: {}, A_b: {}}\nrun: echo\n"
    assert [(p.span.line, p.span.column, p.rule) for p in load({"actions/x/action.yaml": action}).problems] == [
        (4, 19, "colliding-names")
    ]


def test_a_test_gives_only_what_the_action_could(load: Load) -> None:
    test = HEAD.format("Test", "t").replace("metadata: {name: t}\n", "workflow: a\n")
    test += """\
cases:
  - name: one
    steps:
      x: {outputs: {image: a, total: many, imge: b}}
"""
    files = {"workflows/a.yaml": WORKFLOW + "  x: {uses: ./actions/x}\n", "actions/x/action.yaml": ACTION}
    found = [p for p in load(files | {"tests/a.test.yaml": test}).problems if p.severity == "error"]
    assert [(p.span.line, p.span.column, p.rule, p.hint) for p in found] == [
        (7, 38, "output-value", None),
        (7, 44, "unknown-output", "did you mean image?"),
    ]
