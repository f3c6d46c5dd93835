"""What a step executes: scripts by shell, commands, and parts with shells, variables and limits of their own."""

from __future__ import annotations

import pytest

from windlass.errors import ExpressionError
from windlass.plan.codec import from_bytes, to_bytes
from windlass.plan.program import Part

PARTS = """
defaults: {shell: sh}
inputs: {limit: {type: string, default: 1m}}
steps:
  before: {run: "true", outputs: {x: {type: string}}}
  a:
    run:
      - run: one
      - {name: two, run: two, shell: python, timeout: "${{ inputs.limit }}", env: {X: "${{ steps.before.outputs.x }}"}}
      - name: last
        if: "${{ always() && steps.seen.status == 'failed' }}"
        run: three
        shell: {command: [t, "{script}"]}
  seen: {run: "false"}
"""


def test_parts_have_the_shell_of_the_step_unless_they_name_one(plan):
    made = plan(PARTS, inputs={"limit": "90s"}).steps["a"]
    assert (made.script, made.argv) == (None, ())
    assert made.parts == (
        Part("part-1", "one", "1-script.sh", ("sh", "-e", "{script}")),
        Part(
            "two",
            "two",
            "2-script.py",
            ("python3", "-u", "{script}"),
            env={"X": "${{ steps.before.outputs.x }}"},
            timeout=90_000,
        ),
        Part("last", "three", "3-script", ("t", "{script}"), "${{ always() && steps.seen.status == 'failed' }}"),
    )


def test_what_a_part_refers_to_is_a_dependency_of_its_step(plan):
    made = plan(PARTS, inputs={"limit": "1m"}).steps["a"]
    assert (made.needs, made.reads, made.tolerant) == (("before", "seen"), ("before",), False)


def test_parts_survive_the_ledger(plan):
    made = plan(PARTS, inputs={"limit": "1m"})
    assert from_bytes(to_bytes(made)) == made


def test_a_limit_that_is_no_duration_is_refused_when_the_run_is_made(plan):
    with pytest.raises(ExpressionError, match=r"inputs\.limit"):
        plan(PARTS, inputs={"limit": "soon"})


def test_silence_has_a_limit_of_its_own_and_a_default(plan):
    made = plan(
        "defaults: {quietTimeout: 5m}\nsteps: {a: {run: x}, b: {run: x, quietTimeout: '${{ inputs.q }}'}}",
        inputs={"q": "1s"},
    )
    assert [step.quiet_timeout for step in made.steps.values()] == [300_000, 1000]
