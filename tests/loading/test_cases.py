"""Test files against their workflow: each wrong name or value at its own line and column."""

from __future__ import annotations

WORKFLOW = """\
apiVersion: windlass.dev/v1
kind: Workflow
metadata: {name: deploy}
inputs: {target: {type: string, enum: [staging, production]}, who: {type: string, default: ada}}
outputs: {url: "${{ steps.ship.outputs.url }}"}
steps:
  build: {run: "make ${WHO}", env: {WHO: "${{ inputs.who }}", TARGET: "${{ inputs.target }}"}}
  ship: {needs: [build], run: ./ship, outputs: {url: {type: string, format: uri}}}
"""
HEAD = "apiVersion: windlass.dev/v1\nkind: Test\nworkflow: deploy\ncases:\n"
FILE = "tests/deploy.test.yaml"


def problems(load, cases, workflow=WORKFLOW, head=HEAD):
    loaded = load({"workflows/deploy.yaml": workflow, FILE: head + cases})
    assert [test.path for test in loaded.tests] == ([] if loaded.problems else [FILE])
    assert {problem.file for problem in loaded.problems} <= {FILE}
    return [(p.span.line, p.span.column, p.rule) for p in loaded.problems]


def test_a_good_test_has_no_problem(load):
    steps = "steps: {ship: {outputs: {url: https://a.example}}}"
    good = f"  - {{name: it, inputs: {{target: staging}}, {steps}, expect: {{ran: [build, ship]}}}}\n"
    assert problems(load, good) == []


def test_each_mistake_is_at_its_place(load):
    cases = """\
  - name: first
    inputs: {target: mars, whom: bob}
    steps:
      built: {status: failed}
      ship: {outputs: {uri: x}, items: []}
    expect:
      ran: [build, shipp]
      skipped: [none]
      outputs: {link: x}
  - name: first
    inputs: {target: staging}
    steps:
      ship: {outputs: {url: [1]}}
  - name: third
"""
    assert problems(load, cases) == [
        (6, 22, "input-value"),
        (6, 28, "unknown-input"),
        (8, 7, "unknown-step"),
        (9, 24, "unknown-output"),
        (9, 33, "invalid-value"),
        (11, 20, "unknown-step"),
        (12, 17, "unknown-step"),
        (13, 17, "unknown-output"),
        (14, 11, "duplicate-name"),
        (17, 29, "output-value"),
        (18, 11, "missing-input"),
    ]


def test_the_workflow_has_to_be_there_and_of_this_repository(load):
    case = "  - {name: it, inputs: {target: staging}}\n"
    assert problems(load, case, head=HEAD.replace("deploy", "deplo")) == [(3, 11, "unknown-workflow")]
    assert problems(load, case, head=HEAD.replace("deploy", "shop/deploy")) == [(3, 11, "unknown-workflow")]


def test_a_broken_workflow_leaves_its_tests_alone(load):
    loaded = load(
        {
            "workflows/deploy.yaml": WORKFLOW.replace("ship:", "Ship:"),
            FILE: HEAD + "  - {name: it, steps: {other: {}}}\n",
        }
    )
    assert {problem.file for problem in loaded.problems} == {"workflows/deploy.yaml"}


def test_of_many_mistakes_the_first_are_shown(load):
    steps = ", ".join(f"s{n}: {{}}" for n in range(300))
    found = problems(load, f"  - {{name: it, inputs: {{target: staging}}, steps: {{{steps}}}}}\n")
    assert len(found) == 201
    assert [rule for _, _, rule in found].count("more-problems") == 1


def test_a_file_is_given_by_its_path_or_as_what_is_read_of_it(load):
    workflow = WORKFLOW.replace("url: {type: string, format: uri}", "url: {type: file}")
    head = "  - {name: %s, inputs: {target: staging}, steps: {ship: {outputs: {url: "
    good = f"{head % 'a'}x}}}}}}}}\n{head % 'b'}{{path: x}}}}}}}}}}\n"
    assert problems(load, good, workflow) == []
    bad = "  - {name: a, inputs: {target: staging}, steps: {ship: {outputs: {url: {size: x, sise: 1}}}}}\n"
    assert problems(load, bad, workflow) == [
        (5, 72, "output-value"),
        (5, 79, "output-value"),
        (5, 82, "unknown-output"),
    ]
