"""Hooks that answer with the run or with its log: `respond`."""

from __future__ import annotations

from tests.web.site import hooked

from windlass.executors.held import Outcome

WAITS = "{name: open, verify: {scheme: none}, respond: {wait: 5s}}"
STREAMS = "{name: open, verify: {scheme: none}, respond: {wait: 5s, stream: logs}}"


def test_wait_answers_with_the_run_that_has_ended(new_site):
    site = new_site({"workflows/deploy.yaml": hooked(WAITS)}, script=lambda launch: Outcome(exit_code=3))
    answer = site.http.post("/hooks/shop/open", content=b"{}")
    assert (answer.status_code, answer.json()["status"]) == (200, "failed")
    assert answer.json()["steps"]["build"]["attempts"][0]["exitCode"] == 3


def test_wait_answers_with_the_run_that_goes_on(new_site):
    site = new_site({"workflows/deploy.yaml": hooked(WAITS.replace("5s", "10ms"))})
    answer = site.http.post("/hooks/shop/open", content=b"{}")
    assert (answer.status_code, answer.json()["endedAt"]) == (202, None)


def test_stream_answers_with_the_log_and_the_status(new_site):
    site = new_site({"workflows/deploy.yaml": hooked(STREAMS)})
    with site.http.stream("POST", "/hooks/shop/open", content=b"{}") as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        parts = answer.iter_bytes()
        attempt = site.running()
        site.held.write_log(attempt, b"first\n")
        assert next(parts) == b"first\n"
        site.held.write_log(attempt, b"second")
        site.held.finish(attempt)
        rest = b"".join(parts)
    assert rest == f"second\nrun {attempt.run} succeeded\n".encode()
