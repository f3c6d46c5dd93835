"""Sources over HTTP: fine print "Server"; promises R17, R18, R20, R29."""

from __future__ import annotations

import pytest
from tests.web.site import until, workflow

BROKEN = "apiVersion: windlass.dev/v1\nkind: Workflow\nsteps: [\n"


def conditions(state):
    return {c["type"]: (c["status"], c["reason"]) for c in state["conditions"]}


def names(site):
    return [w["name"] for w in site.http.get("/api/v1/workflows", params={"limit": 500}).json()["items"]]


def pins(site):
    folder = site.folder / "mirror.git" / "mirror.git"
    loose = {path.name for path in (folder / "refs/windlass/pins").glob("*")}
    packed = folder / "packed-refs"
    lines = packed.read_text().splitlines() if packed.exists() else []
    return loose | {line.rpartition("/")[2] for line in lines if "refs/windlass/pins/" in line}


def test_a_repository_says_where_it_is(new_site):
    site = new_site({"workflows/deploy.yaml": workflow()})
    state = site.http.get("/api/v1/repositories/shop").json()
    assert state.keys() >= {"name", "commit", "conditions", "problems"}
    assert (state["name"], state["commit"], state["branch"]) == ("shop", site.head, "main")
    assert conditions(state) == {
        "Ready": ("True", "Reconciled"),
        "Fetched": ("True", "Fetched"),
        "Valid": ("True", "Valid"),
    }


def test_reconcile_answers_at_once_or_when_it_is_done(new_site):
    site = new_site({"workflows/deploy.yaml": workflow()})
    assert site.http.post("/api/v1/repositories/shop/reconcile").status_code == 202
    commit = site.commit({"workflows/new.yaml": workflow("new")})
    assert site.reconcile()["commit"] == commit
    assert names(site) == ["deploy", "new"]
    for body, status in (({"confirm": 1}, 422), ({"force": True}, 422), ([], 400)):
        assert site.http.post("/api/v1/repositories/shop/reconcile", json=body).status_code == status
    assert site.http.post("/api/v1/repositories/other/reconcile").status_code == 404


def test_r20_an_emptied_repository_keeps_its_workflows_until_that_is_confirmed(new_site):
    files = {f"workflows/w{n}.yaml": workflow(f"w{n}") for n in range(3)}
    site = new_site(files)
    state = site.push(dict.fromkeys(files))
    assert [p["rule"] for p in state["problems"]] == ["mass-removal"]
    assert names(site) == ["w0", "w1", "w2"]
    assert all(w["stale"] for w in site.http.get("/api/v1/workflows").json()["items"])
    run = site.begin("w1")
    site.held.finish(site.running(run=run))
    site.reconcile(confirm=True)
    assert names(site) == []
    assert site.http.get("/api/v1/workflows/shop/w1").status_code == 404
    assert site.ended(run)["status"] == "succeeded"


def test_r20_one_deletion_takes_effect_at_once(new_site):
    site = new_site({f"workflows/w{n:02}.yaml": workflow(f"w{n:02}") for n in range(12)})
    site.push({"workflows/w00.yaml": None})
    assert len(names(site)) == 11
    state = site.push({f"workflows/w{n:02}.yaml": None for n in range(1, 8)})
    assert [p["rule"] for p in state["problems"]] == ["mass-removal"]
    assert len(names(site)) == 11


def test_a_branch_that_goes_away_keeps_everything(new_site):
    site = new_site({"workflows/deploy.yaml": workflow()})
    (site.git_folder / ".git").rename(site.folder / "away")
    state = site.reconcile()
    assert conditions(state)["Fetched"][0] == "False"
    assert conditions(state)["Ready"][0] == "False"
    assert state["commit"] == site.head
    assert names(site) == ["deploy"]
    (site.folder / "away").rename(site.git_folder / ".git")
    assert conditions(site.reconcile())["Ready"] == ("True", "Reconciled")


