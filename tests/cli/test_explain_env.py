"""`windlass explain env`: every variable of a step with its layer, and what is not known left as it is written."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from windlass.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = """\
apiVersion: windlass.dev/v1
kind: Repository
env: {COMPANY: shop, TIER: none, LEVEL: 3}
environments: {production: {env: {TIER: gold}}}
"""
WORKFLOW = """\
apiVersion: windlass.dev/v1
kind: Workflow
metadata: {name: deploy}
inputs:
  environment: {type: string, default: production}
  who: {type: string}
environment: ${{ inputs.environment }}
env: {REGION: "eu-${{ inputs.environment }}", WHO: "${{ inputs.who }}", NOPE: x}
steps:
  build: {run: make, outputs: {tag: {type: string}}}
  go:
    env:
      IMAGE: "a:${{ steps.build.outputs.tag }}-${{ inputs.environment }}"
      AGAIN: "${{ env.REGION }}!"
      NOPE: null
      RUN: "${{ run.id }}"
    run: ./go
"""
TABLE = """\
NAME     VALUE                                        LAYER
AGAIN    eu-production!                               step
COMPANY  shop                                         repository
IMAGE    a:${{ steps.build.outputs.tag }}-production  step
LEVEL    3                                            repository
NOPE     (unset)                                      step
REGION   eu-production                                workflow
RUN      ${{ run.id }}                                step
TIER     gold                                         environment
WHO      ${{ inputs.who }}                            workflow
"""


PEOPLE = """\
apiVersion: windlass.dev/v1
kind: Workflow
metadata: {name: people}
steps:
  ask: {approval: {}}
  all: {uses: ./workflows/deploy.yaml, with: {who: ada}}
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shop"
    (folder / "workflows").mkdir(parents=True)
    (folder / "windlass.yaml").write_text(SETTINGS)
    (folder / "workflows/deploy.yaml").write_text(WORKFLOW)
    (folder / "workflows/people.yaml").write_text(PEOPLE)
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    monkeypatch.chdir(folder)
    return folder


def test_the_layer_that_wins(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "env", "deploy", "go"]) == 0
    assert capsys.readouterr().out == TABLE


