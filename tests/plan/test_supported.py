"""What is not run yet is refused by its written name, and nothing else is."""

from __future__ import annotations

import pytest
import yaml

from windlass.plan.supported import unsupported, unsupported_action, unsupported_settings
from windlass_schemas.action import Action

STEP = "steps: {a: {%s}}"


@pytest.mark.parametrize(
    ("text", "path", "feature"),
    [
        (
            "triggers: {git: [{push: {}}, {pullRequest: {}}]}\n" + STEP % "run: a",
            ("triggers", "git", 1, "pullRequest"),
            "trigger git pullRequest",
        ),
        ("triggers: {queue: [{nats: q, subject: s}]}\n" + STEP % "run: a", ("triggers", "queue"), "trigger queue"),
    ],
)
def test_refused_at_the_key(workflow, text, path, feature):
    assert unsupported(workflow(text)) == [(path, feature)]


@pytest.mark.parametrize(
    "text",
    [
        STEP % "run: a, forEach: [1], maxParallel: 2, failFast: false",
        STEP % "run: a, checkout: true, image: debian:12, runner: kubernetes",
        STEP % "run: [{run: a}, {name: b, if: true, run: b, timeout: '${{ inputs.t }}'}]",
        STEP % "wait: {for: 1h}",
        STEP % "run: a, services: {db: {image: 'postgres:17'}}, docker: true, resources: {limits: {cpu: 1}}",
        "defaults: {pod: {labels: {a: b}}}\n" + STEP % "run: a, pod: {nodeSelector: {disk: ssd}}",
        STEP % "approval: {by: ['group:ops']}",
        STEP % "run: a, artifacts: {save: [x]}, outputs: {page: {type: file}}",
        "triggers: {git: [{push: {}}, {tag: {}}], event: [{name: e}], workflow: [{name: w}]}\n" + STEP % "run: a",
        STEP % "run: a, timeout: '${{ inputs.t }}'",
        STEP % "run: a, quietTimeout: '${{ run.id }}', matrix: {x: [1]}, continueOnError: '${{ matrix.x == 1 }}'",
        STEP % "run: [{run: a, timeout: '${{ env.T }}'}]",
        "environment: x\n" + STEP % "run: a",
        STEP % "uses: ./actions/b, with: {t: '${{ secrets.T }}'}, env: {T: '${{ secrets.T }}'}",
        STEP % "run: [{run: a, env: {T: '${{ secrets.T }}'}}], files: {f: {content: '${{ secrets.T }}'}}",
        "concurrency: {group: a}\ntriggers: {schedule: [{every: 1h, overlap: replace}]}\n" + STEP % "run: a",
        STEP % "run: a, concurrency: {group: a, limit: 2, onConflict: skip}",
    ],
)
def test_what_is_run(workflow, text):
    assert unsupported(workflow(text)) == []


def test_settings(settings):
    written = settings(
        "environments: {p: {protection: {branches: [main]}}, q: {env: {A: b}}}\nnotify: [{'on': [failed], to: 'x://y'}]"
    )
    assert unsupported_settings(written) == [(("notify",), "notify")]


@pytest.mark.parametrize(
    ("text", "path", "feature"),
    [
        ("run: a\noutputs: {f: {type: secret}}", ("outputs", "f", "type"), "output type secret"),
    ],
)
def test_of_an_action_too(text, path, feature):
    head = {"apiVersion": "windlass.dev/v1", "kind": "Action", "metadata": {"name": "a"}}
    assert unsupported_action(Action.model_validate(head | yaml.safe_load(text))) == [(path, feature)]
