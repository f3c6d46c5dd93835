"""Which references a plan freezes, and which placeholders a step may be filled in with."""

from __future__ import annotations

from windlass.plan.codec import from_bytes, to_bytes
from windlass.plan.secret_names import FOREIGN, UNDECLARED, display_name, names_for_step, secret_name

SETTINGS = """
secrets: {A: ref+sops://all.yaml#/a, B: ref+sops://all.yaml#/b, UNUSED: ref+sops://all.yaml#/u}
environments:
  prod: {secrets: {B: ref+sops://prod.yaml#/b, ONLY: ref+sops://prod.yaml#/o}}
"""
ALL = "ref+sops://all.yaml#/"


def step(text: str) -> str:
    return f"steps: {{s: {text}}}"


def test_only_what_is_used_is_frozen_and_the_environment_wins(plan):
    text = "environment: prod\n" + step("{run: x, env: {X: 'p ${{ secrets.A }}', Y: '${{ secrets.B }}'}}")
    made = plan(text, SETTINGS)
    assert made.secrets == {"A": ALL + "a", "B": "ref+sops://prod.yaml#/b"}
    assert from_bytes(to_bytes(made)) == made


def test_every_place_where_a_secret_may_stand(plan):
    text = """
env: {W: "${{ secrets.A }}"}
steps:
  s: {run: [{run: x, env: {P: "${{ secrets.B }}"}}], files: {f: {content: "${{ secrets.C }}"}}}
"""
    names = {"A": "a", "B": "b", "C": "c"}
    settings = "secrets: {" + ", ".join(f"{name}: {ALL}{key}" for name, key in names.items()) + "}"
    made = plan(text, settings)
    assert made.secrets == {name: ALL + key for name, key in names.items()}
    assert set(names_for_step(made, made.steps["s"])) == {secret_name(n, ALL + k) for n, k in names.items()}


def test_a_name_of_another_environment_has_no_reference(plan):
    made = plan(step("{run: x, env: {X: '${{ secrets.ONLY }}'}}"), SETTINGS)
    assert made.secrets == {"ONLY": UNDECLARED}


def test_a_library_has_no_secrets_of_its_own(plan):
    made = plan(step("{run: x, env: {X: '${{ secrets.A }}'}}"), SETTINGS, library="infra")
    assert made.secrets == {"A": FOREIGN}


def test_a_step_is_given_what_its_own_texts_name(plan):
    text = "steps: {a: {run: x, env: {X: '${{ secrets.A }}'}}, b: {run: x, env: {X: '${{ event.body }}'}}}"
    made = plan(text, SETTINGS, env={"E": "${{ secrets.A }}"})
    assert names_for_step(made, made.steps["a"]) == {secret_name("A", ALL + "a"): ALL + "a"}
    assert names_for_step(made, made.steps["b"]) == {}


def test_the_same_name_for_two_references_is_two_placeholders():
    one, other = secret_name("A", "ref+sops://a#/x"), secret_name("A", "ref+sops://b#/x")
    assert one != other
    assert display_name(one) == display_name(other) == "secrets.A"
    assert display_name("inputs.token") == "inputs.token"
