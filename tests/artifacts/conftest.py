"""Object stores for the tests: a folder, and a real S3 server."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING

import pytest
from tests.s3 import S3, reason

from windlass.artifacts.objects import Objects, folder_url

if TYPE_CHECKING:
    from pathlib import Path

BUCKETS = count(1)


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    why = reason()
    if why is not None:
        pytest.skip(why)
    server = S3(tmp_path_factory.mktemp("s3"))
    yield server
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def objects(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Objects:
    """One that is empty."""
    if request.param == "folder":
        return Objects(folder_url(tmp_path / "objects of mine"))
    server: S3 = request.getfixturevalue("s3")
    for name, value in server.env().items():
        monkeypatch.setenv(name, value)
    return Objects(server.bucket(f"bucket-{next(BUCKETS)}"))
