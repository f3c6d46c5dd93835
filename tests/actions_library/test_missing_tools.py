"""Actions that need more than Python: where it is missing the step is errored, and says what to install."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.actions_library.conftest import LIBRARY

if TYPE_CHECKING:
    from tests.actions_library.conftest import Act

NEEDS: dict[str, tuple[dict[str, Any], str]] = {
    "git-clone": ({"url": "file:///nowhere"}, "apt-get install git"),
    "git-commit": ({"url": "file:///nowhere", "message": "x", "from": ["x"]}, "apt-get install git"),
    "ansible": ({"playbook": "x"}, "pip install ansible-core"),
    "compose": ({}, "apt-get install docker-compose"),
    "docker-build": ({}, "run the step on a docker runner"),
    "helm": ({"release": "x", "chart": "x"}, "https://helm.sh/docs/intro/install/"),
    "kubectl": ({"command": "get", "resource": "pods"}, "https://kubernetes.io/docs/tasks/tools/"),
    "terraform": ({}, "https://opentofu.org/docs/intro/install/"),
    "notify": ({"to": "apprise", "url": "json://127.0.0.1", "text": "a"}, "pip install apprise"),
    "sql": ({"database": "postgresql://127.0.0.1/x", "statement": "SELECT 1"}, "pip install 'psycopg[binary]'"),
    "transform": ({"data": "1", "program": "."}, "apt-get install jq"),
}


def test_each_that_needs_something_is_here() -> None:
    needing = {
        path.parent.name for path in Path(LIBRARY).glob("*/*.py") if re.search(r"tool-missing", path.read_text())
    }
    assert needing == NEEDS.keys()


@pytest.mark.parametrize("action", NEEDS)
def test_without_it_the_step_is_errored(act: Act, tmp_path: Path, action: str) -> None:
    given, install = NEEDS[action]
    for package in ("psycopg", "apprise"):
        (tmp_path / f"{package}.py").write_text("raise ImportError")
    (act.folder / "x").touch()
    done = act(action, **given, env={"PATH": "/nowhere", "PYTHONPATH": str(tmp_path), "DOCKER_HOST": "unix:///nowhere"})
    assert install in done.said
    assert done.errored == ("tool-missing", done.said.removeprefix(f"{action}: "))


def test_what_actions_have_in_common_is_the_same() -> None:
    """An action is whole by itself: what several use lies in each of them."""
    for name in ("tool.py", "git.py"):
        copies = [path.read_text() for path in Path(LIBRARY).glob(f"*/{name}")]
        assert len(copies) > 1
        assert len(set(copies)) == 1, name
