"""Who may ask at all: promise R38; catalogue A01, A04, A07 to A10, A17, A20; fine print "Browsers"."""

from __future__ import annotations

import pytest
from starlette.routing import Route
from tests.web.asgi import Request
from tests.web.site import TOKEN, Site, workflow

OPEN = {"/healthz", "/readyz", "/api/openapi.json"}  # and the page that shows the description
SECURITY = ("x-content-type-options", "referrer-policy", "content-security-policy")


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """A server with a token. Its client sends none of itself."""
    site = Site(tmp_path_factory.mktemp("closed"), {"workflows/deploy.yaml": workflow()}, tokens=True).start()
    del site.http.headers["authorization"]
    yield site
    site.close()


def bearer(token):
    return {"authorization": f"Bearer {token}"}


def problem(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert all(answer.headers[name] for name in SECURITY)
    return answer.json()


def routes(site):
    """Every route of the application, whatever adds it: method and path."""
    found = []
    waiting = list(site.app.app.router.routes)
    while waiting:
        route = waiting.pop()
        inner = getattr(route, "routes", None) or getattr(getattr(route, "original_router", None), "routes", None)
        if inner:
            waiting += inner
        elif isinstance(route, Route):
            found += [(method, route.path) for method in route.methods or ()]
    return found


def test_r38_every_route_asks_for_a_token(closed):
    found = routes(closed)
    assert ("GET", "/api/v1/runs") in found
    assert ("POST", "/hooks/{repository}/{name}") in found
    assert len(found) > 15
    for method, path in found:
        answer = closed.http.request(method, path.replace("{", "").replace("}", "").replace(":path", ""))
        if path.startswith("/hooks/"):
            assert answer.status_code == 404, path  # there is no such hook
        elif path in OPEN or path.startswith("/api/docs"):
            assert answer.status_code == 200, path
        else:
            problem(answer, 401)


def test_a01_only_the_token_itself_opens(closed):
    wrong = ["", "x", TOKEN + "x", TOKEN[:-1], TOKEN.upper(), f"{TOKEN} {TOKEN}", "\u00fc", "x" * 60_000]
    answers = [closed.http.get("/api/v1/runs", headers=[(b"authorization", b"Bearer " + w.encode())]) for w in wrong]
    answers.append(closed.http.get("/api/v1/runs", headers={"authorization": f"Basic {TOKEN}"}))
    answers.append(closed.http.get("/api/v1/runs", headers={"authorization": TOKEN}))
    answers.append(closed.http.get(f"/api/v1/runs?token={TOKEN}&access_token={TOKEN}&api_key={TOKEN}"))
    answers.append(closed.http.get("/api/v1/runs", headers={"x-api-key": TOKEN, "cookie": f"token={TOKEN}"}))
    answers.append(closed.http.get("/api/v1/runs", headers=[*bearer(TOKEN).items(), *bearer(TOKEN).items()]))
    assert len({tuple(problem(answer, 401).items()) for answer in answers}) == 1
    assert closed.http.get("/api/v1/runs", headers=bearer(TOKEN)).status_code == 200
    assert closed.http.get("/api/v1/runs", headers={"authorization": f"bearer {TOKEN}"}).status_code == 200


def test_a_refused_request_does_nothing(closed):
    body = {"inputs": {}}
    problem(closed.http.post("/api/v1/workflows/shop/deploy/runs", json=body), 401)
    problem(closed.http.post("/api/v1/workflows/shop/deploy/runs", json=body, headers=bearer("wrong")), 401)
    assert closed.http.get("/api/v1/runs", headers=bearer(TOKEN)).json()["items"] == []


def test_the_token_names_the_actor(closed):
    answer = closed.http.post("/api/v1/workflows/shop/deploy/runs", headers=bearer(TOKEN))
    assert answer.json()["actor"] == {"kind": "token", "name": "ci"}
    closed.held.finish(closed.running(run=answer.json()["id"]))


def test_a_wrong_token_is_refused_even_where_none_is_needed(shared, closed):
    problem(shared.http.get("/api/v1/runs", headers=bearer("x")), 401)
    problem(closed.http.get("/healthz", headers=bearer("x")), 401)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/runs/1/../../admin",
        "/api/v1/runs/..%2f..%2fadmin",
        "/api/v1/runs/%252e%252e/plan",
        "/api/v1/runs;x",
        "/API/V1/RUNS",
        "/api/v1/runs/",
        "//api/v1/runs",
        "/api/v1/workflows/shop/deploy/configs",
        "/api//v1/runs",
        "/api/v1/runs%00",
    ],
)
def test_a07_tricks_with_paths_find_nothing(shared, closed, path):
    answer = Request("GET", path).send(shared.app)
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert Request("GET", path).send(closed.app).status == 401