def test_all_layers_in_json(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--input", "who=${{ x }}", "--env", "REGION=${{ moon }}", "--env", "TIER=a", "--all", "--output", "json"]
    assert main(["explain", "env", "deploy", "go", *words]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row for row in rows if row["name"] in ("REGION", "TIER", "WHO", "NOPE")] == [
        {"name": "NOPE", "value": "x", "layer": "workflow", "wins": False},
        {"name": "NOPE", "value": None, "layer": "step", "wins": True},
        {"name": "REGION", "value": "eu-production", "layer": "workflow", "wins": False},
        {"name": "REGION", "value": "${{ moon }}", "layer": "trigger", "wins": True},
        {"name": "TIER", "value": "none", "layer": "repository", "wins": False},
        {"name": "TIER", "value": "gold", "layer": "environment", "wins": False},
        {"name": "TIER", "value": "a", "layer": "trigger", "wins": True},
        {"name": "WHO", "value": "${{ x }}", "layer": "workflow", "wins": True},
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["deploy"], "explain env needs WORKFLOW and STEP"),
        (["people", "ask"], "step ask is an approval: it runs nothing"),
        (["people", "all"], "step all uses a workflow, whose steps have their own environment"),
        (["deploy", "gone"], "deploy has no step gone"),
        (["deplay", "go"], "did you mean deploy?"),
        (["deploy", "go", "--input", "wo=1"], "did you mean who?"),
        (["deploy", "go", "--input", "environment=mars"], "windlass.yaml has no environment mars"),
        (["deploy", "go", "--env", "WINDLASS_X=1"], "WINDLASS_X"),
    ],
)
def test_wrong_use(shop: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert main(["explain", "env", *words]) == 2
    found = capsys.readouterr()
    assert (found.out, said in found.err) == ("", True), found.err


def test_an_action_is_the_weakest_layer_and_its_inputs_are_of_with(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / "actions/tag").mkdir(parents=True)
    (shop / "actions/tag/action.yaml").write_text(
        "apiVersion: windlass.dev/v1\nkind: Action\nmetadata: {name: tag}\n"
        "inputs: {tag: {type: string}, deep: {type: integer, default: 1}}\nenv: {COMPANY: none, OWN: x}\nrun: echo\n"
    )
    text = WORKFLOW.replace("    run: ./go\n", "    uses: ./actions/tag\n    with: {tag: '${{ inputs.who }}'}\n")
    (shop / "workflows/deploy.yaml").write_text(text)
    assert main(["explain", "env", "deploy", "go", "--input", "who=me", "--output", "json"]) == 0
    rows = [(row["name"], row["value"], row["layer"]) for row in json.loads(capsys.readouterr().out)]
    assert {("COMPANY", "shop", "repository"), ("OWN", "x", "action")} <= set(rows)
    assert [row for row in rows if row[0].startswith("INPUT_")] == [
        ("INPUT_DEEP", "1", "with"),
        ("INPUT_TAG", "me", "with"),
    ]


ACTION = """\
apiVersion: windlass.dev/v1
kind: Action
metadata: {name: notify}
inputs:
  to: {type: string}
  times: {type: integer, default: 2}
  quiet: {type: boolean, required: false}
  tags: {type: array, items: {type: string}, default: [a]}
env: {VOICE: loud, REGION: none}
run: echo "$INPUT_TO"
"""
INNER = """\
apiVersion: windlass.dev/v1
kind: Workflow
metadata: {name: inner}
inputs:
  place: {type: string}
  image: {type: string}
env: {PLACE: "${{ inputs.place }}", IMAGE: "${{ inputs.image }}"}
steps:
  one: {run: echo "$PLACE"}
"""
USING = """\
apiVersion: windlass.dev/v1
kind: Workflow
metadata: {name: using}
env: {REGION: eu}
steps:
  build: {run: make, outputs: {tag: {type: string}}}
  say:
    uses: ./actions/notify
    with: {to: "ops of ${{ env.REGION }}", times: "${{ 1 + 2 }}", tags: ["${{ steps.build.outputs.tag }}"]}
    env: {INPUT_TO: nobody, INPUT_QUIET: "true"}
  outer:
    forEach: 2
    uses: ./workflows/inner.yaml
    with: {place: "${{ repository.name }}", image: "${{ steps.build.outputs.tag }}"}
"""


@pytest.fixture
def using(shop: Path) -> Path:
    (shop / "actions/notify").mkdir(parents=True)
    (shop / "actions/notify/action.yaml").write_text(ACTION)
    (shop / "workflows/inner.yaml").write_text(INNER)
    (shop / "workflows/using.yaml").write_text(USING)
    return shop


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> list[tuple[str, str, str]]:
    assert main(["explain", "env", *words, "--output", "json"]) == 0
    return [(row["name"], row["value"], row["layer"]) for row in json.loads(capsys.readouterr().out)]


def test_the_layers_of_an_action(using: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, "using", "say") == [
        ("COMPANY", "shop", "repository"),
        ("INPUT_QUIET", None, "with"),
        ("INPUT_TAGS", '["${{ steps.build.outputs.tag }}"]', "with"),
        ("INPUT_TIMES", "3", "with"),
        ("INPUT_TO", "ops of eu", "with"),
        ("LEVEL", "3", "repository"),
        ("REGION", "eu", "workflow"),
        ("TIER", "none", "repository"),
        ("VOICE", "loud", "action"),
    ]


@pytest.mark.parametrize("step", ["outer/one", "outer[1]/one"])
def test_a_step_of_a_workflow_that_is_used(using: Path, capsys: pytest.CaptureFixture[str], step: str) -> None:
    found = {name: (value, layer) for name, value, layer in shown(capsys, "using", step)}
    assert found["PLACE"] == ("shop", "workflow")
    assert found["IMAGE"] == ("${{ inputs.image }}", "workflow")
    assert "REGION" not in found


def test_a_step_below_one_that_uses_nothing(using: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "env", "using", "build/one"]) == 2
    assert "step build uses no workflow" in capsys.readouterr().err
