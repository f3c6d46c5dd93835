"""std/ansible with the real program, on this machine."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.ansible import BINARIES, reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.actions_library.conftest import Act, Done

REASON = reason()
SECRET = "s3cr3t-value"
PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Write
      copy: {dest: "{{ folder }}/greeting", content: "{{ greeting }} {{ key | default('') }}"}
      no_log: true
      tags: [write]
    - name: Other
      assert: {that: "greeting != 'bad'", fail_msg: it is bad}
"""


@pytest.fixture
def ansible(act: Act) -> Callable[..., Done]:
    if REASON is not None:
        pytest.skip(REASON)
    (act.folder / "site.yaml").write_text(PLAYBOOK)

    def run(**given: Any) -> Done:
        values = {"greeting": "hi", "folder": str(act.folder)} | given.pop("variables", {})
        env = {"PATH": f"{BINARIES}:{os.environ['PATH']}", "ANSIBLE_PYTHON_INTERPRETER": sys.executable}
        done = act("ansible", env=env, **{"playbook": "site.yaml", "variables": values, **given})
        assert SECRET not in done.log
        return done

    return run


def test_a_playbook_on_this_machine(act: Act, ansible: Callable[..., Done]) -> None:
    given = {"secret-variables": f"key: {SECRET}"}
    looked = ansible(check=True, diff=True, **given)
    assert looked.code == 0, looked.log
    assert looked.outputs["changed"]
    assert not (act.folder / "greeting").exists()
    done = ansible(**given)
    assert (act.folder / "greeting").read_text() == f"hi {SECRET}"
    assert done.outputs["hosts"]["localhost"] | {"ok": 2, "changed": 1} == done.outputs["hosts"]["localhost"]
    again = ansible(tags=["write"], **given)
    assert (again.outputs["changed"], again.outputs["hosts"]["localhost"]["ok"]) == (False, 1)
    assert not list(act.folder.parent.glob("attempt/private-*"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"playbook": "none.yaml"}, "playbook: none.yaml is not there"),
        ({"inventory": "none"}, "inventory: none is not there"),
        ({"playbook": "-x"}, "begins with -"),
        ({"variables": {"greeting": "bad"}}, "tasks failed on localhost"),
        ({"inventory": "127.0.0.1,", "private-key": f"no key {SECRET}"}, "no connection on 127.0.0.1"),
        ({"timeout": "50ms"}, "not done within 50ms"),
    ],
)
def test_what_cannot_be_done(ansible: Callable[..., Done], given: dict[str, Any], said: str) -> None:
    assert said in ansible(**given).said


def test_a_playbook_that_is_none(act: Act, ansible: Callable[..., Done]) -> None:
    (act.folder / "none.yaml").write_text("a: [")
    assert "ansible-playbook" in ansible(playbook="none.yaml").said
