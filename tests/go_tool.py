"""Programs that scripts/go_tools.py builds, for tests: skipped with the reason where one is missing, in CI an error.

No test builds one by itself: that takes minutes. `scripts/test-deps.sh`, which `make test` starts with, does.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from scripts.go_tools import TOOLS, why_not

IN_CI = os.environ.get("CI", "") not in ("", "false", "0")


def missing(tool: str) -> str | None:
    """Why it is not there; None: it is."""
    found = TOOLS[tool]
    if found.folder.exists():
        return None
    return why_not(found) or f"{tool} {found.version} is not built yet: scripts/test-deps.sh does it"


def program(tool: str, name: str) -> Path:
    """For example `program("helm", "helm")`."""
    reason = missing(tool)
    if reason is not None:
        assert not IN_CI, reason
        pytest.skip(reason)
    return TOOLS[tool].folder / name
