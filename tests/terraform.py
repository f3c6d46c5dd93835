"""The program that std/terraform is tested with: an installed one, else OpenTofu as scripts/test-deps.sh built it."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

from tests.go_tool import missing, program

IN_CI = os.environ.get("CI", "") not in ("", "false", "0")


@cache
def _found() -> Path | None:
    for name in ("tofu", "terraform"):
        if installed := shutil.which(name):
            return Path(installed)
    return None if missing("tofu") else program("tofu", "tofu")


def binary() -> Path:
    found = _found()
    assert found is not None, "CI needs OpenTofu: scripts/test-deps.sh builds it"
    return found


def reason() -> str | None:
    """Why there is none here; None: there is one, or CI has to have it."""
    if _found() is not None or IN_CI:
        return None
    return "neither tofu nor terraform is here: `make test` builds it"
