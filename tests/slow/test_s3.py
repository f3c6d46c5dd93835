"""Artifacts and caches of a server whose object store is S3: a real one, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from tests.s3 import S3, reason

if TYPE_CHECKING:
    from tests.slow.conftest import MakeServer
    from tests.slow.repo import Repo

STEPS = """
steps:
  build:
    cache: {key: deps, paths: [deps]}
    run: |
      test -e deps/big || { mkdir deps; head -c 7000000 /dev/urandom > deps/big; echo made; }
      echo hello > page.html
    artifacts: {save: {page: page.html, big: deps/big}}
  use:
    artifacts: {load: {here.html: "${{ steps.build.artifacts.page }}", big: "${{ steps.build.artifacts.big }}"}}
    run: cat here.html; stat -c %s big
"""


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    why = reason()
    if why is not None:
        pytest.skip(why)
    server = S3(tmp_path_factory.mktemp("s3"))
    yield server
    server.stop()


def test_artifacts_and_caches_are_kept_in_s3(repo: Repo, serve: MakeServer, s3: S3) -> None:
    repo.add("page", STEPS)
    server = serve(repo.path, started=False)
    server.start({**s3.env(), "WINDLASS_OBJECTS": s3.bucket("windlass")})
    first, second = (server.ended(server.begin("shop", "page"), 60) for _ in range(2))
    assert (first["status"], second["status"]) == ("succeeded", "succeeded"), (first, second)
    assert server.step_log(first["id"], "use").text == "hello\n7000000\n"
    assert "made" in server.step_log(first["id"], "build").text
    assert "made" not in server.step_log(second["id"], "build").text, "the cache was restored"
    page = server.http.get(f"/api/v1/runs/{second['id']}/artifacts/page")
    assert (page.status_code, page.text) == (200, "hello\n")
    assert not (server.data / "objects").exists(), "nothing is kept beside it"