def test_a07_a_path_that_looks_like_a_hook_is_one(closed):
    for path in ("/hooks/../api/v1/runs", "/hooks/..%2fapi/v1", "/hooks/x/y/z", "/hooks/"):
        assert Request("GET", path).send(closed.app).status in (401, 404)
        assert Request("POST", path).send(closed.app).status in (401, 404)


def test_a08_the_method_is_the_one_of_the_request_line(shared, closed):
    before = shared.count()
    headers = {"x-http-method-override": "POST", "x-method-override": "POST", "x-http-method": "POST"}
    path = "/api/v1/workflows/shop/deploy/runs"
    problem(shared.http.get(path, headers=headers), 405)
    for method in ("HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "CONNECT", "MADE-UP"):
        assert shared.http.request(method, path).status_code == 405
        assert closed.http.request(method, path).status_code == 401
    assert shared.count() == before


def test_there_is_no_cors(shared):
    answer = shared.http.get("/api/v1/runs", headers={"origin": "http://127.0.0.1:7878"})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "name", ["x-forwarded-for", "x-forwarded-host", "x-forwarded-user", "x-original-url", "x_user"]
)
def test_a09_headers_of_proxies_change_nothing(closed, name):
    for value in ("127.0.0.1", "admin", "/healthz"):
        problem(closed.http.get("/api/v1/runs", headers={name: value}), 401)


def test_a10_a_header_that_a_proxy_drops_names_nobody(closed):
    problem(closed.http.get("/api/v1/runs", headers={"connection": "x-forwarded-user, authorization"}), 401)


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", "http://127.0.0.1:9999", "http://[", ""])
def test_a17_requests_from_elsewhere_are_refused(shared, origin):
    before = shared.count()
    path = "/api/v1/workflows/shop/deploy/runs"
    problem(shared.http.post(path, headers={"origin": origin}), 403)
    problem(shared.http.get("/api/v1/runs", headers={"origin": origin}), 403)
    problem(shared.http.post("/hooks/shop/any", headers={"origin": origin}), 403)
    assert shared.count() == before


def test_a17_a_form_or_text_starts_nothing(shared):
    path = "/api/v1/workflows/shop/deploy/runs"
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        assert shared.http.post(path, content=b'{"inputs": {}}', headers={"content-type": kind}).status_code == 415


@pytest.mark.parametrize("host", ["evil.example.com", "127.0.0.1.evil.example.com", "[::1", "localhost@evil", ""])
def test_an_open_server_answers_to_loopback_names_only(shared, closed, host):
    problem(shared.http.get("/api/v1/runs", headers={"host": host}), 403)
    assert closed.http.get("/api/v1/runs", headers={**bearer(TOKEN), "host": host}).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:7878", "LOCALHOST", "[::1]:7878"])
def test_loopback_names(shared, host):
    assert shared.http.get("/api/v1/runs", headers={"host": host}).status_code == 200


def test_a20_ranges_and_compression_are_not_supported(shared):
    run = shared.begin()
    attempt = shared.running(run=run)
    shared.held.write_log(attempt, b"0123456789")
    ranges = ",".join(f"{n}-{n}" for n in range(10_000))
    answer = shared.http.get(f"/api/v1/runs/{run}/steps/build/logs", headers={"range": f"bytes={ranges}"})
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    assert "content-encoding" not in answer.headers
    shared.held.finish(attempt)


def test_each_answer_has_the_headers_that_protect_browsers(shared):
    for path in ("/healthz", "/api/v1/runs", "/api/v1/nothing", "/hooks/shop/x"):
        answer = shared.http.get(path)
        assert all(answer.headers[name] for name in SECURITY), path
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_odd_lengths_are_refused(shared):
    for length, status in ((b"\xb2", 400), (b"-1", 400), (b"1e9", 400), (b"9" * 30, 413)):
        headers = [(b"content-length", length)]
        assert Request("POST", "/api/v1/workflows/shop/deploy/runs", headers).send(shared.app).status == status


def test_a_mistake_of_ours_says_nothing_about_itself(shared, monkeypatch):
    def broken():
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(shared.controller, "repositories", broken)
    answer = shared.http.get("/api/v1/repositories")
    problem(answer, 500)
    assert "hunter2" not in answer.text
