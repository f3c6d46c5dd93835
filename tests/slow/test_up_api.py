"""`windlass up` over HTTP: one server, asked for everything that a program may ask for."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.slow.home import Home
from tests.slow.repo import Repo
from tests.slow.server import Server
from tests.slow.waiting import until

SHOP = {
    "deploy": """
        inputs:
          environment: {type: string, enum: [staging, production], default: staging}
          replicas: {type: integer, minimum: 1, maximum: 9, default: 2}
        runTitle: Deploy ${{ inputs.environment }}
        runLabels: {environment: "${{ inputs.environment }}"}
        outputs: {said: "${{ steps.it.outputs.said }}"}
        steps:
          it:
            env: {E: "${{ inputs.environment }}", R: "${{ inputs.replicas }}"}
            outputs: {said: {type: string}}
            run: |
              echo "to $E"
              echo "said=$E $R ${EXTRA-}" >> "$WINDLASS_OUTPUT"
    """,
    "fails": "steps: [{run: 'echo no; exit 3'}]\n",
    "waits": """
        steps:
          it: {run: "echo begun; until [ -e GATE ]; do sleep 0.02; done; printf 'gone on, no newline'"}
        finally:
          tidy: {run: echo tidy}
    """,
    "nightly": """
        triggers: {schedule: [{cron: "30 2 * * *", timezone: Europe/Berlin}, {every: 1h, enabled: false}]}
        steps: [{run: 'true'}]
    """,
}


@pytest.fixture(scope="module")
def server(module_home: Home) -> Iterator[Server]:
    repo = Repo(module_home.folder / "Shop Workflows")
    for name, body in SHOP.items():
        repo.add(name, body.replace("GATE", str(module_home.folder / "gate")))
    one = Server(module_home, repo.path).start()
    yield one
    one.stop()


@pytest.fixture
def gate(module_home: Home) -> Iterator[Path]:
    file = module_home.folder / "gate"
    file.unlink(missing_ok=True)
    yield file
    file.touch()


NAME = "shop-workflows"  # named after its folder


def problem(answer: Any, status: int) -> dict[str, Any]:
    """A problem document (RFC 9457) with this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    assert {"type", "title", "detail"} <= set(found)
    return found


def test_repositories(server: Server) -> None:
    listed = server.get("/repositories")
    assert listed["next"] is None
    (one,) = listed["items"]
    assert one["name"] == NAME
    assert {problem["severity"] for problem in one["problems"]} == {"note"}  # what the clocks' changes do
    assert re.fullmatch("[0-9a-f]{40}", one["commit"])
    assert {c["type"]: c["status"] for c in one["conditions"]} == {"Ready": "True", "Fetched": "True", "Valid": "True"}
    assert all({"reason", "message", "lastTransitionTime"} <= set(condition) for condition in one["conditions"])
    assert server.get(f"/repositories/{NAME}") == one


def test_workflows(server: Server) -> None:
    items = server.get("/workflows")["items"]
    assert {item["name"] for item in items} == set(SHOP)
    one = server.get(f"/workflows/{NAME}/deploy")
    assert (one["repository"], one["stale"]) == (NAME, False)
    assert one["inputs"]["properties"]["replicas"]["maximum"] == 9
    assert one["inputs"]["properties"]["environment"]["enum"] == ["staging", "production"]
    assert "kind: Workflow" in one["definition"]
    nightly = server.get(f"/workflows/{NAME}/nightly")
    assert [(t["kind"], t["enabled"]) for t in nightly["triggers"]] == [("schedule", True), ("schedule", False)]
    fires = [fire["at"] for fire in nightly["next"]]
    assert fires == sorted(fires)
    assert all(re.search(r"T0[01]:30:00\.000Z$", at) for at in fires)  # 02:30 in Berlin


def test_a_run_from_request_to_result(server: Server) -> None:
    path = f"/workflows/{NAME}/deploy/runs"
    created = server.post(path, {"inputs": {"environment": "production"}, "env": {"EXTRA": "more"}}, code=201)
    assert created["status"] in ("queued", "running")
    run = server.ended(created["id"])
    assert (run["status"], run["outputs"]) == ("succeeded", {"said": "production 2 more"})
    assert (run["title"], run["labels"]) == ("Deploy production", {"environment": "production"})
    assert run["trigger"]["kind"] == "manual"
    assert run["actor"] == {"kind": "user", "name": "local"}
    assert run["commit"] == server.get(f"/repositories/{NAME}")["commit"]
    plan = server.get(f"/runs/{run['id']}/plan")
    assert (plan["workflow"], plan["commit"], plan["inputs"]) == ("deploy", run["commit"], run["inputs"])
    definition = server.http.get(f"/api/v1/runs/{run['id']}/definition")
    assert definition.text.startswith("apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {name: deploy}\n")


