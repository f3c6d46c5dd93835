"""The application behind a real server on loopback: what only a socket shows."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager

import httpx2
import pytest
import uvicorn
from tests.web.site import until, workflow
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from windlass.web.server import _Quiet


@contextmanager
def served(app):
    """The address of a server of the application."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = _Quiet(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    until(lambda: server.started)
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(60)
        listening.close()


@pytest.fixture
def site(new_site):
    return new_site({"workflows/deploy.yaml": workflow()})


def test_a_slow_reader_of_logs_holds_up_nobody_and_gets_everything(site):
    run = site.begin()
    attempt = site.running()
    count = 20_000
    with (
        served(site.app) as address,
        connect(f"ws://{address}/api/v1/runs/{run}/logs", max_queue=1, open_timeout=60, close_timeout=0.1) as slow,
    ):
        site.held.write_log(attempt, b"".join(b"line %d\n" % n for n in range(count)))
        assert json.loads(slow.recv())["text"] == "line 0"
        assert httpx2.get(f"http://{address}/api/v1/runs/{run}", timeout=60).json()["status"] == "running"
        site.held.finish(attempt)
        last = None
        for number in range(1, 2000):
            last = json.loads(slow.recv())
            assert last["text"] == f"line {number}"
        cursor = last["cursor"]
    with (
        served(site.app) as address,
        connect(f"ws://{address}/api/v1/runs/{run}/logs?cursor={cursor}", open_timeout=60, close_timeout=0.1) as rest,
    ):
        assert json.loads(rest.recv())["text"] == "line 2000"


def test_a_socket_of_a_foreign_page_is_refused(site):
    run = site.begin()
    with served(site.app) as address:
        for headers in ({"Origin": "https://evil.example.com"}, {"Authorization": "Bearer x"}):
            with (
                pytest.raises(InvalidStatus) as refused,
                connect(f"ws://{address}/api/v1/runs/{run}/logs", additional_headers=headers, open_timeout=60),
            ):
                pass
            assert refused.value.response.status_code in (401, 403)


def test_chunks_over_the_limit_are_refused_and_the_server_goes_on(site):
    def chunks():
        for _ in range(64):
            yield b"x" * 65536

    with served(site.app) as address:
        try:
            answer = httpx2.post(f"http://{address}/hooks/shop/x", content=chunks(), timeout=60)
            assert answer.status_code == 413
        except httpx2.TransportError:
            pass  # refused while it was still being sent
        assert httpx2.get(f"http://{address}/healthz", timeout=60).text == "ok\n"
