"""Requests and their errors, against recorded answers."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from tests.kube.conftest import kubeconfig, pod

from windlass.kube import errors
from windlass.kube.access import Place
from windlass.kube.client import Client
from windlass.kube.errors import Unreachable
from windlass.kube.logs import pod_log
from windlass.kube.resources import JOBS, NODES, PODS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kube.conftest import Recorded

    from windlass.kube.thread import LoopThread


def test_paths_and_bodies_of_requests(api: Recorded, client: Client, loop: LoopThread) -> None:
    for _ in range(6):
        api.say({"kind": "Job"})
    loop.call(client.create(JOBS, {"metadata": {"name": "x"}}, "n"))
    loop.call(client.patch(JOBS, "x", {"a": 1}, "n", subresource="status"))
    loop.call(client.patch(JOBS, "x", [{"op": "remove", "path": "/a"}], "n", kind="json"))
    loop.call(client.patch(NODES, "x", {"a": 1}, kind="apply", force=True))
    loop.call(client.replace(JOBS, {"metadata": {"name": "x"}}, "n"))
    loop.call(client.delete(PODS, "x/y", "n", uid="u", grace=3))
    assert [(asked.method, asked.path) for asked in api.asked] == [
        ("POST", "/apis/batch/v1/namespaces/n/jobs"),
        ("PATCH", "/apis/batch/v1/namespaces/n/jobs/x/status"),
        ("PATCH", "/apis/batch/v1/namespaces/n/jobs/x"),
        ("PATCH", "/api/v1/nodes/x"),
        ("PUT", "/apis/batch/v1/namespaces/n/jobs/x"),
        ("DELETE", "/api/v1/namespaces/n/pods/x%2Fy"),
    ]
    assert [asked.headers["content-type"].split("/")[1] for asked in api.asked] == [
        "json", "merge-patch+json", "json-patch+json", "apply-patch+yaml", "json", "json",
    ]  # fmt: skip
    assert api.asked[3].query == {"fieldManager": "windlass", "force": "true"}
    options = json.loads(api.asked[5].body)
    assert (options["preconditions"], options["gracePeriodSeconds"]) == ({"uid": "u"}, 3)
    assert api.connections == 1, "connections are kept"


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (400, "BadRequest", errors.BadRequest),
        (401, "Unauthorized", errors.Unauthorized),
        (403, "Forbidden", errors.Forbidden),
        (404, "NotFound", errors.NotFound),
        (409, "Conflict", errors.Conflict),
        (409, "AlreadyExists", errors.AlreadyExists),
        (410, "Gone", errors.Expired),
        (418, "", errors.ApiError),
        (422, "Invalid", errors.Invalid),
        (429, "TooManyRequests", errors.Throttled),
        (500, "InternalError", errors.Unavailable),
        (504, "Timeout", errors.Unavailable),
    ],
)
def test_each_refusal_is_a_class(
    api: Recorded, client: Client, loop: LoopThread, status: int, reason: str, kind: type[errors.ApiError]
) -> None:
    api.refuse(status, reason, "the reason why")
    api.refuse(status, reason, "the reason why")  # 401 is asked twice
    with pytest.raises(errors.ApiError) as raised:
        loop.call(client.get(PODS, "x", "n"))
    assert type(raised.value) is kind
    assert (raised.value.status, raised.value.reason, str(raised.value)) == (status, reason, "the reason why")


@pytest.mark.parametrize(
    "body", [b"", b"Bad Gateway", b"[1]", b'{"message": 7, "details": "x", "code": {}}', b"\xff\x00"]
)
def test_a_refusal_that_is_no_status_is_still_one(api: Recorded, client: Client, loop: LoopThread, body: bytes) -> None:
    api.say(body, 502)
    with pytest.raises(errors.Unavailable) as raised:
        loop.call(client.get(PODS, "x", "n"))
    assert raised.value.status == 502
    assert str(raised.value)


def test_details_name_the_causes(api: Recorded, client: Client, loop: LoopThread) -> None:
    details = {"causes": [{"reason": "NamespaceTerminating"}, 7]}
    api.say({"kind": "Status", "reason": "Forbidden", "message": "m", "details": details}, 403)
    with pytest.raises(errors.Forbidden) as raised:
        loop.call(client.create(PODS, {}, "n"))
    assert raised.value.causes == ["NamespaceTerminating"]


def test_told_to_wait_it_asks_again(api: Recorded, client: Client, loop: LoopThread) -> None:
    api.refuse(429, "TooManyRequests", Retry_After="0.01")
    api.refuse(429, "TooManyRequests", Retry_After="0.01")
    api.say(pod("x", "1"))
    assert loop.call(client.get(PODS, "x", "n"))["metadata"]["name"] == "x"
    assert len(api.asked) == 3


def test_nobody_there_too_slow_cut_off_and_nonsense_are_unreachable(
    api: Recorded, client: Client, loop: LoopThread, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        gone = Client(Place(str(kubeconfig(tmp_path, f"http://127.0.0.1:{taken.getsockname()[1]}"))))
        with pytest.raises(errors.Unreachable, match="does not answer"):
            loop.call(gone.get(PODS, "x", "n"))
    slow = Client(client._place, timeout=0.1)
    api.hang()
    (tmp_path / "kubeconfig").write_text(kubeconfig(tmp_path, f"http://127.0.0.1:{api.port}").read_text())
    with pytest.raises(errors.Unreachable, match=r"too long|[Tt]imeout"):
        loop.call(slow.get(PODS, "x", "n"))
    api.stream(b"{", then="break")
    with pytest.raises(errors.Unreachable):
        loop.call(client.get(PODS, "x", "n"))
    api.say(b"<html>")
    with pytest.raises(errors.Unreachable, match="no answer of an API server"):
        loop.call(client.get(PODS, "x", "n"))
    loop.call(slow.close())
    loop.call(gone.close())


def test_a_redirect_is_not_followed(api: Recorded, client: Client, loop: LoopThread) -> None:
    api.say(b"", 302, Location="http://127.0.0.1:1/")
    with pytest.raises(errors.ApiError):
        loop.call(client.get(PODS, "x", "n"))


def test_objects_of_a_list_know_what_they_are(api: Recorded, client: Client, loop: LoopThread) -> None:
    api.list("10", pod("a", "3"), more="next")
    api.list("10", pod("b", "3"))

    async def collect() -> list[Any]:
        return [found async for found in client.list(PODS, "n", fields="spec.nodeName=x")]

    found = loop.call(collect())
    assert [(item["kind"], item["apiVersion"], item["metadata"]["name"]) for item in found] == [
        ("Pod", "v1", "a"),
        ("Pod", "v1", "b"),
    ]
    assert api.asked[1].query == {"fieldSelector": "spec.nodeName=x", "limit": "500", "continue": "next"}


def test_a_log_comes_as_bytes(api: Recorded, client: Client, loop: LoopThread) -> None:
    api.stream(b"one\n\xff", b"two")

    async def collect() -> bytes:
        found = pod_log(client, "n", "x", "main", follow=True, since="2026-01-01T00:00:00Z", limit=9)
        return b"".join([chunk async for chunk in found])

    assert loop.call(collect()) == b"one\n\xfftwo"
    asked = {"container": "main", "follow": "true", "sinceTime": "2026-01-01T00:00:00Z", "limitBytes": "9"}
    assert (api.asked[0].path, api.asked[0].query) == ("/api/v1/namespaces/n/pods/x/log", asked)


async def _log(client: Client) -> bytes:
    return b"".join([chunk async for chunk in pod_log(client, "n", "x", "main", follow=True)])


def test_a_log_that_was_followed_to_its_end_leaves_its_connection_to_the_next(
    api: Recorded, client: Client, loop: LoopThread
) -> None:
    api.stream(b"one", b"two")
    api.stream(b"three")
    assert (loop.call(_log(client)), loop.call(_log(client))) == (b"onetwo", b"three")
    assert api.connections == 1
    api.stream(b"four", then="break")
    with pytest.raises(Unreachable):
        loop.call(_log(client))
    api.stream(b"five")
    assert loop.call(_log(client)) == b"five"
    assert api.connections == 2, "one that broke is not used again"


def test_connections_for_logs_are_opened_few_at_a_time(
    api: Recorded, client: Client, loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = most = 0
    really = aiohttp.TCPConnector._create_connection

    async def counted(*arguments: Any) -> Any:
        nonlocal opening, most
        opening += 1
        most = max(most, opening)
        try:
            await asyncio.sleep(0)
            return await really(*arguments)
        finally:
            opening -= 1

    monkeypatch.setattr(aiohttp.TCPConnector, "_create_connection", counted)
    for _ in range(50):
        api.stream(b"line", then="hang")

    async def all_of_them() -> None:
        tasks = [asyncio.create_task(_log(client)) for _ in range(50)]
        async with asyncio.timeout(20):
            while len(api.asked) < 50:
                await asyncio.sleep(0.001)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    loop.call(all_of_them())
    assert api.connections == 50, "each that goes on has its own"
    assert most <= 2


def test_many_requests_at_once(api: Recorded, client: Client, loop: LoopThread) -> None:
    for number in range(100):
        api.say(pod(f"p{number}", "1"))

    async def all_of_them() -> list[Any]:
        return await asyncio.gather(*(client.get(PODS, "x", "n") for _ in range(100)))

    assert len(loop.call(all_of_them())) == 100
    assert api.connections <= 32
