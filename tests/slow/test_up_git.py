"""`windlass up` and git: a commit goes live without a restart, the last good version stays, runs are pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.slow.repo import workflow
from tests.slow.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo
    from tests.slow.server import Server

HOUR = ("--poll", "1h")


def says(text: str) -> str:
    return "outputs: {said: '${{ steps.it.outputs.said }}'}\n" + (
        f"steps: {{it: {{outputs: {{said: {{type: string}}}}, run: 'echo said={text} >> $WINDLASS_OUTPUT'}}}}\n"
    )


def said(server: Server, name: str = "it") -> str:
    run = server.ended(server.begin("shop", name))
    text: str = run["outputs"]["said"]
    return text


def ready(server: Server) -> dict[str, str]:
    return {c["type"]: c["status"] for c in server.get("/repositories/shop")["conditions"]}


def test_a_commit_is_live_by_polling(repo: Repo, serve: MakeServer) -> None:
    repo.add("it", says("one"))
    server = serve(repo.path, words=("--poll", "1s"))
    assert said(server) == "one"
    commit = repo.add("it", says("two"))
    repo.add("another", says("new"))
    until(lambda: "another" in server.live("shop"))
    assert (said(server), said(server, "another")) == ("two", "new")
    repo.commit({"workflows/another.yaml": None})
    until(lambda: "another" not in server.live("shop"))
    assert server.http.get("/api/v1/workflows/shop/another").status_code == 404
    assert server.live("shop")["it"]["commit"] in (commit, repo.git("rev-parse", "HEAD"))


def test_a_commit_is_live_by_the_forges_notification(home: Home, repo: Repo, serve: MakeServer) -> None:
    """Over file://, which is polled at its interval: nothing but the notification can be the reason."""
    repo.add("it", says("one"))
    server = serve(f"file://{repo.path}", words=HOUR)
    repo.add("it", says("two"))
    assert said(server) == "one"
    assert server.http.post("/hooks/shop", json={"ref": "refs/heads/main"}).status_code == 202
    until(lambda: said(server) == "two")
    commit = repo.add("it", says("three"))
    assert server.reconcile("shop")["commit"] == commit
    assert said(server) == "three"


def test_only_the_branch_that_is_checked_out_counts_and_only_commits(repo: Repo, serve: MakeServer) -> None:
    repo.add("it", says("one"))
    server = serve(repo.path)
    repo.write({"workflows/it.yaml": workflow("it", says("uncommitted"))})
    server.reconcile("shop")
    assert said(server) == "one"
    repo.git("switch", "--quiet", "--create", "other")
    repo.commit({"workflows/it.yaml": workflow("it", says("other"))})
    server.reconcile("shop")
    assert said(server) == "other"
    repo.git("switch", "--quiet", "main")
    server.reconcile("shop")
    assert said(server) == "one"


def test_the_last_good_version_stays_while_a_file_is_broken(repo: Repo, serve: MakeServer) -> None:
    good = repo.commit({f"workflows/{name}.yaml": workflow(name, says("good")) for name in ("it", "other")})
    server = serve(repo.path)
    broken = repo.commit(
        {
            "workflows/it.yaml": workflow("it", says("broken") + "nonsense: 1\n"),
            "workflows/other.yaml": workflow("other", says("better")),
        }
    )
    found = server.reconcile("shop")
    (problem,) = found["problems"]
    assert (problem["file"], problem["rule"], problem["line"]) == ("workflows/it.yaml", "unknown-key", 6)
    assert found["commit"] == broken
    assert ready(server) == {"Ready": "False", "Fetched": "True", "Valid": "False"}
    live = server.live("shop")
    assert (live["it"]["stale"], live["it"]["commit"]) == (True, good)
    assert (live["other"]["stale"], live["other"]["commit"]) == (False, broken)
    assert (said(server), said(server, "other")) == ("good", "better")
    server.kill()
    server.start()  # what is last good is known to the ledger, not only to a process
    assert server.live("shop")["it"]["stale"] is True
    assert said(server) == "good"
    fixed = repo.add("it", says("fixed"))
    assert server.reconcile("shop")["problems"] == []
    assert (server.live("shop")["it"]["commit"], said(server)) == (fixed, "fixed")
    assert ready(server) == {"Ready": "True", "Fetched": "True", "Valid": "True"}


def test_a_windlass_yaml_that_is_broken_harms_nothing_that_is_live(repo: Repo, serve: MakeServer) -> None:
    head = "apiVersion: windlass.dev/v1\nkind: Repository\n"
    it = workflow("it", says("$COMPANY"))
    repo.commit({"windlass.yaml": f"{head}env: {{COMPANY: shop}}\n", "workflows/it.yaml": it})
    server = serve(repo.path)
    assert said(server) == "shop"
    repo.commit({"windlass.yaml": f"{head}enw: {{COMPANY: shop}}\n"})
    assert [p["file"] for p in server.reconcile("shop")["problems"]] == ["windlass.yaml"]
    assert said(server) == "shop"


