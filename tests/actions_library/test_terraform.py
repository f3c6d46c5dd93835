"""std/terraform with the real program, whichever of the two is here; configurations that need no provider."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from tests.terraform import binary, reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.actions_library.conftest import Act, Done

REASON = reason()
SECRET = "s3cr3t-value"
MAIN = """
variable "size" { type = number }
variable "key" {
  type      = string
  default   = ""
  sensitive = true
}
resource "terraform_data" "one" {
  count = var.size
  input = "one-${count.index}"
}
output "names" { value = terraform_data.one[*].output }
output "key" {
  value     = var.key
  sensitive = true
}
"""


@pytest.fixture
def terraform(act: Act) -> Callable[..., Done]:
    if REASON is not None:
        pytest.skip(REASON)
    (act.folder / "main.tf").write_text(MAIN)

    def run(command: str, **given: Any) -> Done:
        values = {} if command in ("output",) else {"variables": {"size": 2}}
        env = {"PATH": f"{binary().parent}:{os.environ['PATH']}", "TMPDIR": str(act.folder.parent)}
        done = act("terraform", command=command, tool=binary().name, env=env, **{**values, **given})
        assert SECRET not in done.log
        return done

    return run


def test_what_is_planned_is_what_happens(act: Act, terraform: Callable[..., Done]) -> None:
    hidden = {"secret-variables": json.dumps({"key": SECRET})}
    plan = terraform("plan", **{"plan-file": "planned", **hidden})
    assert plan.code == 0, plan.log
    assert (plan.outputs["changed"], plan.outputs["add"], plan.outputs["destroy"]) == (True, 2, 0)
    assert "terraform_data.one[1] will be created" in plan.outputs["plan"]
    done = terraform("apply", variables={}, init=False, **{"plan-file": "planned"})
    assert done.code == 0, done.log
    assert done.outputs["outputs"] == {"names": ["one-0", "one-1"]}, "what is sensitive stays where it is"
    assert (done.outputs["changed"], done.outputs["add"]) == (True, 2)
    assert terraform("output", init=False).outputs["outputs"] == {"names": ["one-0", "one-1"]}
    again = terraform("plan", init=False, **hidden)
    assert (again.outputs["changed"], again.outputs["add"]) == (False, 0)
    less = terraform("apply", init=False, variables={"size": 1}, **hidden)
    assert (less.outputs["destroy"], less.outputs["outputs"]["names"]) == (1, ["one-0"])
    gone = terraform("destroy", init=False, **hidden)
    assert (gone.outputs["changed"], gone.outputs["destroy"]) == (True, 1)
    assert not list(act.folder.parent.glob("attempt/private-*"))


def test_a_workspace_is_made(terraform: Callable[..., Done]) -> None:
    assert terraform("apply", workspace="green").outputs["add"] == 2
    assert terraform("plan", init=False, workspace="blue").outputs["add"] == 2
    assert terraform("plan", init=False, workspace="green").outputs["add"] == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"path": "none"}, "path: none is not there"),
        ({"variables": {}}, "No value for required variable"),
        ({"variables": {"size": "many"}}, "number is required"),
        ({"secret-variables": f"{SECRET}"}, "secret-variables is no JSON object"),
        ({"variable-files": ["none.tfvars"]}, "none.tfvars is not there"),
        ({"command": "apply", "plan-file": "-x"}, "begins with -"),
        ({"timeout": "10ms"}, "not done within 10ms"),
    ],
)
def test_what_cannot_be_done(terraform: Callable[..., Done], given: dict[str, Any], said: str) -> None:
    assert said in terraform(**{"command": "plan", **given}).said
