"""Workflows and starting runs over HTTP: fine print "Server"; catalogue A04, A22, I01 to I04."""

from __future__ import annotations

import json

import pytest
from tests.web.site import DEPLOY, workflow

PROBLEM = "application/problem+json"
RUNS = "/api/v1/workflows/shop/deploy/runs"


def refused(answer, status):
    """The problem document of a refusal."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    body = answer.json()
    assert (body["status"], bool(body["title"]), bool(body["detail"]), body["type"]) == (
        status,
        True,
        True,
        "about:blank",
    )
    return body


def pointers(answer):
    return sorted(error["pointer"] for error in refused(answer, 422)["errors"])


def test_a_workflow_says_what_it_takes_and_when_it_fires(shared):
    found = shared.http.get("/api/v1/workflows/shop/deploy").json()
    assert {"name", "repository", "title", "commit", "stale", "inputs", "triggers", "next"} <= found.keys()
    assert (found["name"], found["repository"], found["stale"]) == ("deploy", "shop", False)
    assert found["commit"] == shared.head
    assert found["inputs"]["properties"]["replicas"]["maximum"] == 50
    assert found["definition"] == DEPLOY


def test_unknown_things_are_problem_documents(shared):
    for path in ("workflows/shop/nothing", "workflows/nobody/deploy", "repositories/nobody", "runs/01ABC", "nothing"):
        refused(shared.http.get(f"/api/v1/{path}"), 404)
    refused(shared.http.get("/hooks/shop/nothing"), 404)
    refused(shared.http.get("/hooks"), 404)
    answer = shared.http.delete("/api/v1/runs")
    refused(answer, 405)
    assert "GET" in answer.headers["allow"]


def test_a_run_has_its_defaults_and_its_labels(shared):
    run = shared.begin(inputs={"replicas": 3})
    found = shared.http.get(f"/api/v1/runs/{run}").json()
    assert found["inputs"] == {"replicas": 3, "target": "staging", "note": None, "parts": []}
    assert found["labels"] == {"target": "staging"}
    assert found["trigger"] == {"kind": "manual", "name": "", "scheduledAt": None}
    assert found["actor"] == {"kind": "user", "name": "local"}
    shared.held.finish(shared.running(run=run))
    assert shared.ended(run)["status"] == "succeeded"


def test_an_empty_body_is_an_empty_object(shared):
    assert shared.http.post(RUNS).status_code == 201
    assert shared.http.post(RUNS, content=b"  ").status_code == 201


def test_i01_every_wrong_input_is_named_at_once(shared):
    before = shared.count()
    body = {"inputs": {"replicas": 51, "target": "mars", "parts": ["a", 7], "extra": 1}}
    assert pointers(shared.http.post(RUNS, json=body)) == [
        "/inputs/extra",
        "/inputs/parts/1",
        "/inputs/replicas",
        "/inputs/target",
    ]
    assert pointers(shared.http.post(RUNS, json={"inputs": {"replicas": None}})) == ["/inputs/replicas"]
    assert pointers(shared.http.post(RUNS, json={"inputs": {"replicas": "3"}})) == ["/inputs/replicas"]
    assert pointers(shared.http.post(RUNS, json={"inputs": {"replicas": True}})) == ["/inputs/replicas"]
    assert shared.count() == before


def test_i02_large_and_deep_bodies_are_refused_before_they_are_read(shared):
    refused(shared.http.post(RUNS, json={"inputs": {"note": "x" * 10_000_000}}), 413)
    deep = b'{"inputs": {"note": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
    refused(shared.http.post(RUNS, content=deep, headers={"content-type": "application/json"}), 400)
    many = {"inputs": {f"i{n}": n for n in range(10_000)}}
    refused(shared.http.post(RUNS, json=many), 422)


@pytest.mark.parametrize(
    "text", ["\u202eevil", "e" + "\u0301" * 500, "\U0001f600", "a\tb\r\nc", "'; drop table runs --"]
)
def test_i03_odd_text_comes_back_as_it_was_given(shared, text):
    run = shared.begin(inputs={"note": text})
    assert shared.http.get(f"/api/v1/runs/{run}").json()["inputs"]["note"] == text
    listed = shared.http.get("/api/v1/runs", params={"input.note": text}).json()["items"]
    assert [item["id"] for item in listed] == [run]


@pytest.mark.parametrize("escape", ["\\u0000", "\\ud800"])
def test_i03_nul_and_lone_surrogates_are_refused(shared, escape):
    before = shared.count()
    body = f'{{"inputs": {{"note": "a{escape}b"}}}}'
    refused(shared.http.post(RUNS, content=body, headers={"content-type": "application/json"}), 422)
    assert shared.count() == before
    refused(shared.http.get("/api/v1/runs?repository=a%00b"), 400)


@pytest.mark.parametrize("text", ["--help", "-rf", "$(id)", "`id`", "${{ secrets.X }}"])
def test_i04_text_that_looks_like_something_else_is_text(shared, text):
    run = shared.begin(inputs={"note": text})
    launch = shared.held.launch(shared.running(run=run))
    assert shared.http.get(f"/api/v1/runs/{run}").json()["inputs"]["note"] == text
    assert text not in " ".join(launch.argv)


def test_a_whole_number_of_any_size_comes_back(new_site):
    site = new_site({"workflows/deploy.yaml": workflow(more="inputs: {big: {type: integer, required: false}}\n")})
    answer = site.http.post(RUNS, json={"inputs": {"big": 10**30}})
    assert answer.status_code in (201, 422)
    if answer.status_code == 201:
        assert site.http.get(f"/api/v1/runs/{answer.json()['id']}").json()["inputs"]["big"] == 10**30


@pytest.mark.parametrize("key", ["status", "tenant", "trusted", "created_by", "actor", "commit", "a/b~c"])
def test_a04_unknown_keys_are_refused(shared, key):
    before = shared.count()
    assert pointers(shared.http.post(RUNS, json={key: "x"})) == ["/" + key.replace("~", "~0").replace("/", "~1")]
    assert shared.count() == before


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"null", "application/json", 400),
        (b'{"inputs": {}, "inputs": {}}', "application/json", 400),
        (b'{"inputs": {"replicas": NaN}}', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"inputs=1", "application/x-www-form-urlencoded", 415),
        (b'{"inputs": []}', "application/json", 422),
        (b'{"idempotencyKey": ""}', "application/json", 422),
        (b'{"idempotencyKey": 7}', "application/json", 422),
    ],
)
def test_malformed_bodies(shared, body, kind, status):
    before = shared.count()
    refused(shared.http.post(RUNS, content=body, headers={"content-type": kind}), status)
    assert shared.count() == before


def test_the_environment_is_the_triggers_layer(shared):
    run = shared.begin(env={"REGION": "eu", "DEBUG": True, "NONE": None, "TEXT": "${{ run.id }}"})
    launch = shared.held.launch(shared.running(run=run))
    assert (launch.env["REGION"], launch.env["DEBUG"], launch.env["TEXT"]) == ("eu", "true", "${{ run.id }}")
    body = {"env": {"WINDLASS_X": "1", "a b": "1", "LIST": [], "N~/": "x"}}
    assert pointers(shared.http.post(RUNS, json=body)) == [
        "/env/LIST",
        "/env/N~0~1",
        "/env/WINDLASS_X",
        "/env/a b",
    ]


def test_the_same_key_is_the_same_run(shared):
    body = {"inputs": {"replicas": 7}, "idempotencyKey": "once"}
    first, again = shared.http.post(RUNS, json=body), shared.http.post(RUNS, json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    refused(shared.http.post(RUNS, json={**body, "inputs": {"replicas": 8}}), 409)
    refused(shared.http.post(RUNS, json={**body, "env": {"A": "1"}}), 409)


def test_the_same_key_is_the_same_run_when_the_workflow_has_changed(new_site):
    site = new_site({"workflows/deploy.yaml": DEPLOY})
    body = {"inputs": {"replicas": 7}, "idempotencyKey": "once"}
    run = site.http.post(RUNS, json=body).json()["id"]
    site.push({"workflows/deploy.yaml": workflow()})
    again = site.http.post(RUNS, json=body)
    assert (again.status_code, again.json()["id"]) == (200, run)
    assert site.count() == 1


def test_lists_go_page_by_page(new_site):
    files = {f"workflows/w{n:02}.yaml": workflow(f"w{n:02}") for n in range(7)}
    site = new_site(files)
    names, cursor = [], None
    while True:
        page = site.http.get("/api/v1/workflows", params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
        names += [item["name"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert names == [f"w{n:02}" for n in range(7)]
    assert site.http.get("/api/v1/workflows", params={"repository": "other"}).json() == {"items": [], "next": None}
    assert [one["name"] for one in site.http.get("/api/v1/repositories").json()["items"]] == ["shop"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=-1", "limit=ten", "limit=1000000000", "limit=%C2%B2", "cursor=forged"]
)
@pytest.mark.parametrize("path", ["runs", "workflows", "repositories", "workflows/shop/deploy/firings"])
def test_a06_pages_have_bounds_and_forged_cursors_are_refused(shared, path, query):
    refused(shared.http.get(f"/api/v1/{path}?{query}"), 400)


@pytest.mark.parametrize(
    "query", ["status=done", "status=", "status=skipped", "since=yesterday", "label=x", "label==x"]
)
def test_a05_filters_that_mean_nothing_are_refused(shared, query):
    refused(shared.http.get(f"/api/v1/runs?{query}"), 400)


def test_a05_filters_are_values_and_no_sql(shared):
    shared.begin(inputs={"note": "plain"})
    for name in ("repository", "workflow", "commit", "actor", "input.note"):
        for text in ("' or 1=1 --", "%", "_", "*", "\\", '"'):
            assert shared.http.get("/api/v1/runs", params={name: text}).json()["items"] == []


def test_runs_are_found_by_labels_inputs_and_status(new_site):
    site = new_site({"workflows/deploy.yaml": DEPLOY})
    staging = site.begin(inputs={"replicas": 5})
    production = site.begin(inputs={"replicas": 5, "target": "production"})

    def found(query):
        return [item["id"] for item in site.http.get(f"/api/v1/runs?{query}").json()["items"]]

    assert found("") == [production, staging]
    assert found("label=target=production") == [production]
    assert found("label=target=production&label=target2=x") == []
    assert found("input.replicas=5&input.target=staging") == [staging]
    assert found(f"workflow=deploy&repository=shop&commit={site.head}&actor=local") == [production, staging]
    site.held.finish(site.running(run=staging))
    site.ended(staging)
    assert found("status=succeeded") == [staging]
    assert found("since=2000-01-01T00:00:00Z&limit=1") == [production]
    assert "steps" not in site.http.get("/api/v1/runs").json()["items"][0]


def test_a22_what_is_disabled_or_deleted_is_not_started(new_site):
    site = new_site({"workflows/deploy.yaml": workflow(), "workflows/off.yaml": workflow("off", "enabled: false\n")})
    refused(site.http.post("/api/v1/workflows/shop/off/runs"), 409)
    run = site.begin()
    site.push({"workflows/deploy.yaml": None})
    refused(site.http.post(RUNS), 404)
    refused(site.http.get("/api/v1/workflows/shop/deploy"), 404)
    refused(site.http.get("/api/v1/workflows/shop/deploy/firings"), 404)
    site.held.finish(site.running(run=run))
    assert site.ended(run)["status"] == "succeeded"
    assert "run: make" in site.http.get(f"/api/v1/runs/{run}/definition").text


def test_a_stale_workflow_runs_its_last_good_commit(new_site):
    site = new_site({"workflows/deploy.yaml": workflow()})
    good = site.head
    state = site.push({"workflows/deploy.yaml": "apiVersion: windlass.dev/v1\nkind: Workflow\nsteps: [\n"})
    assert any(problem["file"] == "workflows/deploy.yaml" for problem in state["problems"])
    assert {c["type"]: c["status"] for c in state["conditions"]} == {
        "Ready": "False",
        "Fetched": "True",
        "Valid": "False",
    }
    shown = site.http.get("/api/v1/workflows/shop/deploy").json()
    assert (shown["stale"], shown["commit"]) == (True, good)
    run = site.begin()
    assert site.http.get(f"/api/v1/runs/{run}").json()["commit"] == good
    assert json.loads(site.http.get(f"/api/v1/runs/{run}/plan").content)["commit"] == good


def test_cancel_of_what_has_ended_is_a_conflict(new_site):
    site = new_site({"workflows/deploy.yaml": workflow()})
    run = site.begin()
    site.running(run=run)
    answer = site.http.post(f"/api/v1/runs/{run}/cancel")
    assert (answer.status_code, answer.json()["id"]) == (202, run)
    assert site.ended(run)["status"] == "cancelled"
    refused(site.http.post(f"/api/v1/runs/{run}/cancel"), 409)
    refused(site.http.post("/api/v1/runs/nobody/cancel"), 404)
    assert pointers(site.http.post(f"/api/v1/runs/{run}/cancel", json={"why": "x"})) == ["/why"]
