"""The program that std/terraform is tested with: an installed one, else OpenTofu as scripts/test-deps.sh built it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IN_CI = os.environ.get("CI", "") not in ("", "false", "0")


@cache
def _found() -> Path | None:
    for name in ("tofu", "terraform"):
        if installed := shutil.which(name):
            return Path(installed)
    command = [sys.executable, "scripts/go_tools.py", "--where", "tofu"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return Path(done.stdout.strip()) / "tofu" if done.returncode == 0 else None


def binary() -> Path:
    found = _found()
    assert found is not None, "CI needs OpenTofu: scripts/test-deps.sh builds it"
    return found


def reason() -> str | None:
    """Why there is none here; None: there is one, or CI has to have it."""
    if _found() is not None or IN_CI:
        return None
    return "neither tofu nor terraform is here: `make test` builds it"
