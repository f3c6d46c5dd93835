"""The outline of a plan, as `--dry-run` shows it: nested workflows, loops, conditions."""

from __future__ import annotations

import pytest

from windlass.cli.plan_view import print_plan
from windlass.plan.planner import Occasion, make_plan
from windlass.plan.uses import Used
from windlass_schemas.workflow import Workflow

HEAD = {"apiVersion": "windlass.dev/v1", "kind": "Workflow"}
INNER = {
    **HEAD,
    "metadata": {"name": "inner"},
    "inputs": {"where": {"type": "string"}},
    "steps": {"prepare": {"run": "true"}, "end": {"needs": ["prepare"], "wait": {"for": "90s"}}},
    "finally": {"tidy": {"run": "true"}},
}
OUTER = {
    **HEAD,
    "metadata": {"name": "outer"},
    "inputs": {"where": {"type": "string", "default": "eu"}},
    "steps": {
        "build": {"forEach": ["a", "b"], "maxParallel": 2, "run": "make", "timeout": "5m", "retry": {"attempts": 3}},
        "ask": {"needs": ["build"], "if": "${{ inputs.where == 'eu' }}", "approval": {"by": ["group:ops", "ada"]}},
        "ship": {"needs": ["ask"], "uses": "./workflows/inner.yaml", "with": {"where": "${{ inputs.where }}"}},
    },
    "finally": {"tell": {"command": ["notify", "<done> & \"over\""]}},
}  # fmt: skip
TREE = """\
shop/outer at no commit
  input where = "eu"
  ├─ build  run  forEach ["a", "b"], 2 at once  timeout 5m  up to 3 attempts
  ├─ ask    approval by group:ops or ada  after build  if ${{ inputs.where == 'eu' }}
  ├─ ship   uses ./workflows/inner.yaml  after ask
  │  ├─ prepare  run
  │  ├─ end      wait 1m30s  after prepare
  │  └─ tidy     run  timeout 10m  (finally)
  └─ tell   command notify <done> & "over"  timeout 10m  (finally)
"""
MERMAID = """\
flowchart TD
  s0["build<br/>run<br/>forEach [#34;a#34;, #34;b#34;], 2 at once<br/>timeout 5m<br/>up to 3 attempts"]
  s1{{"ask<br/>approval by group:ops or ada<br/>if ${{ inputs.where == 'eu' }}"}}
  subgraph s2["ship<br/>uses ./workflows/inner.yaml"]
    s2_0["prepare<br/>run"]
    s2_1(["end<br/>wait 1m30s"])
    subgraph s2_f["finally"]
      s2_2["tidy<br/>run<br/>timeout 10m"]
    end
    s2_0 --> s2_1
    s2_1 -.-> s2_f
  end
  subgraph sf["finally"]
    s3["tell<br/>command notify #60;done#62; #38; #34;over#34;<br/>timeout 10m"]
  end
  s0 --> s1
  s1 --> s2
  s2 -.-> sf
"""


@pytest.mark.parametrize(("how", "shown"), [("text", TREE), ("mermaid", MERMAID)])
def test_a_plan_as_a_tree_and_as_a_diagram(how: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    uses = {"./workflows/inner.yaml": Used("Workflow", INNER, "workflows/inner.yaml")}
    occasion = Occasion("shop", None, {"where": "eu"}, {"kind": "manual"}, {}, uses=uses)
    print_plan(make_plan(Workflow.model_validate(OUTER), None, occasion), how)
    assert capsys.readouterr().out == shown


def test_what_only_a_run_knows_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    inner = {**INNER, "env": {"A": "${{ inputs.where }}"}, "runTitle": "${{ inputs.where }}"}
    steps = {
        "a": {"run": "true", "outputs": {"where": {"type": "string"}}},
        "b": {"uses": "./workflows/inner.yaml", "with": {"where": "${{ steps.a.outputs.where }}"}},
    }
    uses = {"./workflows/inner.yaml": Used("Workflow", inner, "workflows/inner.yaml")}
    occasion = Occasion("shop", None, {}, {"kind": "manual"}, {}, uses=uses)
    plan = make_plan(Workflow.model_validate({**OUTER, "inputs": {}, "steps": steps}), None, occasion)
    print_plan(plan, "text")
    out = capsys.readouterr().out
    assert "├─ b     uses ./workflows/inner.yaml  after a\n" in out
    assert "known when it begins: " in out or "├─ prepare" in out
