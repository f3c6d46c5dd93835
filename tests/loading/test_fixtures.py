"""The catalogue of bad inputs: one file each, named after its id, and what is said about it.

`NAME.expect` has one line for each problem: `line:column-endColumn severity rule: message`. No file may cost more than
a fraction of a second, and a good neighbour is never harmed.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from windlass.loading.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.loading.repository import Loaded

FIXTURES = Path(__file__).parent / "fixtures"
NAMES = sorted(path.stem for path in FIXTURES.glob("*.yaml"))
GOOD = b"apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {name: neighbour}\nsteps:\n  one: {run: echo hi}\n"


@pytest.mark.parametrize("name", NAMES)
def test_fixture(name: str, load: Callable[..., Loaded]) -> None:
    path = f"workflows/{name}.yaml"
    begun = time.process_time()
    loaded = load({path: (FIXTURES / f"{name}.yaml").read_bytes(), "workflows/neighbour.yaml": GOOD})
    spent = time.process_time() - begun
    lines = [
        f"{p.span.line}:{p.span.column}-{p.span.end_column} {p.severity} {p.rule}: {p.message}" for p in loaded.problems
    ]
    assert lines == (FIXTURES / f"{name}.expect").read_text().splitlines()
    assert {problem.file for problem in loaded.problems} <= {path}
    assert {problem.rule for problem in loaded.problems} <= RULES.keys()
    assert "neighbour" in loaded.workflows
    assert spent < 1
