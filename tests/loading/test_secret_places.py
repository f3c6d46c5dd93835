"""Where a secret may stand, and everywhere else it may not: `windlass check` says so before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.loading.conftest import Load

HEAD = "apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {name: a}\n"
SETTINGS = "apiVersion: windlass.dev/v1\nkind: Repository\nsecrets: {A: ref+sops://secrets/a.yaml#/a}\n"
ACTION = (
    "apiVersion: windlass.dev/v1\nkind: Action\nmetadata: {name: x}\ninputs: {plain: {}, key: {type: secret}}\nrun: x\n"
)
SEEN = {
    "runTitle": 'runTitle: "x ${{ secrets.A }}"\nsteps: {s: {run: x}}',
    "runLabels": 'runLabels: {a: "${{ secrets.A }}"}\nsteps: {s: {run: x}}',
    "outputs": 'outputs: {o: "${{ secrets.A }}"}\nsteps: {s: {run: x}}',
    "concurrency.group": 'concurrency: {group: "${{ secrets.A }}"}\nsteps: {s: {run: x}}',
    "if": "steps: {s: {if: \"${{ secrets.A == 'x' }}\", run: x}}",
    "cache.key": 'steps: {s: {cache: {key: "${{ secrets.A }}", paths: [a]}, run: x}}',
    "args": 'steps: {s: {command: [echo], args: ["${{ secrets.A }}"]}}',
    "command": 'steps: {s: {command: [echo, "${{ secrets.A }}"]}}',
    "image": 'steps: {s: {image: "x/${{ secrets.A }}:1", run: x}}',
    "forEach": 'steps: {s: {forEach: "${{ [secrets.A] }}", run: x}}',
    "matrix": 'steps: {s: {matrix: {a: ["${{ secrets.A }}"]}, run: x}}',
    "with of a plain input": 'steps: {s: {uses: ./actions/x, with: {plain: "${{ secrets.A }}"}}}',
    "artifacts": 'steps: {s: {artifacts: {save: {a: "${{ secrets.A }}"}}, run: x}}',
    "approval": 'steps: {s: {approval: {message: "${{ secrets.A }}"}}}',
}
UNSEEN = {
    "env": 'steps: {s: {env: {A: "x ${{ secrets.A }}"}, run: x}}',
    "env of the workflow": 'env: {A: "${{ secrets.A }}"}\nsteps: {s: {run: x}}',
    "files": 'steps: {s: {files: {a: {content: "x ${{ secrets.A }}"}}, run: x}}',
    "with": 'steps: {s: {uses: ./actions/x, with: {plain: a, key: "Bearer ${{ secrets.A }}"}}}',
}


def rules(load: Load, body: str) -> list[str]:
    files = {"windlass.yaml": SETTINGS, "workflows/a.yaml": HEAD + body + "\n", "actions/x/action.yaml": ACTION}
    return [problem.rule for problem in load(files).problems if problem.severity == "error"]


@pytest.mark.parametrize("place", SEEN)
def test_a_secret_stands_where_nobody_sees_it(load: Load, place: str) -> None:
    assert rules(load, SEEN[place]), place


@pytest.mark.parametrize("place", UNSEEN)
def test_where_it_may_stand(load: Load, place: str) -> None:
    assert rules(load, UNSEEN[place]) == []


def test_the_rule_is_named(load: Load) -> None:
    found = {place: rules(load, body) for place, body in SEEN.items()}
    named = {place for place, all_of_it in found.items() if "secret-not-allowed" in all_of_it}
    assert named >= {"runTitle", "outputs", "concurrency.group", "if", "cache.key", "args", "with of a plain input"}, (
        found
    )