def test_a_repository_that_cannot_be_read_harms_no_other(home: Home, repo: Repo, serve: MakeServer) -> None:
    repo.add("it", says("fine"))
    empty = home.folder / "empty"
    empty.mkdir()
    server = serve(repo.path, empty)
    states = {r["name"]: {c["type"]: c for c in r["conditions"]} for r in server.get("/repositories")["items"]}
    assert states["empty"]["Fetched"]["status"] == "False"
    assert states["empty"]["Fetched"]["message"]
    assert states["shop"]["Ready"]["status"] == "True"
    assert said(server) == "fine"


def test_a_repository_that_goes_away_keeps_its_last_good_version(repo: Repo, serve: MakeServer, home: Home) -> None:
    repo.add("it", says("fine"))
    server = serve(repo.path)
    away = home.folder / "away"
    repo.path.rename(away)
    found = server.reconcile("shop")
    assert {c["type"]: c["status"] for c in found["conditions"]}["Fetched"] == "False"
    assert said(server) == "fine"
    server.kill()
    away.rename(repo.path)
    server.start()
    repo.git("branch", "--move", "main", "trunk")
    repo.git("symbolic-ref", "HEAD", "refs/heads/main")
    (fetched,) = [c for c in server.reconcile("shop")["conditions"] if c["type"] == "Fetched"]
    assert (fetched["status"], fetched["reason"]) == ("False", "SourceMissing")
    assert said(server) == "fine"


def many(count: int) -> dict[str, str | None]:
    return {f"workflows/w{number}.yaml": workflow(f"w{number}", says("fine")) for number in range(count)}


def test_a_mass_removal_waits_for_a_confirmation(repo: Repo, serve: MakeServer) -> None:
    """R20: more than half of ten or more, or all."""
    repo.commit(many(10))
    server = serve(repo.path)
    repo.commit({f"workflows/w{number}.yaml": None for number in range(6)})
    found = server.reconcile("shop")
    assert "mass-removal" in [problem["rule"] for problem in found["problems"]]
    live = server.live("shop")
    assert len(live) == 10
    assert {name for name, item in live.items() if item["stale"]} == {f"w{number}" for number in range(6)}
    assert said(server, "w0") == "fine"
    server.kill()
    server.start()
    assert len(server.live("shop")) == 10  # a restart is no confirmation
    server.reconcile("shop", confirm=True)
    assert set(server.live("shop")) == {"w6", "w7", "w8", "w9"}
    repo.commit({f"workflows/w{number}.yaml": None for number in (6, 7)})
    server.reconcile("shop")
    assert set(server.live("shop")) == {"w8", "w9"}  # two of four: takes effect at once
    repo.commit({f"workflows/w{number}.yaml": None for number in (8, 9)})
    server.reconcile("shop")
    assert set(server.live("shop")) == {"w8", "w9"}  # all of them: guarded, however few


def gated(version: int, gate: Path) -> str:
    step = f"{{name: wait, timeout: 60s, run: 'until [ -e {gate} ]; do sleep 0.02; done'}}"
    return f"outputs: {{said: '${{{{ steps.it.outputs.said }}}}'}}\nsteps:\n  - {step}\n" + (
        f"  - {{name: it, outputs: {{said: {{type: integer}}}}, run: 'echo said={version} >> $WINDLASS_OUTPUT'}}\n"
    )


def test_a_run_is_pinned_through_a_force_push_and_a_restart(home: Home, repo: Repo, serve: MakeServer) -> None:
    gate = home.folder / "gate"
    repo.commit({"readme.md": "a shop"})
    old = repo.add("it", gated(1, gate))
    server = serve(repo.path)
    run = server.begin("shop", "it")
    new = repo.commit({"workflows/it.yaml": workflow("it", gated(2, gate))}, amend=True)
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "--quiet", "--prune=now")
    server.reconcile("shop")
    server.kill()
    server.start()
    gate.touch()
    ended = server.ended(run)
    assert (ended["commit"], ended["outputs"]) == (old, {"said": 1})
    assert "said=1" in server.http.get(f"/api/v1/runs/{run}/definition").text
    fresh = server.ended(server.begin("shop", "it"))
    assert (fresh["commit"], fresh["outputs"]) == (new, {"said": 2})


def test_a_deleted_workflow_finishes_what_it_began(home: Home, repo: Repo, serve: MakeServer) -> None:
    gate = home.folder / "gate"
    repo.commit({f"workflows/{name}.yaml": workflow(name, gated(1, gate)) for name in ("it", "other")})
    server = serve(repo.path)
    run = server.begin("shop", "it")
    repo.commit({"workflows/it.yaml": None})
    server.reconcile("shop")
    assert server.http.get("/api/v1/workflows/shop/it").status_code == 404
    gate.touch()
    assert server.ended(run)["status"] == "succeeded"
    assert [item["id"] for item in server.runs(workflow="it")] == [run]  # history stays


def test_two_repositories_of_one_name(home: Home, repo: Repo, serve: MakeServer) -> None:
    from tests.slow.repo import Repo as AnotherRepo

    repo.add("it", says("first"))
    twin = AnotherRepo(home.folder / "elsewhere/shop")
    twin.add("it", says("second"))
    server = serve(repo.path, twin.path)
    assert [r["name"] for r in server.get("/repositories")["items"]] == ["shop", "shop-2"]
    assert server.ended(server.begin("shop-2", "it"))["outputs"] == {"said": "second"}
