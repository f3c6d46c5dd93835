"""Webhooks over HTTP: fine print "Hooks answer"; catalogue W01, W05 to W09, W11, W13 to W19."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
import time

import pytest
from tests.web.asgi import Request
from tests.web.site import hooked, until, workflow

KEY = b"a key that nobody knows"
OLD = b"the key of last week"
JSON = {"content-type": "application/json"}


GITHUB = "{name: push, verify: {scheme: github, secret: KEY}}"
OPEN = "{name: open, verify: {scheme: none}}"


def signed(body, key=KEY, **headers):
    digest = hmac.new(key, body, hashlib.sha256).hexdigest()
    return {"x-hub-signature-256": f"sha256={digest}", **JSON, **headers}


def refused(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()


@pytest.fixture
def site(new_site):
    return new_site({"workflows/deploy.yaml": hooked(GITHUB, OPEN)}, keys={"KEY": [KEY, OLD]})


def test_a_delivery_starts_a_run_and_its_redelivery_none(site):
    body = b'{"ref": "refs/heads/main"}'
    first = site.http.post("/hooks/shop/push", content=body, headers=signed(body, **{"x-github-delivery": "d-1"}))
    assert first.status_code == 202
    (run,) = first.json()["runs"]
    assert run == {"id": run["id"], "repository": "shop", "workflow": "deploy", "url": f"/api/v1/runs/{run['id']}"}
    again = site.http.post("/hooks/shop/push", content=body, headers=signed(body, **{"x-github-delivery": "d-1"}))
    assert (again.status_code, again.json()) == (200, first.json())
    assert site.count() == 1
    shown = site.http.get(run["url"]).json()
    assert shown["trigger"]["kind"] == "webhook"
    event = site.http.get(run["url"] + "/plan").json()["event"]
    assert event["body"] == {"ref": "refs/heads/main"}
    assert event["headers"]["x-github-delivery"] == "d-1"
    assert "x-hub-signature-256" not in event["headers"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-hub-signature": "sha1=" + hmac.new(KEY, b"{", hashlib.sha1).hexdigest()},
        {"x-hub-signature-256": "sha1=" + hmac.new(KEY, b"{", hashlib.sha1).hexdigest()},
        {"x-hub-signature-256": "sha256="},
        {"x-hub-signature-256": "sha256=" + hmac.new(b"", b"{", hashlib.sha256).hexdigest()},
        {"x-hub-signature-256": "sha256=" + hmac.new(b"another endpoint's", b"{", hashlib.sha256).hexdigest()},
    ],
)
def test_w01_without_a_good_signature_nothing_is_parsed(site, headers):
    refused(site.http.post("/hooks/shop/push", content=b"{", headers=JSON | headers), 401)
    assert site.count() == 0


def test_w01_a_hook_without_its_key_refuses_and_the_repository_says_so(new_site):
    site = new_site({"workflows/deploy.yaml": hooked(GITHUB)})
    body = b"{}"
    refused(site.http.post("/hooks/shop/push", content=body, headers=signed(body, b"")), 401)
    state = site.http.get("/api/v1/repositories/shop").json()
    (problem,) = state["problems"]
    assert (problem["rule"], problem["severity"], problem["file"]) == (
        "webhook-key",
        "warning",
        "workflows/deploy.yaml",
    )
    assert problem["path"] == "triggers.webhook[0].verify.secret"
    assert (problem["line"], problem["column"]) == (6, 53)
    assert "KEY" in problem["message"]
    assert {c["status"] for c in state["conditions"]} == {"True"}
    assert "1 warnings" in next(c["message"] for c in state["conditions"] if c["type"] == "Valid")


def test_a_signature_that_comes_twice_is_refused(site):
    body = b"{}"
    headers = [*signed(body).items(), ("x-hub-signature-256", "sha256=" + "0" * 64)]
    refused(site.http.post("/hooks/shop/push", content=body, headers=headers), 401)


def test_w05_a_body_is_limited_before_it_is_verified(site):
    refused(site.http.post("/hooks/shop/push", content=b"x" * (2**20 + 1)), 413)
    refused(site.http.post("/hooks/shop/open", content=b"x", headers={"content-length": "2147483648"}), 413)
    refused(site.http.post("/hooks/shop/open", content=b"x", headers={"content-encoding": "gzip"}), 415)


def test_w05_a_body_of_chunks_is_counted_while_it_is_read(site):
    request = Request("POST", "/hooks/shop/open", chunks=[b"x" * 300_000] * 1000)
    answer = request.send(site.app)
    assert (answer.status, answer.json()["status"]) == (413, 413)
    assert request.taken <= 4


def test_w05_a_body_that_does_not_end_has_a_deadline(site, monkeypatch):
    monkeypatch.setattr("windlass.web.guard.BODY_TIME", 0.05)
    answer = Request("POST", "/hooks/shop/open", chunks=[b"x"], ends=False).send(site.app)
    assert answer.status == 408


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" + b"1," * 500_000 + b"1]",
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b'{"a": ' + b"9" * 10_000 + b"}",
        b'{"a"',
        b"\xff",
    ],
)
def test_w06_json_that_is_a_trap_is_refused_quickly(site, body):
    begun = time.process_time()
    refused(site.http.post("/hooks/shop/open", content=body, headers=JSON), 400)
    assert time.process_time() - begun < 2
    assert site.count() == 0


@pytest.mark.parametrize(
    ("body", "kind", "seen"),
    [
        (b"", "application/json", {}),
        (b"null", "application/json", None),
        (b"[1, 2]", "application/json", [1, 2]),
        (b'{"a": 1}', "application/x-www-form-urlencoded", {"a": 1}),
        (b"a=1&b=2&b=3", "application/x-www-form-urlencoded", {"a": "1", "b": ["2", "3"]}),
        (b"payload=%7B%22a%22%3A1%7D", "application/x-www-form-urlencoded", {"a": 1}),
        (b"<a/>", "text/xml", "<a/>"),
        (b"hello", "", "hello"),
    ],
)
def test_w07_any_body_is_a_value_or_a_text(site, body, kind, seen):
    answer = site.http.post("/hooks/shop/open", content=body, headers={"content-type": kind})
    assert answer.status_code == 202, answer.text
    assert site.http.get(answer.json()["runs"][0]["url"] + "/plan").json()["event"]["body"] == seen


def test_w08_missing_fields_start_nothing_and_say_why(new_site):
    site = new_site(
        {"workflows/deploy.yaml": hooked("{name: open, verify: {scheme: none}, if: \"${{ event.body.ref == 'x' }}\"}")}
    )
    for body in (b"{}", b'{"ref": "y"}', b"[]", b""):
        answer = site.http.post("/hooks/shop/open", content=body, headers=JSON)
        assert (answer.status_code, answer.json()["runs"]) == (200, []), body
        assert answer.json()["reason"]
    assert site.count() == 0
    assert site.http.post("/hooks/shop/open", content=b'{"ref": "x"}', headers=JSON).status_code == 202
    reasons = [f["reason"] for f in site.http.get("/api/v1/workflows/shop/deploy/firings").json()["items"]]
    assert [bool(reason) for reason in reasons] == [False, True, True, True, True]


def test_a_mapped_input_that_does_not_fit_is_422_and_starts_nothing(new_site):
    more = "inputs: {replicas: {type: integer, maximum: 9}}\n"
    hook = '{name: open, verify: {scheme: none}, inputs: {replicas: "${{ event.body.n }}"}}'
    site = new_site({"workflows/deploy.yaml": hooked(hook, more=more)})
    for body in (b'{"n": 10}', b'{"n": "x"}', b"{}"):
        assert refused(site.http.post("/hooks/shop/open", content=body, headers=JSON), 422)["errors"]
    assert site.count() == 0
    answer = site.http.post("/hooks/shop/open", content=b'{"n": 9}', headers=JSON)
    assert site.http.get(answer.json()["runs"][0]["url"]).json()["inputs"] == {"replicas": 9}


def test_w09_unknown_and_disabled_hooks_look_alike(new_site):
    off = "{name: off, enabled: false, verify: {scheme: none}}"
    site = new_site(
        {
            "workflows/deploy.yaml": hooked(off),
            "workflows/other.yaml": hooked(OPEN, name="other", more="enabled: false\n"),
        }
    )
    paths = ("/hooks/shop/off", "/hooks/shop/open", "/hooks/shop/nothing", "/hooks/elsewhere/off")
    assert {refused(site.http.post(path), 404)["detail"] for path in paths} == {"no such hook"}
    refused(site.http.get("/hooks/shop/off"), 404)
    refused(site.http.post("/hooks/elsewhere"), 404)


def test_w11_text_of_a_delivery_is_only_text(new_site):
    hook = '{name: open, verify: {scheme: none}, env: {BRANCH: "${{ event.body.branch }}"}}'
    site = new_site({"workflows/deploy.yaml": hooked(hook)})
    evil = "$(touch /tmp/x); ${{ secrets.KEY }} `id` '\""
    run = site.http.post("/hooks/shop/open", json={"branch": evil}).json()["runs"][0]["id"]
    launch = site.held.launch(site.running(run=run))
    assert launch.env["BRANCH"] == evil
    assert launch.script == "make"


def test_w13_unknown_hooks_cost_no_question_to_the_ledger(site, monkeypatch):
    def asked(*_args, **_more):
        raise AssertionError("the ledger was asked")

    monkeypatch.setattr(site.ledger.writer, "write", asked)
    for name in ("nothing", "x" * 2000, "%2e%2e", "a%00b", "ünïcode"):
        refused(site.http.post(f"/hooks/shop/{name}"), 404)


def test_w14_without_a_ledger_the_sender_is_asked_to_come_back(site):
    held = sqlite3.connect(site.folder / "ledger.db", isolation_level=None)
    site.ledger.writer.take_over  # noqa: B018 - it leads until another one does
    from windlass.store.ledger import Ledger

    other = Ledger.open(f"sqlite:///{site.folder}/ledger.db")
    other.writer.take_over("another controller", site.parts.clock.now())
    try:
        answer = site.http.post("/hooks/shop/open", content=b"{}", headers=JSON)
        refused(answer, 503)
        assert answer.headers["retry-after"]
        assert held.execute("select count(*) from runs").fetchone() == (0,)
        assert held.execute("select count(*) from deliveries").fetchone() == (0,)
    finally:
        other.close()
        held.close()


def test_w15_a_push_notification_only_wakes_the_poll(site):
    site.commit({"workflows/new.yaml": workflow("new")})
    answer = site.http.post("/hooks/shop", json={"before": "f" * 40, "after": "e" * 40, "ref": "refs/heads/evil"})
    assert answer.status_code == 202
    until(lambda: site.http.get("/api/v1/workflows/shop/new").status_code == 200)


def test_a_push_notification_is_verified_where_a_key_is_named(new_site):
    site = new_site({"workflows/deploy.yaml": workflow()}, keys={"KEY": [KEY]}, webhook_secret="KEY", tokens=True)
    refused(site.http.post("/hooks/shop", content=b"{}"), 401)
    assert site.http.post("/hooks/shop", content=b"{}", headers=signed(b"{}")).status_code == 202
    gitlab = {"x-gitlab-token": KEY.decode()}
    assert site.http.post("/hooks/shop", content=b"{}", headers=gitlab).status_code == 202
    closed = new_site({"workflows/deploy.yaml": workflow()}, tokens=True)
    refused(closed.http.post("/hooks/shop", content=b"{}"), 404)


def test_w16_a_ping_starts_nothing(site):
    body = b'{"zen": "Keep it simple."}'
    answer = site.http.post("/hooks/shop/push", content=body, headers=signed(body, **{"x-github-event": "ping"}))
    assert (answer.status_code, answer.json()["runs"]) == (200, [])
    assert site.count() == 0
    refused(site.http.post("/hooks/shop/push", content=body, headers={"x-github-event": "ping"}), 401)


def test_w16_slack_hears_its_challenge(new_site):
    site = new_site(
        {"workflows/deploy.yaml": hooked("{name: chat, verify: {scheme: slack, secret: KEY}}")}, keys={"KEY": [KEY]}
    )
    body, now = b'{"type": "url_verification", "challenge": "3eZb"}', str(int(time.time()))
    digest = hmac.new(KEY, b"v0:" + now.encode() + b":" + body, hashlib.sha256).hexdigest()
    headers = {"x-slack-request-timestamp": now, "x-slack-signature": f"v0={digest}", **JSON}
    answer = site.http.post("/hooks/shop/chat", content=body, headers=headers)
    assert (answer.status_code, answer.json()["challenge"]) == (200, "3eZb")
    assert site.count() == 0


def test_w17_during_a_rotation_both_keys_fit(site):
    for key, status in ((KEY, 202), (OLD, 202), (b"the key before", 401)):
        assert site.http.post("/hooks/shop/push", content=b"{}", headers=signed(b"{}", key)).status_code == status


def test_w19_links_are_made_from_the_configuration_alone(new_site):
    site = new_site({"workflows/deploy.yaml": hooked(OPEN)}, tokens=True, external_url="https://windlass.example.com/")
    headers = {"host": "evil.example.com", "x-forwarded-host": "evil.example.com"}
    (run,) = site.http.post("/hooks/shop/open", headers=headers).json()["runs"]
    assert run["url"] == f"https://windlass.example.com/api/v1/runs/{run['id']}"


def test_workflows_may_share_a_hook(new_site):
    site = new_site(
        {"workflows/a.yaml": hooked(OPEN, name="a"), "workflows/b.yaml": hooked(OPEN, name="b"), "windlass.yaml": ROOT}
    )
    answer = site.http.post("/hooks/shop/open", content=b"{}")
    assert sorted(run["workflow"] for run in answer.json()["runs"]) == ["a", "b"]


def test_workflows_with_another_verification_may_not_share_a_hook(new_site):
    site = new_site(
        {
            "workflows/a.yaml": hooked(OPEN, name="a"),
            "workflows/b.yaml": hooked("{name: open, verify: {scheme: token, secret: KEY}}", name="b"),
        },
        keys={"KEY": [KEY]},
    )
    problems = site.http.get("/api/v1/repositories/shop").json()["problems"]
    assert [p["rule"] for p in problems] == ["webhook-mismatch"]
    assert len(site.http.post("/hooks/shop/open", content=b"{}").json()["runs"]) <= 1


def test_a_header_of_ones_own_that_proves_is_not_shown(new_site):
    hook = "{name: own, verify: {scheme: hmac-sha256, secret: KEY, header: X-Proof, idHeader: X-Id}}"
    site = new_site({"workflows/deploy.yaml": hooked(hook)}, keys={"KEY": [KEY]})
    proof = hmac.new(KEY, b"{}", hashlib.sha256).hexdigest()
    headers = {"x-proof": proof, "x-id": "7", **JSON}
    answers = [site.http.post("/hooks/shop/own", content=b"{}", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 200]
    plan = site.http.get(answers[0].json()["runs"][0]["url"] + "/plan")
    assert plan.json()["event"]["headers"]["x-id"] == "7"
    assert proof not in plan.text


def test_big_numbers_of_a_body_do_no_harm(site):
    answer = site.http.post("/hooks/shop/open", json={"n": 10**300})
    assert answer.status_code == 202
    run = answer.json()["runs"][0]
    assert site.http.get(run["url"] + "/plan").json()["event"]["body"] == {"n": 10**300}
    assert json.loads(site.http.get(run["url"]).content)["id"] == run["id"]


ROOT = "apiVersion: windlass.dev/v1\nkind: Repository\n"


def test_an_if_and_the_inputs_may_read_the_repository_and_the_time(new_site):
    hook = (
        "{name: open, verify: {scheme: none}, if: \"${{ repository.name == 'shop' && now() > '2020' }}\", "
        "inputs: {at: '${{ repository.name + now() }}'}}"
    )
    site = new_site({"workflows/deploy.yaml": hooked(hook, more="inputs: {at: {type: string}}\n")})
    answer = site.http.post("/hooks/shop/open", json={})
    assert answer.status_code == 202, answer.text
    (run,) = answer.json()["runs"]
    assert site.http.get(run["url"]).json()["inputs"]["at"].startswith("shop2")
