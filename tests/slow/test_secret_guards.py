"""Who may use a secret: what nobody agreed to or reviewed is given none, and no store is even asked for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.canary import secret
from tests.secrets.stores.local_server import local_server
from tests.slow.repo import workflow
from tests.slow.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.secrets.stores.local_server import Local, Request
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo
    from tests.slow.server import Server

VALUE = secret("guards")
SETTINGS = """
apiVersion: windlass.dev/v1
kind: Repository
secrets: {PLAIN: "ref+vault://secret/shop#/plain"}
environments:
  production:
    protection: {branches: [main], approval: {by: ["local"]}}
    secrets: {DB: "ref+vault://secret/production#/db"}
  release:
    protection: {branches: ["release-*"]}
    secrets: {DB: "ref+vault://secret/production#/db"}
"""
USE = """
    environment: ENVIRONMENT
    steps: {use: {env: {DB: "${{ secrets.DB }}"}, run: 'echo "${#DB}"'}}
"""
PLAIN = """
    steps: {use: {env: {P: "${{ secrets.PLAIN }}"}, run: 'echo "${#P}"'}}
"""


@pytest.fixture
def store() -> Iterator[Local]:
    """Answers as a Vault does, for any path, and counts (that real ones are asked so, tests/secrets shows)."""
    data = {"data": {"data": {"db": VALUE, "plain": VALUE}, "metadata": {"version": 1}}}
    mount = {"data": {"path": "secret/", "type": "kv", "options": {"version": "2"}}}

    def answer(request: Request) -> tuple[int, dict[str, Any]]:
        return 200, mount if "/ui/mounts/" in request.path else data if "/data/" in request.path else {}

    with local_server(answer) as made:
        yield made


def asked(store: Local) -> list[str]:
    return [request.path for request in store.requests if "/data/" in request.path]


@pytest.fixture
def server(home: Home, repo: Repo, store: Local, serve: MakeServer) -> Server:
    """The store of production is given to runs in that environment only."""
    (home.folder / "token").write_text("token-of-the-server")
    grants = [
        {"repositories": ["shop"], "paths": ["secret/shop"]},
        {"repositories": ["shop"], "environments": ["production", "release"], "paths": ["secret/production"]},
    ]
    vault: dict[str, Any] = {"name": "team", "backend": "vault", "address": store.url, "allow": grants}
    vault["credentials"] = {"token": {"file": str(home.folder / "token")}}
    (home.folder / "server.yaml").write_text(json.dumps({"secrets": {"stores": [vault]}}))
    repo.commit(
        {
            "windlass.yaml": SETTINGS,
            "workflows/deploy.yaml": workflow("deploy", USE.replace("ENVIRONMENT", "production")),
            "workflows/release.yaml": workflow("release", USE.replace("ENVIRONMENT", "release")),
            "workflows/plain.yaml": workflow("plain", PLAIN),
            "workflows/around.yaml": workflow("around", PLAIN.replace("PLAIN", "AROUND")),
        }
    )
    around = SETTINGS.replace("secrets: {PLAIN", 'secrets: {AROUND: "ref+vault://secret/production#/db", PLAIN', 1)
    repo.commit({"windlass.yaml": around})
    return serve(repo.path, words=("--config", str(home.folder / "server.yaml")))


def test_no_secret_of_an_environment_before_people_agree(server: Server, store: Local) -> None:
    run = server.begin("shop", "deploy")
    until(lambda: server.run(run)["status"] == "waiting")
    assert asked(store) == []
    (gate,) = [name for name, step in server.run(run)["steps"].items() if step["status"] == "waiting"]
    server.post(f"/runs/{run}/steps/{gate}/approve", {}, code=202)
    result = server.ended(run)
    assert result["status"] == "succeeded", result
    assert server.step_log(run, "use").text == f"{len(VALUE)}\n"
    assert len(asked(store)) >= 1


def test_no_secret_of_an_environment_for_another_branch(server: Server, store: Local) -> None:
    result = server.ended(server.begin("shop", "release"))
    assert (result["status"], result["cause"]) == ("errored", "policy")
    assert asked(store) == []


def test_no_way_around_an_environment(server: Server, store: Local) -> None:
    """A workflow without the environment names the path all the same: the server's grant is for runs in it."""
    result = server.ended(server.begin("shop", "around"))
    assert result["steps"]["use"]["cause"] == "secret-denied"
    assert "is for runs in environment production or release only" in result["steps"]["use"]["message"]
    assert asked(store) == []


def test_what_left_the_branch_is_given_none_when_it_runs_again(server: Server, repo: Repo, store: Local) -> None:
    """A commit that was pushed away is one that nobody reviewed: its runs may run again, without secrets."""
    repo.commit({"evil": "x"})
    server.reconcile("shop")
    run = server.begin("shop", "plain")
    assert server.ended(run)["status"] == "succeeded"
    assert len(asked(store)) >= 1
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    repo.commit({"other": "y"})
    server.reconcile("shop")
    store.requests.clear()
    again = server.post(f"/runs/{run}/rerun", {"definition": "same"}, code=202)["id"]
    result = server.ended(again)
    assert result["steps"]["use"]["cause"] == "secret-denied"
    assert "unmerged refs and forks are given no secrets" in result["steps"]["use"]["message"]
    assert asked(store) == []
