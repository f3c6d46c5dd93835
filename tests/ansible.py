"""Ansible, for the tests of std/ansible: from a virtual environment apart from ours, made by scripts/test-deps.sh."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "requirements-ansible.lock"
FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "windlass"
BINARIES = FOLDER / f"ansible-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}" / "bin"
IN_CI = os.environ.get("CI", "") not in ("", "false", "0")


def reason() -> str | None:
    """Why it is not here; None: it is, or CI has to have it."""
    if (BINARIES / "ansible-playbook").exists() or IN_CI:
        return None
    return f"no Ansible in {BINARIES.parent}: `make test` installs it"
