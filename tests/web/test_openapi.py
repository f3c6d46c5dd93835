"""The OpenAPI document says what the API answers: real answers are validated against it."""

from __future__ import annotations

import hashlib
import hmac
import re

import jsonschema
import pytest
from tests.web.site import workflow

from windlass.executors.held import Outcome

FILES = {
    "workflows/deploy.yaml": workflow(
        more="""triggers:
  schedule: [{every: 1h, inputs: {replicas: 1}}]
  webhook:
    - {name: open, verify: {scheme: none}, if: "${{ event.body.go == true }}", inputs: {replicas: 1}}
    - {name: push, verify: {scheme: github, secret: NO_KEY}, inputs: {replicas: 1}}
inputs:
  replicas: {type: integer, maximum: 9}
timeout: 1h
env: {REGION: eu}
finally:
  tell: {run: "true"}
""",
        steps="""  build: {run: make, outputs: {tag: {type: string}}, retry: {attempts: 2, delay: 1ms}}
  test: {needs: [build], run: "x", env: {TAG: "${{ steps.build.outputs.tag }}"}, timeout: 5m}
""",
    ),
    "workflows/broken.yaml": "kind: [",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    from tests.web.site import Site

    def script(launch):
        if launch.key.path == "build":
            return Outcome(exit_code=launch.key.number == 1, outputs=b"tag=1\n")
        return Outcome(exit_code=1)

    made = Site(tmp_path_factory.mktemp("described"), FILES, script=script).start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def document(site):
    return site.http.get("/api/openapi.json").json()


def check(document, method, template, answer):
    """The answer fits what the document says of this route and status."""
    described = document["paths"][template][method]["responses"][str(answer.status_code)]
    kind = answer.headers["content-type"]
    content = {name.partition(";")[0]: said for name, said in described["content"].items()}
    schema = content[kind.partition(";")[0]]["schema"]
    if kind.endswith("json"):
        whole = {**schema, "components": document["components"]}
        jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(answer.json())


def test_answers_fit_their_description(site, document):
    begun = site.http.post("/api/v1/workflows/shop/deploy/runs", json={"inputs": {"replicas": 3}})
    check(document, "post", "/api/v1/workflows/{repository}/{workflow}/runs", begun)
    run = begun.json()["id"]
    assert site.ended(run)["status"] == "failed"
    for template in document["paths"]:
        if (
            template in ("/api/v1/events", "/healthz", "/readyz", "/metrics")
            or "get" not in document["paths"][template]
        ):
            continue
        path = template.format_map(
            {"repository": "shop", "workflow": "deploy", "run": run, "step": "build", "name": "open", "path": "report"}
        )
        check(document, "get", template, site.http.get(path))
        if "{" in template:
            check(document, "get", template, site.http.get(re.sub(r"\{.*?\}", "nothing", template)))
        if template.endswith("s"):
            check(document, "get", template, site.http.get(path, params={"limit": 0}))


def test_refusals_fit_their_description(site, document):
    runs = "/api/v1/workflows/{repository}/{workflow}/runs"
    path = runs.format(repository="shop", workflow="deploy")
    for more in (
        {"json": {"inputs": {"replicas": 10}}},
        {"json": {"x": 1}},
        {"json": []},
        {"content": b"x" * 2_000_000},
    ):
        check(document, "post", runs, site.http.post(path, **more))
    check(document, "post", runs, site.http.post(path, content=b"{}", headers={"content-type": "text/plain"}))
    check(document, "post", runs, site.http.post(path, headers={"origin": "https://evil.example.com"}))
    check(document, "post", runs, site.http.post(path, headers={"authorization": "Bearer x"}))


def test_hooks_fit_their_description(site, document):
    template = "/hooks/{repository}/{name}"
    taken = site.http.post("/hooks/shop/open", json={"go": True})
    assert taken.status_code == 202
    check(document, "post", template, taken)
    check(document, "post", template, site.http.post("/hooks/shop/open", json={"go": False}))
    digest = hmac.new(b"x", b"{}", hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={digest}"}
    check(document, "post", template, site.http.post("/hooks/shop/push", content=b"{}", headers=headers))
    check(document, "post", "/hooks/{repository}", site.http.post("/hooks/shop"))
    check(document, "post", "/hooks/{repository}", site.http.post("/hooks/other"))
    template = "/api/v1/repositories/{repository}/reconcile"
    check(document, "post", template, site.http.post("/api/v1/repositories/shop/reconcile", json={"wait": True}))
    template = "/api/v1/runs/{run}/cancel"
    ended = site.http.get("/api/v1/runs?status=failed").json()["items"][0]["id"]
    check(document, "post", template, site.http.post(f"/api/v1/runs/{ended}/cancel"))


def test_the_document_names_the_objects(document):
    named = set(document["components"]["schemas"])
    assert {"Run", "RunItem", "Step", "Attempt", "Plan", "Workflow", "Repository", "ProblemDetails"} <= named


def test_every_route_describes_its_success_and_its_refusals(document):
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            assert described.get("description") or described.get("summary"), path
            good = [status for status in described["responses"] if status.startswith("2")]
            assert good, f"{method} {path}"
            if path.startswith(("/api/v1", "/hooks")):
                bad = described["responses"]["401"]["content"]
                assert list(bad) == ["application/problem+json"], f"{method} {path}: {list(bad)}"


def test_the_document_itself_is_sound(document):
    assert document["openapi"].startswith("3.1")
    text = str(document)
    for reference in set(re.findall(r"'#/components/schemas/([^']+)'", text)):
        assert reference in document["components"]["schemas"]
    query = document["paths"]["/api/v1/runs"]["get"]["parameters"]
    assert {p["name"] for p in query} >= {"status", "label", "cursor", "limit", "since"}
    body = document["paths"]["/api/v1/workflows/{repository}/{workflow}/runs"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    assert schema["properties"].keys() == {"inputs", "env", "idempotencyKey"}
    assert schema["additionalProperties"] is False


def test_each_answer_has_one_media_type(document):
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            for status, answer in described["responses"].items():
                if status == "204":
                    continue  # there is nothing to say
                assert len(answer["content"]) == 1, f"{method} {path} {status}: {list(answer['content'])}"
