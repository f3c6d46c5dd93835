"""`windlass controller` and `windlass web`: one answers, the other does; both as users see them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx2
import pytest
from tests.canary import secret
from tests.slow.home import Home
from tests.slow.installation import TOKEN, Controller, Web
from tests.slow.repo import Repo, workflow
from tests.slow.waiting import until
from websockets.sync.client import connect

HOOK, ADA = secret("installation.hook"), secret("installation.ada")
FILES = {
    "workflows/job.yaml": workflow(
        "job",
        """
        inputs: {name: {type: string, default: world}}
        steps:
          hello:
            env: {NAME: "${{ inputs.name }}"}
            run: |
              echo "hello $NAME"
              echo kept > kept.txt
            artifacts: {save: {kept: kept.txt}}
          bye: {needs: [hello], run: echo bye}
        """,
    ),
    "workflows/hook.yaml": workflow(
        "hook",
        """
        inputs: {who: {type: string}}
        triggers:
          webhook:
            - name: secret
              verify: {scheme: token, secret: HOOK}
              inputs: {who: "${{ toJson(event.headers) }}"}
              respond: {wait: 60s, stream: logs}
        steps:
          say: {env: {WHO: "${{ inputs.who }}"}, run: 'echo "$WHO"'}
        """,
    ),
    "workflows/held.yaml": workflow("held", "steps:\n  wait: {wait: {for: 1h}}\n"),
}


@pytest.fixture(scope="module")
def parts(module_home: Home) -> Iterator[tuple[Controller, Web, str]]:
    repo = Repo(module_home.folder / "shop")
    repo.commit(FILES)
    config = module_home.folder / "server.yaml"
    config.write_text(
        "secrets: {HOOK: {env: HOOK}}\nauth: {tokens: [{name: ada, env: ADA}]}\ncontroller: {token: {env: BOTH}}\n"
    )
    env = {
        "WINDLASS_CONFIG": str(config),
        "WINDLASS_DATABASE": f"sqlite:///{module_home.folder}/ledger.db",
        "WINDLASS_INTERNAL_TOKEN": "",
        "BOTH": TOKEN,
        "HOOK": HOOK,
        "ADA": ADA,
    }
    controller = Controller(module_home, "controller", repo.path, env=env).start().leads()
    web = Web(module_home, env=env)
    web.start()
    web.http.headers["Authorization"] = f"Bearer {ADA}"
    yield controller, web, repo.name
    web.close()
    controller.close()


def test_a_run_through_the_web(parts) -> None:
    _, web, repo = parts
    asked = {"inputs": {"name": "you"}, "idempotencyKey": "once"}
    run = web.begin(repo, "job", **asked)
    again = web.http.post(f"/api/v1/workflows/{repo}/job/runs", json=asked)
    assert (again.status_code, again.json()["id"]) == (200, run)
    ended = web.ended(run)
    assert ended["status"] == "succeeded", ended
    assert ended["actor"] == {"kind": "token", "name": "ada"}
    log = web.step_log(run, "hello")
    assert (log.text, log.headers["Windlass-Complete"]) == ("hello you\n", "true")
    assert web.http.get(f"/api/v1/runs/{run}/artifacts/kept").text == "kept\n"
    assert web.get(f"/runs/{run}/plan")["inputs"] == {"name": "you"}
    assert run in [one["id"] for one in web.runs(workflow="job")]
    assert web.http.post(f"/api/v1/runs/{run}/cancel").status_code == 409
    refused = web.http.post(f"/api/v1/workflows/{repo}/job/runs", json={"inputs": {"name": 3}})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/inputs/name"


def test_news_and_lines_come_as_they_are_written(parts) -> None:
    _, web, repo = parts
    run = web.begin(repo, "held")
    seen = []
    with web.http.stream("GET", "/api/v1/events") as events:
        lines = events.iter_lines()
        assert next(lines) == ": windlass"
        assert web.post(f"/runs/{run}/cancel", code=202)["id"] == run
        for line in lines:
            if line.startswith("data: "):
                seen.append(json.loads(line.removeprefix("data: ")))
                if seen[-1].get("status") == "cancelled":
                    break
    assert seen[-1]["id"] == run
    done = web.begin(repo, "job")
    where = f"{web.url.replace('http', 'ws', 1)}/api/v1/runs/{done}/logs"
    with connect(where, additional_headers={"Authorization": f"Bearer {ADA}"}, open_timeout=60) as socket:
        told = [json.loads(message)["text"] for message in socket]
    assert told == ["hello world", "bye"]


def test_a_hook_is_verified_by_what_came_and_sees_nothing_of_what_we_add(parts) -> None:
    _, web, repo = parts
    sent = {
        "Authorization": f"Bearer {HOOK}",
        "X-Mine": "yes",
        "Windlass-Internal-Token": TOKEN,
        "Windlass-Internal-Actor": "e30=",
    }
    answer = httpx2.post(f"{web.url}/hooks/{repo}/secret", headers=sent, json={}, timeout=90)
    assert answer.status_code == 200, answer.text
    headers, last = answer.text.splitlines()
    assert last.endswith(" succeeded")
    assert json.loads(headers)["x-mine"] == "yes"
    assert "windlass-internal" not in headers
    assert TOKEN not in headers
    assert (
        httpx2.post(f"{web.url}/hooks/{repo}/secret", headers={"Authorization": "Bearer no"}, timeout=90).status_code
        == 401
    )


def test_the_web_guards_and_the_controller_trusts_the_web_alone(parts) -> None:
    controller, web, repo = parts
    forged = {"Windlass-Internal-Token": TOKEN, "Windlass-Internal-Actor": "eyJraW5kIjogInRva2VuIn0="}
    for path in (f"/api/v1/workflows/{repo}/job", "/api/v1/runs", "/metrics"):
        assert httpx2.get(web.url + path, headers=forged, timeout=90).status_code == 401, path
    assert web.http.post("/api/v1/events/x", content=b"x" * 2_000_000).status_code == 413
    assert web.http.get("/api/v1/nothing").json()["status"] == 404
    for headers in ({}, {"Windlass-Internal-Token": "wrong"}, {"Authorization": f"Bearer {ADA}"}):
        assert controller.ask("/api/v1/runs", headers=headers).status_code == 401
    assert controller.ask("/readyz").text == "ok\n"
    assert "windlass_leading 1.0" in controller.ask("/metrics").text


def test_without_a_leader_what_was_is_still_told(parts, module_home) -> None:
    """The last test of the module: the controller is gone afterwards."""
    controller, web, repo = parts
    run = web.begin(repo, "job")
    web.ended(run)
    controller.kill()
    refused = web.http.post(f"/api/v1/workflows/{repo}/job/runs", json={})
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
    assert refused.headers["content-type"] == "application/problem+json"
    assert web.http.get("/readyz").status_code == 503
    assert web.http.get("/healthz").status_code == 200
    assert web.run(run)["status"] == "succeeded"
    assert web.http.get(f"/api/v1/runs/{run}/steps/hello/logs").status_code == 503
    controller.start().leads()
    until(lambda: web.http.get("/readyz").status_code == 200)
    assert web.ended(web.begin(repo, "job"))["status"] == "succeeded"


@pytest.mark.parametrize(
    ("words", "env", "told"),
    [
        (("controller",), {}, "WINDLASS_INTERNAL_TOKEN"),
        (("web",), {}, "WINDLASS_INTERNAL_TOKEN"),
        (("controller", "--listen", "0.0.0.0:0"), {"WINDLASS_INTERNAL_TOKEN": TOKEN}, "--advertise"),
        (("web", "--listen", "0.0.0.0:0"), {"WINDLASS_INTERNAL_TOKEN": TOKEN}, "no authentication"),
        (("controller",), {"WINDLASS_INTERNAL_TOKEN": TOKEN, "WINDLASS_LEASE_DURATION": "2s"}, "renew deadline"),
        (("controller",), {"WINDLASS_INTERNAL_TOKEN": TOKEN, "WINDLASS_ELECTION": "dice"}, "no election"),
    ],
)
def test_what_is_set_up_wrongly_does_not_start(module_home, words, env, told) -> None:
    done = module_home.windlass(*words, env=env)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert done.stdout == ""
