"""Thousands of Pods have their logs open at once, whatever a shell allows programs by default."""

from __future__ import annotations

import subprocess
import sys

LOWERED = """
import resource
from windlass.executors.kubernetes.open_files import allow_many
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
allow_many()
assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
"""


def test_the_limit_is_what_the_system_allows() -> None:
    subprocess.run([sys.executable, "-c", LOWERED], check=True, timeout=30)