def test_an_idempotency_key_gives_one_run(server: Server) -> None:
    path = f"/workflows/{NAME}/deploy/runs"
    first = server.post(path, {"idempotencyKey": "k"}, code=201)
    again = server.post(path, {"idempotencyKey": "k"}, code=200)
    assert again["id"] == first["id"]
    answer = server.http.post(f"/api/v1{path}", json={"idempotencyKey": "k", "inputs": {"replicas": 3}})
    problem(answer, 409)
    assert server.post(f"/workflows/{NAME}/fails/runs", {"idempotencyKey": "k"}, code=201)["id"] != first["id"]


def test_wrong_inputs_never_create_a_run(server: Server) -> None:
    before = server.runs()
    body = {"inputs": {"environment": "nowhere", "replicas": 99, "surplus": 1}}
    found = problem(server.http.post(f"/api/v1/workflows/{NAME}/deploy/runs", json=body), 422)
    pointers = {error["pointer"] for error in found["errors"]}
    assert pointers == {"/inputs/environment", "/inputs/replicas", "/inputs/surplus"}
    assert all(error["message"] for error in found["errors"])
    env = problem(server.http.post(f"/api/v1/workflows/{NAME}/deploy/runs", json={"env": {"WINDLASS_X": "1"}}), 422)
    assert env["errors"][0]["pointer"] == "/env/WINDLASS_X"
    problem(server.http.post(f"/api/v1/workflows/{NAME}/deploy/runs", json={"imputs": {}}), 422)
    assert server.runs() == before


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[1]", "application/json", 400),
        (b'{"inputs": {}, "inputs": {}}', "application/json", 400),
        (b'{"inputs": {"environment": "a\\u0000"}}', "application/json", 422),
        (b"inputs=1", "application/x-www-form-urlencoded", 415),
        (b'{"env": {"A": "' + b"x" * (1 << 20) + b'"}}', "application/json", 413),
    ],
)
def test_bodies_that_are_refused(server: Server, content: bytes, kind: str, status: int) -> None:
    path = f"/api/v1/workflows/{NAME}/deploy/runs"
    problem(server.http.post(path, content=content, headers={"Content-Type": kind}), status)


def test_lists_are_filtered_and_paged(server: Server) -> None:
    ids = [server.begin(NAME, "deploy", inputs={"environment": "production", "replicas": 5}) for _ in range(5)]
    failed = server.ended(server.begin(NAME, "fails"))
    for run in ids:
        server.ended(run)
    newest = server.get("/runs", limit=3)
    assert [item["id"] for item in newest["items"]] == [failed["id"], ids[4], ids[3]]
    assert "steps" not in newest["items"][0]
    older = server.get("/runs", limit=3, cursor=newest["next"])
    assert [item["id"] for item in older["items"]] == ids[2::-1]
    everything = server.get("/runs", limit=500)
    assert everything["next"] is None
    walked, cursor = [], None
    while True:
        page = server.get("/runs", limit=2, **({"cursor": cursor} if cursor else {}))
        walked += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert walked == [item["id"] for item in everything["items"]]
    filters: list[dict[str, Any]] = [
        {"workflow": "deploy"},
        {"status": "succeeded"},
        {"label": "environment=production"},
        {"input.replicas": 5},
        {"input.environment": "production"},
    ]
    for one in filters:
        found = [item["id"] for item in server.get("/runs", limit=500, **one)["items"]]
        assert set(ids) <= set(found), one
        assert failed["id"] not in found, one
    assert [item["id"] for item in server.get("/runs", status="failed", since=failed["createdAt"])["items"]] == [
        failed["id"]
    ]
    assert server.get("/runs", repository="nobody")["items"] == []
    assert failed["id"] in [item["id"] for item in server.get("/runs", commit=failed["commit"], actor="local")["items"]]


@pytest.mark.parametrize(
    "query", ["cursor=forged", "limit=0", "limit=501", "limit=x", "status=nonsense", "since=yesterday", "label=x"]
)
def test_wrong_queries(server: Server, query: str) -> None:
    problem(server.http.get(f"/api/v1/runs?{query}"), 400)


def test_cancel(server: Server, gate: Path) -> None:
    run = server.begin(NAME, "waits")
    until(lambda: server.run(run)["steps"]["it"]["attempts"])
    answer = server.post(f"/runs/{run}/cancel", code=202)
    assert answer["id"] == run
    ended = server.ended(run)
    assert (ended["status"], ended["cause"]) == ("cancelled", "cancelled-by-user")
    assert ended["steps"]["tidy"]["status"] == "succeeded"
    problem(server.http.post(f"/api/v1/runs/{run}/cancel"), 409)
    assert server.run(run) == ended
    assert not gate.exists()


def told(log: Any) -> tuple[str, str, str]:
    """Text, where to go on, and whether that was all."""
    return log.text, log.headers["windlass-next-offset"], log.headers["windlass-complete"]


