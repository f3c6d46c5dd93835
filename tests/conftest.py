"""What holds for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# A run that decides about a change must not depend on luck; elsewhere each run looks at other examples.
settings.register_profile("ci", derandomize=True, database=None)
if os.environ.get("CI", "") not in ("", "false", "0"):
    settings.load_profile("ci")
