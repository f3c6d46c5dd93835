"""Approvals and waits when a file is loaded: keys without effect, people, answers and their types."""

from __future__ import annotations

import pytest

HEAD = "apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {name: a}\nsteps:\n"
SHIP = "  ship: {run: x, env: {A: '%s'}}\n"


def found(load, text):
    problems = load({"workflows/a.yaml": HEAD + text}).problems
    return [(p.span.line, p.span.column, p.rule) for p in problems]


@pytest.mark.parametrize(
    "text",
    [
        "  ask: {approval: {}, needs: [b], if: '${{ true }}', continueOnError: true, forEach: [1]}\n  b: {run: x}\n",
        "  ask: {approval: {by: [ada, 'group:ops', '${{ run.actor }}'], notBy: [initiator], minimum: 2}}\n",
        "  ask: {approval: {inputs: {n: {type: integer, default: 1}}}}\n" + SHIP % "${{ steps.ask.outputs.n + 1 }}",
        "  ask: {approval: {inputs: {n: {required: false}}}}\n" + SHIP % "${{ steps.ask.outputs.n == null }}",
        "  ask: {approval: {}}\n" + SHIP % "${{ steps.ask.outputs.by[0] }} ${{ steps.ask.outputs.comment }}",
        "  ask: {approval: {onTimeout: approve, timeout: 1h, inputs: {n: {type: integer, required: false}}}}\n",
        "  ask: {wait: {for: 1h}, needs: []}\n",
    ],
)
def test_what_is_right(load, text):
    assert found(load, text) == []


@pytest.mark.parametrize(
    ("text", "column", "rule"),
    [
        ("  ask: {approval: {}, timeout: 1h}\n", 23, "needless-key"),
        ("  ask: {approval: {}, retry: {attempts: 2}}\n", 23, "needless-key"),
        ("  ask: {approval: {}, env: {A: b}}\n", 23, "needless-key"),
        ("  ask: {wait: {for: 1h}, idempotent: true}\n", 26, "needless-key"),
        ("  ask: {wait: {for: 1h}, workingDirectory: a}\n", 26, "needless-key"),
        ("  ask: {approval: {by: [ada, 'team:ops']}}\n", 30, "invalid-value"),
        ("  ask: {approval: {by: ['group:']}}\n", 25, "invalid-value"),
        ("  ask: {approval: {by: [initiator]}}\n", 25, "invalid-value"),
        ("  ask: {approval: {by: [ada, bob], minimum: 3}}\n", 45, "invalid-value"),
        ("  ask: {approval: {by: [ada, ada], notBy: [bob], minimum: 2}}\n", 59, "invalid-value"),
        ("  ask: {approval: {by: [ada], notBy: [ada]}}\n", 31, "invalid-value"),
        ("  ask: {approval: {minimum: 0}}\n", 29, "wrong-type"),
        ("  ask: {approval: {inputs: {by: {type: string}}}}\n", 29, "colliding-names"),
        ("  ask: {approval: {inputs: {k: {type: secret}}}}\n", 39, "invalid-value"),
        ("  ask: {approval: {onTimeout: approve, timeout: 1h, inputs: {n: {type: integer}}}}\n", 62, "missing-input"),
        ("  ask: {approval: {inputs: {n: {type: integer, default: x}}}}\n", 57, "input-value"),
        ("  ask: {approval: {inputs: {n: {default: '${{ run.id }}'}}}}\n", 42, "expression-not-allowed"),
        ("  ask: {approval: {inputs: {n: {showIf: '${{ true }}'}}}}\n", 42, "expression-not-allowed"),
        ("  ask: {approval: {message: '${{ inputs.nothing }}'}}\n", 34, "unknown-name"),
        ("  ask: {approval: {minimum: '${{ run.id }}'}}\n", 34, "expression-type"),
        ("  ask: {approval: {whom: [ada]}}\n", 20, "unknown-key"),
    ],
)
def test_what_is_wrong(load, text, column, rule):
    assert found(load, text) == [(5, column, rule)]


@pytest.mark.parametrize("name", ["percnt", "By"])
def test_outputs_are_what_is_asked(load, name):
    text = "  ask: {approval: {inputs: {percent: {type: integer}}}}\n" + SHIP % f"${{{{ steps.ask.outputs.{name} }}}}"
    assert [(line, rule) for line, _, rule in found(load, text)] == [(6, "unknown-name")]


SETTINGS = "apiVersion: windlass.dev/v1\nkind: Repository\nenvironments:\n  prod: {protection: {%s}}\n"


@pytest.mark.parametrize(
    ("protection", "expected"),
    [
        ("branches: [main], approval: {by: ['group:ops'], minimum: 2}", []),
        ("approval: {by: ['ops:all']}", [(4, 39, "invalid-value")]),
        ("approval: {inputs: {n: {type: integer}}}", [(4, 34, "needless-key")]),
        ("approval: {message: '${{ run.actor }}?'}", [(4, 44, "expression-not-allowed")]),
    ],
)
def test_protection_of_an_environment(load, protection, expected):
    problems = load({"windlass.yaml": SETTINGS % protection}).problems
    assert [(p.span.line, p.span.column, p.rule) for p in problems] == expected


def test_the_name_of_the_environments_approval_is_taken(load):
    files = {"windlass.yaml": SETTINGS % "branches: [main]", "workflows/a.yaml": ""}
    for head, expected in (("environment: prod\n", ["duplicate-name"]), ("", [])):
        text = HEAD.replace("steps:", head + "steps:") + "  environment-approval: {run: x}\n"
        assert [p.rule for p in load({**files, "workflows/a.yaml": text}).problems] == expected


@pytest.mark.parametrize(
    ("access", "column", "rule"),
    [
        ("run: [initiator]", 16, "invalid-value"),
        ("run: ['team:ops']", 16, "invalid-value"),
        ("cancel: ['${{ run.actor }}']", 20, "expression-not-allowed"),
    ],
)
def test_access(load, access, column, rule):
    text = HEAD.replace("steps:", f"access: {{{access}}}\nsteps:") + "  a: {run: x}\n"
    problems = load({"workflows/a.yaml": text}).problems
    assert [(p.span.line, p.span.column, p.rule) for p in problems] == [(4, column, rule)]
    good = text.replace(access, "run: [ada, 'group:ops'], cancel: [initiator]")
    assert list(load({"workflows/a.yaml": good}).problems) == []
