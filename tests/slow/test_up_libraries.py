"""Libraries of a served repository by the real command: pinned, shared, away at a restart."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tests.reconcile.library_repos import action, library, settings
from tests.slow.repo import Repo, workflow
from tests.slow.waiting import until

if TYPE_CHECKING:
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.server import Server

USER = workflow(
    "user",
    """
    outputs: {said: "${{ steps.say.outputs.said }}"}
    steps:
      say: {uses: infra/say}
    """,
)


def say(word: str) -> dict[str, str]:
    rest = f'outputs: {{said: {{type: string}}}}\nrun: echo said={word} >> "$WINDLASS_OUTPUT"\n'
    return {"lib/say/action.yaml": action("say", rest)}


@pytest.fixture
def infra(home: Home) -> Repo:
    return library(home.folder, "infra", say("one"), tag="v1")


def lock(home: Home, repo: Repo, infra: Repo, ref: str = "v1") -> str:
    """The commit in which windlass.lock has the library as `ref` says now."""
    repo.write({"windlass.yaml": settings(infra=f"git: file://{infra.path}, ref: {ref}, path: lib")})
    done = home.windlass("lock", cwd=repo.path)
    assert done.returncode == 0, done.stderr
    return repo.commit({"workflows/user.yaml": USER})


def fetched(server: Server) -> dict[str, str]:
    conditions = server.get("/repositories/shop")["conditions"]
    return {one["type"]: one for one in conditions}["LibrariesFetched"]


def said(server: Server, repository: str) -> str:
    run = server.ended(server.begin(repository, "user"))
    assert run["status"] == "succeeded", run
    return str(run["outputs"]["said"])


def test_pinned_until_the_lock_is_written_again(home: Home, repo: Repo, infra: Repo, serve: MakeServer) -> None:
    lock(home, repo, infra)
    server = serve(repo.path)
    first = infra.git("rev-parse", "HEAD")
    assert said(server, "shop") == "one"
    second = infra.commit(say("two"))
    infra.git("tag", "--force", "v1")
    shown = server.reconcile("shop")
    assert shown["libraries"]["infra"]["commit"] == first
    until(lambda: server.get("/repositories/shop")["libraries"]["infra"]["newest"] == second)
    assert said(server, "shop") == "one"
    lock(home, repo, infra)
    assert server.reconcile("shop")["libraries"]["infra"]["commit"] == second
    run = server.begin("shop", "user")
    assert server.ended(run)["outputs"] == {"said": "two"}
    assert server.get(f"/runs/{run}/plan")["libraries"] == {"infra": second}


def test_away_at_a_restart(home: Home, repo: Repo, infra: Repo, serve: MakeServer) -> None:
    lock(home, repo, infra)
    server = serve(repo.path)
    shutil.rmtree(infra.path)
    server.stop()
    server.start()
    shown = server.get("/repositories/shop")
    assert shown["problems"] == []
    assert said(server, "shop") == "one"
    message = until(lambda: fetched(server)["message"] if fetched(server)["status"] == "False" else None)
    assert message is not None
    assert "stays in use" in message
    server.stop()
    shutil.rmtree(server.data / "libraries")
    server.start()
    shown = server.get("/repositories/shop")
    assert [problem["rule"] for problem in shown["problems"]] == ["library-unavailable"]
    assert server.live("shop")["user"]["stale"] is True
    assert said(server, "shop") == "one", "what a definition uses is frozen with it"


def test_it_comes_back_by_itself(home: Home, repo: Repo, infra: Repo, serve: MakeServer) -> None:
    lock(home, repo, infra)
    away = infra.path.rename(infra.path.with_name("away"))
    server = serve(repo.path)
    assert server.live("shop") == {}
    away.rename(infra.path)
    until(lambda: "user" in server.live("shop"))
    assert said(server, "shop") == "one"


def test_two_repositories_share_it_at_different_commits(home: Home, repo: Repo, infra: Repo, serve: MakeServer) -> None:
    other = Repo(home.folder / "other")
    lock(home, repo, infra)
    infra.commit(say("two"))
    lock(home, other, infra, ref="main")
    server = serve(repo.path, other.path)
    assert (said(server, "shop"), said(server, "other")) == ("one", "two")
    assert len(list((server.data / "libraries").iterdir())) == 1
    infra.commit(say("three"))
    lock(home, other, infra, ref="main")
    server.reconcile("other")
    shutil.rmtree(infra.path)
    server.stop()
    server.start()
    assert (said(server, "shop"), said(server, "other")) == ("one", "three")