def test_logs_by_offset_live_and_after_the_end_alike(server: Server, gate: Path) -> None:
    run = server.begin(NAME, "waits")
    live = until(lambda: found if (found := server.step_log(run, "it")).content else None)
    assert live is not None
    assert live.headers["content-type"] == "text/plain; charset=utf-8"
    assert live.headers["x-content-type-options"] == "nosniff"
    assert (live.text, live.headers["windlass-next-offset"], live.headers["windlass-complete"]) == (
        "begun\n",
        "6",
        "false",
    )
    not_begun = server.step_log(run, "tidy")
    assert (not_begun.content, not_begun.headers["windlass-complete"]) == (b"", "false")
    gate.touch()
    server.ended(run)
    rest = server.step_log(run, "it", offset=6)
    assert told(rest) == ("gone on, no newline", "25", "true")
    assert server.step_log(run, "it").text == "begun\ngone on, no newline"
    part = server.step_log(run, "it", offset=2, limit=3)
    assert told(part) == ("gun", "5", "false")
    beyond = server.step_log(run, "it", offset=1000)
    assert (beyond.content, beyond.headers["windlass-complete"]) == (b"", "true")
    logs = f"/api/v1/runs/{run}/steps"
    for path in (
        f"{logs}/nope/logs",
        f"{logs}/it/logs?attempt=2",
        f"{logs}/it/logs?item=x",
        "/api/v1/runs/x/steps/it/logs",
    ):
        problem(server.http.get(path), 404)
    problem(server.http.get(f"{logs}/it/logs?offset=-1"), 400)


def events(server: Server, last: str, count: int) -> list[tuple[str, str, dict[str, Any]]]:
    """The next `count` events after `last`: (id, kind, data)."""
    found: list[tuple[str, str, dict[str, Any]]] = []
    fields: dict[str, str] = {}
    deadline = time.monotonic() + 60
    with server.http.stream("GET", "/api/v1/events", headers={"Last-Event-ID": last}) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():  # a comment at least every 15 s
            assert time.monotonic() < deadline, found
            name, _, value = line.partition(": ")
            if line == "" and "data" in fields:
                found.append((fields["id"], fields["event"], json.loads(fields["data"])))
                fields = {}
                if len(found) == count:
                    return found
            elif name in ("id", "event", "data"):
                fields[name] = value
    raise AssertionError(f"the stream ended after {found}")


def test_events_are_a_stream_that_can_be_resumed(server: Server) -> None:
    source = events(server, "0", 1)[0]
    assert (source[1], source[2]["name"]) == ("source", NAME)
    run = server.ended(server.begin(NAME, "deploy"))
    seen = events(server, source[0], 2)
    while not any(data.get("id") == run["id"] and data["status"] == "succeeded" for _, _, data in seen):
        seen += events(server, seen[-1][0], 1)
    ids = [int(number) for number, _, _ in seen]
    assert ids == sorted(set(ids))
    assert "steps" not in seen[-1][2]
    mine = [data["status"] for _, kind, data in seen if kind == "run" and data["id"] == run["id"]]
    assert (mine[0], mine[-1]) == ("queued", "succeeded")
    assert events(server, seen[1][0], len(seen) - 2) == seen[2:]
    problem(server.http.get("/api/v1/events", headers={"Last-Event-ID": "99999999"}), 400)


def test_health_metrics_and_the_description_of_the_api(server: Server) -> None:
    assert server.http.get("/healthz").text == "ok\n"
    assert server.http.get("/readyz").text == "ok\n"
    metrics = server.http.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    assert f'windlass_source_ready{{repository="{NAME}"}} 1.0' in metrics.text
    server.ended(server.begin(NAME, "fails"))
    counted = re.compile(r'^windlass_runs_ended_total\{status="failed"\} [1-9]', re.MULTILINE)
    until(lambda: counted.search(server.http.get("/metrics").text))
    paths = server.http.get("/api/openapi.json").json()["paths"]
    assert {"/api/v1/runs", "/api/v1/workflows/{repository}/{workflow}/runs", "/hooks/{repository}/{name}"} <= set(
        paths
    )


def test_what_is_not_there(server: Server) -> None:
    for path in (
        "/api/v1/nope",
        "/api/v1/runs/01NOPE",
        f"/api/v1/workflows/{NAME}/nope",
        "/api/v1/repositories/nope",
        f"/hooks/{NAME}/nope",
        "/hooks/nope",
    ):
        problem(server.http.get(path) if path != "/hooks/nope" else server.http.post(path), 404)
    problem(server.http.post(f"/api/v1/workflows/{NAME}/nope/runs"), 404)
    refused = server.http.delete("/api/v1/runs")
    problem(refused, 405)
    assert "GET" in refused.headers["allow"]


def test_browsers_of_other_sites_are_refused(server: Server) -> None:
    path = f"/api/v1/workflows/{NAME}/deploy/runs"
    before = server.runs()
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}):
        problem(server.http.post(path, json={}, headers=headers), 403)
        problem(server.http.get("/api/v1/runs", headers=headers), 403)
    assert server.runs() == before
    assert server.http.get("/api/v1/runs", headers={"Origin": server.url}).status_code == 200
    answer = server.http.get("/api/v1/runs")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "access-control-allow-origin" not in answer.headers


def test_a_wrong_token_is_refused_even_where_none_is_needed(server: Server) -> None:
    problem(server.http.get("/api/v1/runs", headers={"Authorization": "Bearer nonsense"}), 401)
