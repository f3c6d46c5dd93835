"""Wrong uses, one each: the token that is reported, to the column, with its rule and the way out.

Each case is a file and what is said about it: `line:column-endColumn rule | message | hint`. A case is named after the
sentence of the language page that it holds to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.loading.wrong_loops import WRONG

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.loading.repository import Loaded

HEAD = "apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {name: a}\n"
ONE = "steps:\n  one: {run: x}\n"
BUILD = "steps:\n  build: {run: x, outputs: {tag: {type: string}}}\n"
ACTION = """apiVersion: windlass.dev/v1
kind: Action
metadata: {name: notify}
inputs:
  to: {type: string}
  count: {type: integer, default: 1}
outputs:
  url: {type: string}
run: echo "$INPUT_TO"
"""
SETTINGS = """apiVersion: windlass.dev/v1
kind: Repository
secrets:
  KEY: ref+sops://secrets.yaml#/key
libraries:
  infra: {git: https://git.example.com/infra.git, ref: v1}
"""
INNER = """apiVersion: windlass.dev/v1
kind: Workflow
metadata: {name: inner}
inputs: {count: {type: integer}}
outputs: {twice: "${{ inputs.count * 2 }}"}
steps:
  one: {run: x}
"""
AROUND = {"actions/notify/action.yaml": ACTION, "windlass.yaml": SETTINGS, "workflows/inner.yaml": INNER}
SECRETS = "secrets may stand in env, files.*.content, with of a secret input, and verify"

CASES: dict[str, tuple[str, list[str]]] = {
    **WRONG,
    "unknown input": (
        "inputs: {count: {type: integer, default: 1}}\n"
        "steps:\n  one: {run: x, env: {A: '${{ inputs.cuont }}', B: '${{ inputs.count }}'}}\n",
        ["6:31-43 unknown-name | unknown name `inputs.cuont` | did you mean inputs.count?"],
    ),
    "unknown step": (
        BUILD + "  b: {run: x, env: {A: '${{ steps.biuld.outputs.tag }}', B: '${{ steps.build.outputs.tag }}'}}\n",
        ["6:29-40 unknown-name | unknown name `steps.biuld` | did you mean steps.build?"],
    ),
    "unknown output of a step": (
        BUILD + "  b: {run: x, env: {A: '${{ steps.build.outputs.tagg }}'}}\n",
        [
            "6:29-53 unknown-name | unknown name `steps.build.outputs.tagg` | did you mean steps.build.outputs.tag?",
        ],
    ),
    "unknown name in a block scalar": (
        "steps:\n  one:\n    run: x\n    env:\n      A: >-\n        one\n        and ${{ run.comit }}\n",
        ["10:17-26 unknown-name | unknown name `run.comit` | did you mean run.commit?"],
    ),
    "unknown function": (
        "steps:\n  one: {run: x, env: {A: '${{ toJsn(run) }}'}}\n",
        ["5:31-36 unknown-function | unknown function `toJsn` | did you mean toJson?"],
    ),
    "a number compared with a text": (
        "inputs: {count: {type: integer, default: 1}}\nsteps:\n  one: {run: x, if: \"${{ inputs.count == 'x' }}\"}\n",
        [
            "6:39-41 expression-type | `==` does not take int and string"
            " | write a number without quotes, or convert one side by string(…)",
        ],
    ),
    "a text compared with a number": (
        'inputs: {name: {type: string, default: x}}\nsteps:\n  one: {run: x, if: "${{ inputs.name == 1 }}"}\n',
        [
            "6:38-40 expression-type | `==` does not take string and int"
            " | write a number without quotes, or convert one side by string(…)",
        ],
    ),
    "a condition that is a text": (
        'inputs: {name: {type: string, default: x}}\nsteps:\n  one: {run: x, if: "${{ inputs.name }}"}\n',
        ["6:26-37 expression-type | this is string, but bool is needed | compare it: … == 'true'"],
    ),
    "a wrong value for an input of the workflow": (
        "inputs: {count: {type: integer}}\ntriggers:\n  schedule:\n    - {every: 5m, inputs: {count: many}}\n"
        "steps:\n  one: {run: x, env: {A: '${{ inputs.count }}'}}\n",
        ['7:35-39 input-value | count must be an integer, not "many" | None'],
    ),
    "an expression of the wrong type for an input": (
        "inputs: {count: {type: integer}}\ntriggers:\n  schedule:\n"
        "    - {every: 5m, inputs: {count: '${{ event.kind }}'}}\n"
        "steps:\n  one: {run: x, env: {A: '${{ inputs.count }}'}}\n",
        ["7:40-50 expression-type | this is string, but int is needed | write int(…)"],
    ),
    "a default that breaks its own rule": (
        "inputs: {count: {type: integer, maximum: 3, default: 5}}\n"
        "steps:\n  one: {run: x, env: {A: '${{ inputs.count }}'}}\n",
        ["4:54-55 input-value | the default does not fit its own declaration: must be at most 3, is 5 | None"],
    ),
    "an output of finally in steps": (
        "steps:\n  a: {run: x, env: {A: '${{ steps.b.outputs.v }}'}}\n"
        "finally:\n  b: {run: x, outputs: {v: {type: string}}}\n",
        ["5:29-36 unknown-name | it is a step of finally, which runs after all others | None"],
    ),
    "an unknown artifact": (
        "steps:\n  a: {run: x, artifacts: {save: {report: r.xml}}}\n"
        "  b: {run: x, artifacts: {load: {r: '${{ steps.a.artifacts.reprot }}'}}}\n",
        ["6:42-66 unknown-name | unknown name `steps.a.artifacts.reprot` | did you mean steps.a.artifacts.report?"],
    ),
    "an artifact of a step that saves none": (
        "steps:\n  a: {run: x}\n  b: {run: x, artifacts: {load: {r: '${{ steps.a.artifacts.report }}'}}}\n",
        ["6:42-59 unknown-name | a saves no artifacts | None"],
    ),
    "something else in place of an artifact": (
        "steps:\n  a: {run: x, artifacts: {load: {r: '${{ run.id }}'}}}\n",
        ["5:37-52 artifact-reference | this is no artifact | write ${{ steps.STEP.artifacts.NAME }}"],
    ),
    "artifacts from and to the outside": (
        "steps:\n  a: {run: x, artifacts: {save: [a, ../b], load: {/etc: '${{ steps.b.artifacts.c }}'}}}\n"
        "  b: {run: x, artifacts: {save: {c: [/etc/passwd]}}}\n",
        [
            "5:37-41 artifact-path | ../b is not below the working directory"
            " | paths are relative to the working directory and stay in it",
            "5:51-55 artifact-path | /etc is not below the working directory"
            " | paths are relative to the working directory and stay in it",
            "6:38-49 artifact-path | /etc/passwd is not below the working directory"
            " | paths are relative to the working directory and stay in it",
        ],
    ),
    "an artifact and a file output of one name": (
        "steps:\n  a: {run: x, outputs: {p: {type: file}}, artifacts: {save: {p: x}}}\n",
        [
            "5:62-63 colliding-names | output p is a file, and so an artifact of this name already"
            " | rename one of the two"
        ],
    ),
    "an output of the step itself": (
        "steps:\n  one: {run: x, env: {A: '${{ steps.one.outputs.v }}'}, outputs: {v: {type: string}}}\n",
        ["5:31-40 dependency-cycle | one waits for itself | an arrow reads: waits for"],
    ),
    "outputs before any step has run": (
        "runTitle: x ${{ steps.build.outputs.tag }}\n" + BUILD + "outputs: {tag: '${{ steps.build.outputs.tag }}'}\n",
        ["4:17-22 unknown-name | steps have not run yet when this is evaluated | None"],
    ),
    "a cycle, by reference and by needs": (
        "steps:\n  a: {run: x, env: {A: '${{ steps.b.outputs.v }}'}, outputs: {v: {type: string}}}\n"
        "  b: {run: x, needs: [c], outputs: {v: {type: string}}}\n"
        "  c: {run: x, env: {A: '${{ steps.a.outputs.v }}'}}\n",
        [
            "7:29-36 dependency-cycle | steps wait for one another in a circle: a → b → c → a"
            " | an arrow reads: waits for",
        ],
    ),
    "an environment by what is not known yet": (
        "environment: \"${{ run.actor == 'x' ? 'a' : now() + repository.name }}\"\n" + ONE,
        [
            "4:19-22 unknown-name | environment is picked first: it sees inputs and event alone | None",
            "4:44-47 function-not-allowed | environment is picked first: it sees inputs and event alone | None",
            "4:52-62 unknown-name | environment is picked first: it sees inputs and event alone | None",
        ],
    ),
    "an action as a path of its own": (
        "steps:\n  a: {uses: actions/notify, with: {to: x}}\n"
        "  b: {uses: ./actions/notify/action.yaml, with: {to: x}}\n",
        [
            "5:13-27 unknown-action | there is no library actions | did you mean ./actions/notify?",
            "6:13-41 unknown-action | ./actions/notify/action.yaml is no action or workflow"
            " | did you mean ./actions/notify?",
        ],
    ),
    "an unknown input of an action": (
        "steps:\n  a: {uses: ./actions/notify, with: {to: x, cuont: 2}}\n",
        ["5:45-50 unknown-input | ./actions/notify has no input cuont | did you mean count?"],
    ),
    "a missing input of an action": (
        "steps:\n  a: {uses: ./actions/notify}\n",
        ["5:13-29 missing-input | ./actions/notify needs with: to | None"],
    ),
    "a wrong value for an input of an action": (
        "steps:\n  a: {uses: ./actions/notify, with: {to: 5}}\n",
        ["5:42-43 input-value | the value does not fit the input to: must be a string, not 5 | None"],
    ),
    "an expression of the wrong type for an input of an action": (
        "inputs: {name: {type: string, default: x}}\n"
        "steps:\n  a: {uses: ./actions/notify, with: {to: x, count: '${{ inputs.name }}'}}\n",
        ["6:57-68 expression-type | this is string, but int is needed | write int(…)"],
    ),
    "a wrong value for an input of a workflow that is used": (
        "steps:\n  a: {uses: ./workflows/inner.yaml, with: {count: x}}\n",
        ['5:51-52 input-value | the value does not fit the input count: must be an integer, not "x" | None'],
    ),
    "an output that an action does not have": (
        "steps:\n  a: {uses: ./actions/notify, with: {to: x}}\n  b: {run: x, env: {A: '${{ steps.a.outputs.ulr }}'}}\n",
        ["6:29-48 unknown-name | unknown name `steps.a.outputs.ulr` | did you mean steps.a.outputs.url?"],
    ),
    "an output that a workflow does not have": (
        "steps:\n  a: {uses: ./workflows/inner.yaml, with: {count: 1}}\n"
        "  b: {run: x, env: {A: '${{ steps.a.outputs.twic }}'}}\n",
        ["6:29-49 unknown-name | unknown name `steps.a.outputs.twic` | did you mean steps.a.outputs.twice?"],
    ),
    "an output of an action compared with what it is not": (
        'steps:\n  a: {uses: ./actions/notify, with: {to: x}}\n  b: {run: x, if: "${{ steps.a.outputs.url == 5 }}"}\n',
        [
            "6:44-46 expression-type | `==` does not take string and int"
            " | write a number without quotes, or convert one side by string(…)",
        ],
    ),
    "a workflow that uses itself": (
        "steps:\n  a: {uses: ./workflows/a.yaml}\n",
        [
            "5:13-31 dependency-cycle | workflows call one another in a circle:"
            " ./workflows/a.yaml → ./workflows/a.yaml | None",
        ],
    ),
    "an unknown library": (
        "steps:\n  a: {uses: infro/deploy}\n",
        ["5:13-25 unknown-action | there is no library infro | did you mean infra?"],
    ),
    "a library that is not in the lock": (
        "steps:\n  a: {uses: infra/deploy}\n",
        [
            "5:13-25 library-not-locked | the library infra is not in windlass.lock"
            " | run windlass lock, and commit windlass.lock",
        ],
    ),
    "an unknown action": (
        "steps:\n  a: {uses: ./actions/notfy, with: {to: x}}\n",
        ["5:13-28 unknown-action | ./actions/notfy is no action or workflow | did you mean ./actions/notify?"],
    ),
    "a secret in a condition": (
        "steps:\n  a: {run: x, if: \"${{ secrets.KEY == 'x' }}\"}\n",
        [f"5:24-35 secret-not-allowed | {SECRETS} | None"],
    ),
    "a secret in a title": (
        "runTitle: x ${{ secrets.KEY }}\n" + ONE,
        [f"4:17-28 secret-not-allowed | {SECRETS} | None"],
    ),
    "a secret in an output": (
        "outputs: {k: '${{ secrets.KEY }}'}\n" + ONE,
        [f"4:19-30 secret-not-allowed | {SECRETS} | None"],
    ),
    "an unknown secret": (
        "steps:\n  a: {run: x, env: {A: '${{ secrets.KYE }}'}}\n",
        ["5:29-40 unknown-name | unknown name `secrets.KYE` | did you mean secrets.KEY?"],
    ),
    "a secret as a part of a text": (
        "steps:\n  a: {run: x, env: {A: '${{ secrets.KEY + \"x\" }}'}}\n",
        [
            "5:41-42 expression-type | `+` does not take secret and string"
            " | a secret is passed on as it is: give it an environment variable of its own",
        ],
    ),
    "an expression inside a script": (
        "steps:\n  a:\n    run: |\n      echo one\n      echo ${{ inputs.image-tag }}\n",
        [
            "8:12-35 expression-in-script | an expression inside a script would become part of the program"
            ' | put it in env: {IMAGE_TAG: "${{ inputs.image-tag }}"} and use "$IMAGE_TAG" here',
        ],
    ),
    "a cron line that never fires": (
        "triggers: {schedule: [{cron: '0 0 30 2 *'}]}\n" + ONE,
        ["4:35-37 invalid-cron | this never fires: none of its months has that day | None"],
    ),
    "an unknown time zone": (
        "triggers: {schedule: [{cron: '0 0 * * *', timezone: Europe/Berln}]}\n" + ONE,
        ["4:53-65 unknown-timezone | there is no time zone 'Europe/Berln' | did you mean Europe/Berlin?"],
    ),
    "a change of the clocks": (
        "triggers: {schedule: [{cron: '30 2 * * *', timezone: Europe/Berlin}]}\n" + ONE,
        [
            "4:30-42 dst-change | 2026-10-25 02:30 in Europe/Berlin occurs twice: it fires once, the first time"
            " (00:30 UTC) | None",
            "4:30-42 dst-change | 2027-03-28 02:30 in Europe/Berlin does not exist: it fires once, at 03:00 | None",
        ],
    ),
    "a step that is switched off, and those that fall with it": (
        "steps:\n  a: {run: x, if: false, outputs: {v: {type: string}}}\n"
        "  b: {run: x, env: {A: '${{ steps.a.outputs.v }}'}}\n"
        "  c: {run: x, needs: [b]}\n"
        "  waits-only: {run: x, needs: [a]}\n"
        "  asks: {run: x, needs: [b], if: '${{ always() }}'}\n",
        [
            "5:19-24 unreachable-step | a never runs: its `if` is false | delete the step, or write a condition",
            "6:3-4 unreachable-step | b never runs: it needs outputs that are never made | a never runs",
            "7:3-4 unreachable-step | c never runs: it needs outputs that are never made | a never runs",
        ],
    ),
    "a condition that is always false": (
        "steps:\n  a: {run: x, if: '${{ 1 == 2 }}'}\n",
        [
            "5:19-34 unreachable-step | a never runs: its `if` is always false | delete the step, or write a condition",
        ],
    ),
    "failure() of nothing": (
        "steps:\n  a: {run: x}\n  tell: {run: x, if: '${{ failure() }}'}\n",
        [
            "6:22-40 unreachable-step | tell never runs: failure() speaks of the steps before it, and it waits for none"
            " | name them in needs:, or move it below finally:",
        ],
    ),
    "cancelled() before finally": (
        "steps:\n  a: {run: x}\n  tell: {run: x, if: '${{ cancelled() }}', needs: [a]}\n",
        [
            "6:22-42 unreachable-step | tell never runs: after a cancel only steps of finally begin"
            " | move it below finally:",
        ],
    ),
    "an unused input": (
        "inputs: {count: {type: integer, default: 1}}\n" + ONE,
        [
            "4:10-15 unused-input | the input count is never used"
            " | use it in an expression: ${{ inputs.count }}, or delete it",
        ],
    ),
    "an unused output": (
        "steps:\n  a: {run: x, outputs: {v: {type: string}, w: {type: string}}}\n"
        "  b: {run: x, env: {A: '${{ steps.a.outputs.v }}'}}\n",
        [
            "5:44-45 unused-output | the output w of a is never read"
            " | read it, make it an output of the workflow (${{ steps.a.outputs.w }}), or delete it",
        ],
    ),
    "an image without a tag": (
        "steps:\n  a: {run: x, image: ghcr.io/shop/build}\n",
        [
            "5:22-40 image-without-tag | the image ghcr.io/shop/build has no version: it may be another one tomorrow"
            " | write a tag or a digest",
        ],
    ),
}


def said(loaded: Loaded, file: str) -> list[str]:
    return [
        f"{p.span.line}:{p.span.column}-{p.span.end_column} {p.rule} | {p.message} | {p.hint}"
        for p in loaded.problems
        if p.file == file and p.span.line == p.span.end_line and p.rule != "not-supported"
    ]


@pytest.mark.parametrize("name", CASES)
def test_wrong_use(load: Callable[..., Loaded], name: str) -> None:
    text, expected = CASES[name]
    assert said(load({"workflows/a.yaml": HEAD + text, **AROUND}), "workflows/a.yaml") == expected


def test_one_name_in_two_files(load: Callable[..., Loaded]) -> None:
    loaded = load({"workflows/a.yaml": HEAD + ONE, "workflows/b.yaml": HEAD + ONE})
    hint = "rename one; until then neither is used"
    for file, other in (("workflows/a.yaml", "workflows/b.yaml"), ("workflows/b.yaml", "workflows/a.yaml")):
        assert said(loaded, file) == [f"3:18-19 duplicate-name | another workflow is called a: {other} | {hint}"]


@pytest.mark.parametrize(
    "text",
    [
        BUILD + "outputs: {tag: '${{ steps.build.outputs.tag }}'}\n",
        BUILD + "  b: {run: x, env: {ALL: '${{ toJson(steps.build.outputs) }}'}}\n",
        "steps:\n  a: {forEach: 3, run: x, outputs: {v: {type: string}}}\n"
        "  b: {run: x, env: {A: '${{ steps.a.items[0].outputs.v }}'}}\n",
        "steps:\n  a: {run: x}\n  b: {run: x, needs: [a], if: '${{ failure() }}'}\n",
        "steps:\n  - {run: x}\n  - {run: x, if: '${{ failure() }}'}\n",
        ONE
        + "finally:\n  b: {run: x, if: '${{ failure() || cancelled() }}'}\n  c: {run: x, if: '${{ cancelled() }}'}\n",
        "steps:\n  a: {run: x, if: true}\n  b: {run: x, if: '${{ 1 == 1 }}'}\n",
    ],
)
def test_right_use_is_not_warned_of(load: Callable[..., Loaded], text: str) -> None:
    assert said(load({"workflows/a.yaml": HEAD + text}), "workflows/a.yaml") == []
