"""A workflow that names a runner which this server does not have: said at its place, and no run is made."""

from __future__ import annotations

WORKFLOW = """\
apiVersion: windlass.dev/v1
kind: Workflow
metadata: {name: deploy}
defaults: {runner: local}
steps:
  a: {run: "true", runner: dokcer}
finally:
  - {run: "true", runner: docker}
"""


def test_an_unknown_runner(new_site):
    site = new_site({"workflows/deploy.yaml": WORKFLOW})
    (problem,) = site.http.get("/api/v1/repositories/shop").json()["problems"]
    assert (problem["path"], problem["rule"], problem["line"], problem["column"], problem["hint"]) == (
        "steps.a.runner",
        "unknown-runner",
        6,
        28,
        "did you mean docker?",
    )
    answer = site.http.post("/api/v1/workflows/shop/deploy/runs", json={})
    assert answer.status_code == 422
    assert "there is no runner dokcer (did you mean docker?)" in answer.text
    assert site.http.get("/api/v1/runs").json()["items"] == []
