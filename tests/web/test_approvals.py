"""Approvals over HTTP: who may, what they answer, what is refused (interfaces.md, "HTTP")."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from starlette.testclient import TestClient
from tests.web.site import until, workflow

from windlass.reconcile.controller import Controller
from windlass.settings import ApiToken, SecretSource
from windlass.web.app import create_app

FILE = "workflows/deploy.yaml"
ASK = "  ask: {approval: {%s}}\n  ship: {needs: [ask], run: ./ship}\n"


@pytest.fixture
def asking(new_site):
    """A site whose workflow asks, and a run that waits."""

    def make(approval, steps=ASK, **settings):
        site = new_site({FILE: workflow(steps=steps % approval)}, **settings)
        run = site.begin()
        until(lambda: site.http.get(f"/api/v1/runs/{run}").json()["status"] == "waiting")
        return site, run

    return make


def say(site, run, verdict="approve", status=202, step="ask", http=None, query="", **body):
    answer = (http or site.http).post(f"/api/v1/runs/{run}/steps/{step}/{verdict}{query}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def client(site, *names, **groups):
    """A client for each of these holders of a token; the server knows no others then. `groups`: those of a holder."""
    tokens = {name: hashlib.sha256(f"wl-{name}-0123456789".encode()).digest() for name in names}
    holders = tuple(ApiToken(name, SecretSource(env="X"), groups.get(name, ())) for name in names)
    parts = replace(site.parts, settings=replace(site.settings, tokens=holders))
    app = create_app(Controller(parts), tokens)

    def of(name):
        headers = {"Authorization": f"Bearer wl-{name}-0123456789"}
        return TestClient(app, base_url="http://127.0.0.1:7878", headers=headers, raise_server_exceptions=False)

    return [of(name) for name in names]


def test_a_run_waits_is_found_and_goes_on(asking):
    asked = "by: ['group:ops'], message: Go?, inputs: {percent: {type: integer, maximum: 100, default: 10}}"
    site, run = asking(asked)
    found = site.http.get("/api/v1/runs?status=waiting").json()["items"]
    assert [(item["id"], item["message"]) for item in found] == [(run, "waits for approval by group:ops (0 of 1)")]
    shown = site.http.get(f"/api/v1/runs/{run}").json()["steps"]["ask"]["approval"]
    assert (shown["by"], shown["minimum"], shown["message"], shown["votes"]) == (["group:ops"], 1, "Go?", [])
    assert shown["inputs"]["properties"]["percent"]["maximum"] == 100
    answered = say(site, run, comment="yes", inputs={"percent": 25})
    assert answered["steps"]["ask"]["status"] == "succeeded"
    assert answered["steps"]["ask"]["outputs"] == {"percent": 25, "by": ["local"], "comment": "yes"}
    site.held.finish(site.running("ship", run))
    assert site.ended(run)["status"] == "succeeded"
    audit = site.ledger.reads.audit(10)
    assert [(item.action, item.object) for item in audit] == [("run.approve", run)]


def test_a_rejection(asking):
    site, run = asking("timeout: 1h")
    step = say(site, run, "reject", comment="no")["steps"]["ask"]
    assert (step["status"], step["cause"], step["message"]) == ("failed", "rejected", "rejected by local: no")
    assert site.ended(run)["cause"] == "rejected"


def test_different_people(asking):
    site, run = asking("by: [ada, bob, cy], minimum: 2")
    ada, bob, eve = client(site, "ada", "bob", "eve")
    refused = say(site, run, status=403, http=eve)
    assert refused["detail"] == "eve is none of those who may approve: by: ada, bob, cy"
    first = say(site, run, http=ada)
    assert say(site, run, http=ada) == first, "the same person again changes nothing"
    assert first["steps"]["ask"]["message"] == "waits for approval by ada or bob or cy (1 of 2)"
    assert say(site, run, http=bob)["steps"]["ask"]["outputs"]["by"] == ["ada", "bob"]
    assert say(site, run, status=409, http=ada)["detail"] == "step ask has ended: succeeded"


def test_not_the_initiator(asking):
    site, run = asking("notBy: [initiator]")
    detail = say(site, run, status=403)["detail"]
    assert detail == "local started the run, and the approval says notBy: initiator"
    (ada,) = client(site, "ada")
    assert say(site, run, http=ada)["steps"]["ask"]["status"] == "succeeded"


def test_groups_of_nobody_and_of_everybody(asking):
    site, run = asking("by: ['group:ops'], notBy: ['group:dev']")
    (ada,) = client(site, "ada")
    say(site, run, status=403, http=ada)
    (bob,) = client(site, "bob", bob=("ops", "dev"))
    assert say(site, run, status=403, http=bob)["detail"] == "bob is shut out, and the approval says notBy: group:dev"
    say(site, run)


def test_a_group_of_a_token(asking):
    site, run = asking("by: ['group:ops']")
    (bob,) = client(site, "bob", bob=("ops",))
    assert say(site, run, http=bob)["steps"]["ask"]["outputs"]["by"] == ["bob"]


def test_wrong_answers_count_for_nothing(asking):
    site, run = asking("inputs: {percent: {type: integer, maximum: 100}, why: {type: string}}")
    wrong = say(site, run, status=422, inputs={"percent": 200, "wy": "x"})
    assert sorted(error["pointer"] for error in wrong["errors"]) == ["/inputs/percent", "/inputs/why", "/inputs/wy"]
    assert say(site, run, status=422, comment="a\0b")
    assert say(site, run, "reject", status=422, inputs={})["errors"][0]["pointer"] == "/inputs"
    assert site.http.get(f"/api/v1/runs/{run}").json()["steps"]["ask"]["approval"]["votes"] == []


def test_what_does_not_wait(asking):
    site, run = asking("timeout: 1h")
    say(site, run, status=404, step="nothing")
    say(site, "01NOTHING", status=404)
    say(site, run, status=404, query="?item=0")
    assert say(site, run, status=409, step="ship")["detail"] == "step ship does not wait for an approval: it is pending"
    site.http.post(f"/api/v1/runs/{run}/cancel")
    site.ended(run)
    assert say(site, run, status=409)["detail"] == "step ask has ended: cancelled"


def test_items(asking):
    site, run = asking("message: '${{ item }}?'", steps="  ask: {forEach: [eu, us], approval: {%s}}\n")
    say(site, run, query="?item=1")
    say(site, run, query="?item=0")
    assert [item["outputs"]["by"] for item in site.ended(run)["steps"]["ask"]["items"]] == [["local"], ["local"]]


def test_a_token_is_needed_where_one_is(asking):
    site, run = asking("timeout: 1h")
    (ada,) = client(site, "ada")
    ada.headers.pop("authorization")
    say(site, run, status=401, http=ada)


PROTECTED = """apiVersion: windlass.dev/v1
kind: Repository
environments:
  production: {protection: {branches: [%s], approval: {by: ['group:ops']}}}
