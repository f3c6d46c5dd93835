"""`windlass up` and webhooks: verified before anything is parsed, answered once committed, never run twice."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from textwrap import dedent
from typing import Any

import pytest
from tests.canary import keeps, secret
from tests.slow.home import Home
from tests.slow.repo import Repo
from tests.slow.server import TERMINAL, Server
from tests.slow.waiting import until

KEY = secret("hooks")
ECHO = """
    outputs: {said: "${{ steps.it.outputs.said }}"}
    steps:
      it:
        env: {ORDER: "${{ inputs.order }}", AMOUNT: "${{ inputs.amount }}"}
        outputs: {said: {type: string}}
        run: |
          echo "order $ORDER"
          printf 'said<<END\\n%s\\nEND\\n' "$ORDER/$AMOUNT/${FROM-}" >> "$WINDLASS_OUTPUT"
"""
INPUTS = "    inputs: {order: {type: string, default: none}, amount: {type: integer, minimum: 0, default: 1}}\n"
HOOKS = {
    "order": """
    triggers:
      webhook:
        - name: order
          verify: {scheme: none}
          if: ${{ has(event.body.order) }}
          inputs: {order: "${{ event.body.order }}", amount: "${{ event.body.amount }}"}
          env: {FROM: "${{ event.headers['x-from'] }}/${{ event.query.via }}"}
    """,
    "signed": "    triggers: {webhook: [{name: signed, verify: {scheme: github, secret: HOOK_KEY}}]}\n",
    "first": "    triggers: {webhook: [{name: shared, verify: {scheme: none}}]}\n",
    "second": "    triggers: {webhook: [{name: shared, verify: {scheme: none}}]}\n",
    "form": "    triggers: {webhook: [{name: form, verify: {scheme: none}, inputs: {amount: 7}}]}\n",
    "waiting": "    triggers: {webhook: [{name: waiting, verify: {scheme: none}, respond: {wait: 60s}}]}\n",
    "streaming": (
        "    triggers: {webhook: [{name: streaming, verify: {scheme: none}, respond: {wait: 60s, stream: logs}}]}\n"
    ),
    "off": "    triggers: {webhook: [{name: off, verify: {scheme: none}, enabled: false}]}\n",
    "keyless": "    triggers: {webhook: [{name: keyless, verify: {scheme: token, secret: NO_SUCH_KEY}}]}\n",
}


@pytest.fixture(scope="module")
def server(module_home: Home) -> Iterator[Server]:
    repo = Repo(module_home.folder / "shop")
    for name, triggers in HOOKS.items():
        repo.add(name, dedent(triggers) + dedent(INPUTS) + dedent(ECHO))
    keeps(module_home.folder / "hook.key").write_text(KEY + "\n")
    config = module_home.folder / "windlass-server.yaml"
    config.write_text(f"secrets:\n  HOOK_KEY: {{file: {module_home.folder}/hook.key}}\n")
    one = Server(module_home, repo.path, words=("--config", str(config))).start()
    yield one
    one.stop()


def test_every_hook_is_live_and_a_missing_key_is_a_problem_of_its_workflow(server: Server) -> None:
    assert set(server.live("shop")) == set(HOOKS)
    problems = server.get("/repositories/shop")["problems"]
    (missing,) = [problem for problem in problems if "NO_SUCH_KEY" in problem["message"]]
    assert missing["file"] == "workflows/keyless.yaml"
    assert [problem for problem in problems if problem["severity"] == "error"] in ([], [missing])


def signed(body: bytes, delivery: str, key: str = KEY) -> dict[str, str]:
    signature = "sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": signature, "X-GitHub-Delivery": delivery, "Content-Type": "application/json"}


def started(server: Server, answer: Any, status: int = 202) -> dict[str, Any]:
    """The one run that the answer names, once it has ended."""
    assert answer.status_code == status, answer.text
    (run,) = answer.json()["runs"]
    assert set(run) == {"id", "repository", "workflow", "url"}
    assert server.http.get(run["url"]).json()["id"] == run["id"]
    return server.ended(run["id"])


def refused(answer: Any, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert KEY not in answer.text


def test_a_delivery_becomes_a_run_with_inputs_and_environment(server: Server) -> None:
    body = {"order": "A-1", "amount": 5}
    run = started(server, server.http.post("/hooks/shop/order?via=curl", json=body, headers={"X-From": "till"}))
    assert (run["status"], run["outputs"]) == ("succeeded", {"said": "A-1/5/till/curl"})
    assert (run["trigger"]["kind"], run["trigger"]["name"], run["actor"]["kind"]) == ("webhook", "order", "webhook")
    again = started(server, server.http.post("/hooks/shop/order?via=curl", json=body, headers={"X-From": "till"}))
    assert again["id"] != run["id"]  # without an id of the sender each delivery is a new one


def test_a_false_if_starts_nothing_and_says_so(server: Server) -> None:
    before = len(server.runs())
    answer = server.http.post("/hooks/shop/order", json={"other": 1}, headers={"X-From": "x"})
    assert (answer.status_code, answer.json()["runs"]) == (200, [])
    assert "if" in answer.json()["reason"]
    assert len(server.runs()) == before
    firing = server.get("/workflows/shop/order/firings")["items"][0]
    assert (firing["run"], "if" in firing["reason"]) == (None, True)


def test_values_that_do_not_fit_start_nothing(server: Server) -> None:
    before = len(server.runs())
    for amount in (-1, "many"):
        answer = server.http.post(
            "/hooks/shop/order?via=x", json={"order": "A", "amount": amount}, headers={"X-From": "x"}
        )
        refused(answer, 422)
    refused(server.http.post("/hooks/shop/order", json={"order": "A"}, headers={"X-From": "x"}), 422)  # no amount
    assert len(server.runs()) == before


def test_a_signature_is_checked_and_a_redelivery_starts_nothing(server: Server) -> None:
    body = b'{"ref": "refs/heads/main"}'
    run = started(server, server.http.post("/hooks/shop/signed", content=body, headers=signed(body, "d-1")))
    again = server.http.post("/hooks/shop/signed", content=body, headers=signed(body, "d-1"))
    assert (again.status_code, again.json()["runs"][0]["id"]) == (200, run["id"])
    other = started(server, server.http.post("/hooks/shop/signed", content=body, headers=signed(body, "d-2")))
    assert other["id"] != run["id"]


def test_wrong_signatures(server: Server) -> None:
    body = b'{"ref": "refs/heads/main"}'
    before = len(server.runs())
    good = signed(body, "d-9")
    wrong: list[tuple[bytes, list[tuple[str, str]]]] = [
        (body, []),
        (body, list(signed(body, "d-9", "another key").items())),
        (body + b" ", list(good.items())),
        (b"not even json", list(good.items())),
        (body, [*good.items(), ("X-Hub-Signature-256", good["X-Hub-Signature-256"])]),
        (body, [("X-Hub-Signature-256", "sha1=0123"), ("X-GitHub-Delivery", "d-9")]),
        (body, [("X-Hub-Signature-256", "sha256=é"), ("X-GitHub-Delivery", "d-9")]),
    ]
    for content, headers in wrong:
        raw = [(name.encode(), value.encode()) for name, value in headers]
        refused(server.http.post("/hooks/shop/signed", content=content, headers=raw), 401)
    refused(server.http.post("/hooks/shop/keyless", content=b"{}", headers={"Authorization": "Bearer x"}), 401)
    assert len(server.runs()) == before
    assert KEY not in server.log
    started(server, server.http.post("/hooks/shop/signed", content=body, headers=good))  # a refusal uses up no id


def test_a_ping_of_the_forge_starts_nothing(server: Server) -> None:
    before = len(server.runs())
    headers = {**signed(b"{}", "d-ping"), "X-GitHub-Event": "ping"}
    answer = server.http.post("/hooks/shop/signed", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["runs"]) == (200, [])
    assert len(server.runs()) == before


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 65536 + 1):
        yield b" " * 65536


def test_bodies_have_a_limit_also_when_their_length_is_not_told(server: Server) -> None:
    before = len(server.runs())
    refused(server.http.post("/hooks/shop/order", content=b"x" * ((1 << 20) + 1)), 413)
    refused(server.http.post("/hooks/shop/order", content=chunks(1 << 20)), 413)
    refused(server.http.post("/hooks/shop/shared", content=b"[" * 100_000), 400)
    assert len(server.runs()) == before
    started(server, server.http.post("/hooks/shop/form", content=json.dumps({"pad": "x" * 1_000_000})))


def test_one_name_for_two_workflows(server: Server) -> None:
    answer = server.http.post("/hooks/shop/shared", json={})
    assert answer.status_code == 202
    assert {run["workflow"] for run in answer.json()["runs"]} == {"first", "second"}
    for run in answer.json()["runs"]:
        assert server.ended(run["id"])["status"] == "succeeded"


def test_the_form_asks_for_what_the_trigger_does_not_set(server: Server) -> None:
    form = server.http.get("/hooks/shop/form")
    assert form.headers["content-type"].startswith("text/html")
    assert "name='order'" in form.text
    assert "name='amount'" not in form.text
    assert "default-src 'none'" in form.headers["content-security-policy"]
    run = started(server, server.http.post("/hooks/shop/form", data={"order": "<b>&"}))
    assert run["outputs"] == {"said": "<b>&/7/"}
    refused(server.http.get("/hooks/shop/signed"), 404)  # a form proves nothing
    refused(server.http.post("/hooks/shop/signed", data={"order": "x"}), 401)


def test_a_switched_off_hook_is_as_if_it_were_not_there(server: Server) -> None:
    off, never = server.http.post("/hooks/shop/off", json={}), server.http.post("/hooks/shop/never-was", json={})
    refused(off, 404)
    refused(never, 404)
    assert off.json()["detail"] == never.json()["detail"]


def test_an_answer_can_wait_for_the_end(server: Server) -> None:
    answer = server.http.post("/hooks/shop/waiting", json={})
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")


def test_an_answer_can_be_the_log(server: Server) -> None:
    answer = server.http.post("/hooks/shop/streaming", json={})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    assert lines[0] == "order none"
    run = server.runs(workflow="streaming")[0]["id"]
    assert lines[-1] == f"run {run} succeeded"


def test_nothing_is_left_open(server: Server) -> None:
    until(lambda: all(run["status"] in TERMINAL for run in server.runs()))