def test_r17_commits_that_live_definitions_come_from_stay_in_the_mirror(new_site):
    site = new_site({"workflows/a.yaml": workflow("a"), "workflows/b.yaml": workflow("b")})
    first = site.head
    assert pins(site) == {first}
    second = site.push({"workflows/b.yaml": BROKEN})["commit"]
    assert pins(site) == {first, second}
    third = site.push({"workflows/a.yaml": workflow("a", "env: {A: '1'}\n")})["commit"]
    assert pins(site) == {first, third}
    fourth = site.push({"workflows/b.yaml": workflow("b")})["commit"]
    assert pins(site) == {fourth}


def test_a_force_push_is_followed_and_audited(new_site):
    site = new_site({"workflows/deploy.yaml": workflow()})
    site.push({"workflows/new.yaml": workflow("new")})
    site.git("reset", "--quiet", "--hard", site.head)
    state = site.push({"workflows/other.yaml": workflow("other")})
    assert names(site) == ["deploy", "other"]
    (row,) = site.parts.reads.audit()
    assert (row.action, row.object, row.after) == ("repository.force-push", "shop", {"commit": state["commit"]})


def test_r29_a_schedule_that_cannot_be_read_stops_no_other(new_site, monkeypatch):
    from windlass.reconcile import live_checks, schedules
    from windlass.triggers.schedule import Fault, ScheduleError

    real = schedules.from_written
    fault = Fault("cron", "cron", "this version does not know it")

    def sometimes(written, trigger, owner=""):
        if written.get("cron") == "1 1 1 1 *":
            raise ScheduleError([fault])
        return real(written, trigger, owner)

    monkeypatch.setattr(schedules, "from_written", sometimes)
    monkeypatch.setattr(live_checks, "faults_of", lambda w: (fault,) if w.get("cron") == "1 1 1 1 *" else ())
    both = "triggers:\n  schedule:\n    - {cron: 1 1 1 1 *}\n    - {cron: 2 2 2 2 *}\n"
    site = new_site({"workflows/a.yaml": workflow("a", both), "workflows/b.yaml": workflow("b", both)})
    assert [(row.workflow, row.trigger) for row in site.parts.reads.schedules()] == [
        ("a", "schedule[1]"),
        ("b", "schedule[1]"),
    ]
    problems = site.http.get("/api/v1/repositories/shop").json()["problems"]
    assert [(p["file"], p["path"], p["rule"]) for p in problems] == [
        ("workflows/a.yaml", "triggers.schedule[0]", "schedule-refused"),
        ("workflows/b.yaml", "triggers.schedule[0]", "schedule-refused"),
    ]
    assert {fire["trigger"] for fire in site.http.get("/api/v1/workflows/shop/a").json()["next"]} == {"schedule[1]"}


def test_the_server_is_ready_when_it_has_looked_at_every_repository(new_site):
    site = new_site({"workflows/deploy.yaml": workflow()})
    assert (site.http.get("/healthz").text, site.http.get("/readyz").text) == ("ok\n", "ok\n")
    metrics = site.http.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    assert 'windlass_source_ready{repository="shop"} 1.0' in metrics.text


@pytest.mark.parametrize("path", ["/api/v1/repositories", "/api/v1/workflows", "/api/v1/runs"])
def test_lists_are_items_and_next(new_site, path):
    site = new_site({})
    answer = site.http.get(path).json()
    assert answer.keys() == {"items", "next"}
    assert answer["next"] is None
    until(lambda: site.http.get("/readyz").status_code == 200)


def test_r29_an_error_of_ours_is_a_condition_of_that_repository(new_site, monkeypatch):
    site = new_site({"workflows/a.yaml": workflow("a")})
    head = site.source.mirror.head
    monkeypatch.setattr(site.source.mirror, "head", lambda: 1 / 0)
    shown = site.http.post("/api/v1/repositories/shop/reconcile", json={"wait": True}).json()
    ready = next(c for c in shown["conditions"] if c["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("Unknown", "InternalError")
    assert site.http.get("/api/v1/workflows/shop/a").status_code == 200
    monkeypatch.setattr(site.source.mirror, "head", head)
    shown = site.http.post("/api/v1/repositories/shop/reconcile", json={"wait": True}).json()
    assert next(c for c in shown["conditions"] if c["type"] == "Ready")["status"] == "True"