"""


def protected(new_site, branches):
    return new_site({FILE: workflow(more="environment: production\n"), "windlass.yaml": PROTECTED % branches})


def test_an_environment_that_wants_an_approval(new_site):
    site = protected(new_site, "main")
    run = site.begin()
    until(lambda: site.http.get(f"/api/v1/runs/{run}").json()["status"] == "waiting")
    assert not site.held.running()
    say(site, run, step="environment-approval")
    site.held.finish(site.running("build", run))
    assert site.ended(run)["status"] == "succeeded"


def test_an_environment_that_does_not_take_the_branch(new_site):
    site = protected(new_site, "release/*")
    ended = site.ended(site.begin())
    assert (ended["status"], ended["cause"]) == ("errored", "policy")
    assert ended["message"].endswith("takes runs from the branches release/* only, and this is from main")
    assert {step["status"] for step in ended["steps"].values()} == {"skipped"}


ACCESS = "access: {run: ['group:ops', cy], cancel: [initiator, 'group:admin']}\n"


def test_who_may_start_cancel_and_run_again(new_site):
    site = new_site({FILE: workflow(more=ACCESS, steps="  ask: {approval: {}}\n")})
    ada, bob, cy = client(site, "ada", "bob", "cy", ada=("ops",), bob=("admin",))
    start = "/api/v1/workflows/shop/deploy/runs"
    refused = bob.post(start, json={})
    assert (refused.status_code, refused.json()["detail"]) == (
        403,
        "bob is none of those who may run deploy: group:ops, cy",
    )
    first, second = (who.post(start, json={}).json()["id"] for who in (ada, cy))
    until(lambda: site.http.get(f"/api/v1/runs/{second}").json()["status"] == "waiting")
    assert cy.post(f"/api/v1/runs/{first}/cancel").status_code == 403
    assert ada.post(f"/api/v1/runs/{first}/cancel").status_code == 202
    assert say(site, second, status=403, http=bob)["detail"] == "bob is none of those who may run deploy: group:ops, cy"
    assert bob.post(f"/api/v1/runs/{second}/cancel").status_code == 202
    site.ended(second)
    assert bob.post(f"/api/v1/runs/{second}/rerun", json={}).status_code == 403
    assert cy.post(f"/api/v1/runs/{second}/rerun", json={}).status_code == 202


def test_the_rules_of_a_workflow_that_is_gone(new_site):
    """Those that the run was planned with."""
    site = new_site({FILE: workflow(more=ACCESS, steps="  ask: {approval: {}}\n")})
    run = site.begin()
    until(lambda: site.http.get(f"/api/v1/runs/{run}").json()["status"] == "waiting")
    site.push({FILE: None, "workflows/other.yaml": workflow("other")}, confirm=True)
    (ada,) = client(site, "ada")
    assert site.http.get("/api/v1/workflows/shop/deploy").status_code == 404
    assert ada.post(f"/api/v1/runs/{run}/cancel").status_code == 403
    assert site.http.post(f"/api/v1/runs/{run}/cancel").status_code == 202


def test_nobody_is_nobody(new_site):
    site = new_site({FILE: workflow(more="access: {run: ['group:ops'], cancel: []}\n")})
    refused = site.http.post(f"/api/v1/runs/{site.begin()}/cancel")
    assert (refused.status_code, refused.json()["detail"]) == (
        403,
        "local is none of those who may cancel deploy: nobody may",
    )
