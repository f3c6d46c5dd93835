"""Artifacts and caches of a server whose object store is S3: a real one, over HTTP."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from tests.s3 import S3, reason
from tests.slow.folders import files
from tests.slow.waiting import until

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
    first, second = (server.ended(server.begin("shop", "page"), 120) for _ in range(2))
    assert (first["status"], second["status"]) == ("succeeded", "succeeded"), (first, second)
    assert server.step_log(first["id"], "use").text == "hello\n7000000\n"
    assert "made" in server.step_log(first["id"], "build").text
    assert "made" not in server.step_log(second["id"], "build").text, "the cache was restored"
    page = server.http.get(f"/api/v1/runs/{second['id']}/artifacts/page")
    assert (page.status_code, page.text) == (200, "hello\n")
    assert not (server.data / "objects").exists(), "nothing is kept beside it"


def test_logs_go_to_s3_while_they_grow_and_leave_the_disk_at_the_end(repo: Repo, serve: MakeServer, s3: S3) -> None:
    gate = repo.path.parent / "gate"
    repo.add("page", f"\nsteps: {{build: {{run: 'echo one; until test -e {gate}; do sleep 0.05; done; echo two'}}}}\n")
    server = serve(repo.path, started=False)
    bucket = {**s3.env(), "WINDLASS_OBJECTS": s3.bucket("logs")}
    server.start(bucket)
    run = server.begin("shop", "page")
    until(lambda: server.step_log(run, "build").text == "one\n")
    server.kill()
    server.start(bucket)
    gate.touch()
    server.ended(run, 120)
    until(lambda: not list(files(server.data / "logs")))
    assert server.step_log(run, "build").text == "one\ntwo\n"
    shutil.rmtree(server.data / "logs")
    answer = server.step_log(run, "build", offset=2)
    assert (answer.text, answer.headers["Windlass-Complete"]) == ("e\ntwo\n", "true")
