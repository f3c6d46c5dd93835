"""What holds for all tests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from tests.docker_engine import Dockerd, engines

if TYPE_CHECKING:
    from collections.abc import Iterator

# A busy machine is no mistake of the code; nor is luck, in a run that decides about a change.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("here"), derandomize=True, database=None)
settings.load_profile("here" if os.environ.get("CI", "") in ("", "false", "0") else "ci")


@pytest.fixture(scope="session")
def dockerd() -> Iterator[Dockerd]:
    """A Docker engine for all tests of this process."""
    yield from engines()
