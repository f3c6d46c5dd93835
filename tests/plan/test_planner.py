"""Written → planned: order, defaults, layers, values that are needed when the run is created."""

from __future__ import annotations

import pytest

from windlass.errors import ExpressionError
from windlass.plan.codec import digest, from_bytes, to_bytes


def test_references_are_dependencies_and_lists_run_in_order(plan):
    made = plan("""
steps:
  a: {run: "true", outputs: {x: {type: integer}}}
  b: {run: "true", env: {X: "${{ steps.a.outputs.x }}"}}
  c: {run: "true", needs: [a], if: "${{ steps.b.status == 'failed' }}"}
finally:
  - {run: "true", env: {X: "${{ steps.a.outputs.x }}"}}
  - {name: last, run: "true"}
""")
    assert made.steps["b"].needs == made.steps["b"].reads == ("a",)
    assert (made.steps["c"].needs, made.steps["c"].reads, made.steps["c"].tolerant) == (("a", "b"), (), True)
    assert (made.finally_["step-1"].needs, made.finally_["step-1"].reads) == ((), ("a",))
    assert made.finally_["last"].needs == ("step-1",)


def test_a_default_is_replaced_whole_by_the_nearest_one(plan):
    made = plan(
        """
defaults: {shell: sh, retry: {attempts: 5}}
steps:
  a: {run: "true"}
  b: {run: "true", shell: python, retry: {delay: 1s}}
""",
        "defaults: {shell: bash, timeout: 1h, image: debian:12}",
    )
    a, b = made.steps.values()
    assert (a.argv, a.retry.attempts, a.timeout, a.image) == (("sh", "-e", "{script}"), 5, 3_600_000, "debian:12")
    assert (b.script_name, b.retry.attempts, b.retry.delay) == ("script.py", 1, 1000)


def test_layers_stand_weakest_first(plan):
    made = plan(
        "environment: production\nenv: {A: workflow}\nsteps: {a: {run: 'true', env: {A: step}}}",
        "env: {A: repository}\nenvironments: {production: {env: {A: environment}}}",
        env={"A": "trigger"},
    )
    assert [(layer.name, layer.values["A"]) for layer in made.steps["a"].env] == [
        (name, name) for name in ("repository", "environment", "workflow", "step", "trigger")
    ]
    assert [layer.name for layer in made.env] == ["repository", "environment", "workflow"]


def test_an_environment_is_picked_by_an_input_and_must_exist(plan):
    text = "environment: ${{ inputs.where }}\nsteps: {a: {run: 'true'}}"
    settings = "environments: {production: {env: {TIER: gold}}, staging: {}}"
    assert plan(text, settings, inputs={"where": "production"}).env[0].values == {"TIER": "gold"}
    with pytest.raises(ExpressionError, match=r"no environment moon \(there are: production, staging\)"):
        plan(text, settings, inputs={"where": "moon"})


def test_values_that_are_needed_now_are_evaluated_now(plan):
    text = """
steps:
  a:
    run: "true"
    timeout: ${{ inputs.limit }}
    retry: {attempts: "${{ inputs.tries }}"}
    continueOnError: ${{ inputs.tries > 1 }}
"""
    step = plan(text, inputs={"limit": "90s", "tries": 3}).steps["a"]
    assert (step.timeout, step.retry.attempts, step.continue_on_error) == (90_000, 3, True)
    with pytest.raises(ExpressionError):
        plan(text, inputs={"limit": "soon", "tries": 3})


def test_cleanup_has_a_limit_of_its_own(plan):
    made = plan("steps: {a: {run: 'true'}}\nfinally: {b: {run: 'true'}, c: {run: 'true', timeout: 1h}}")
    assert made.steps["a"].timeout is None
    assert [step.timeout for step in made.finally_.values()] == [600_000, 3_600_000]


def test_a_plan_is_addressed_by_its_content_and_comes_back_as_it_was(plan):
    text = """
timeout: 2h
outputs: {n: "${{ steps.a.outputs.n }}", typed: {value: "${{ 1 + 1 }}", type: integer}}
steps:
  z: {command: [echo, "${{ inputs.x }}"], wait: }
  a:
    forEach: [1, {b: 2}]
    run: "true"
    outputs: {n: {type: integer, size: 1Mi}}
    retry: {attempts: 2, exitCodes: [75], never: [1]}
  m: {run: "true", matrix: {v: [1, 2], exclude: [{v: 1}]}, checkout: true}
  w: {wait: {for: 10s}}
""".replace(", wait: ", "")
    made = plan(text, inputs={"x": 1})
    raw = to_bytes(made)
    again = from_bytes(raw)
    assert to_bytes(again) == raw
    assert list(again.steps) == ["z", "a", "m", "w"]
    assert (again.steps["a"].retry, again.steps["w"].wait) == (made.steps["a"].retry, made.steps["w"].wait)
    assert digest(raw) == digest(to_bytes(plan(text, inputs={"x": 1})))
    assert digest(raw) != digest(to_bytes(plan(text, inputs={"x": 2})))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("false", (False, False)),
        ("true", (True, False)),
        ("{}", (True, False)),
        ("{git: false}", (True, False)),
        ("{git: true}", (True, True)),
        ('"${{ inputs.x }}"', (True, False)),
        ('{git: "${{ inputs.x }}"}', (True, True)),
    ],
)
def test_checkout_with_and_without_git(plan, written, expected):
    step = plan(f"steps: {{a: {{run: 'true', checkout: {written}}}}}", inputs={"x": True}).steps["a"]
    assert (step.checkout, step.checkout_git) == expected
