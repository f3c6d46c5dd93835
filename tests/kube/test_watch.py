"""A watch against a server that does everything a connection or an API server can do wrong (promise R28)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
from tests.kube.conftest import bookmark, event, pod

from windlass.kube.resources import PODS
from windlass.kube.watch import Broken, Gone, Put, Synced, Watch

if TYPE_CHECKING:
    from tests.kube.conftest import Recorded

    from windlass.kube.client import Client
    from windlass.kube.thread import LoopThread


class Small(msgspec.Struct):
    phase: str = ""


def changes(loop: LoopThread, watch: Watch[Any], count: int) -> list[Any]:
    """The first `count` changes; what is broken shows as `broken`, what is put or gone with its name and version."""

    async def collect() -> list[Any]:
        found: list[Any] = []
        async for change in watch:
            match change:
                case Put(meta, _):
                    found.append(("put", meta.name, meta.resource_version))
                case Gone(meta, _):
                    found.append(("gone", meta.name))
                case Synced(uids):
                    found.append(("synced", sorted(uids)))
                case Broken():
                    found.append("broken")
            if len(found) == count:
                break
        return found

    return loop.call(asyncio.wait_for(collect(), 30))


def test_a_list_then_changes(api: Recorded, client: Client, loop: LoopThread) -> None:
    api.list("10", pod("a", "3"), pod("b", "4"))
    api.stream(
        event("ADDED", pod("c", "11")), event("MODIFIED", pod("a", "12")), event("DELETED", pod("b", "13")), then="hang"
    )
    found = changes(loop, Watch(client, PODS, dict, "n", labels="x=y"), 6)
    assert found == [
        ("put", "a", "3"), ("put", "b", "4"), ("synced", ["uid-a", "uid-b"]),
        ("put", "c", "11"), ("put", "a", "12"), ("gone", "b"),
    ]  # fmt: skip
    assert api.asked[0].path == api.asked[1].path == "/api/v1/namespaces/n/pods"
    assert api.asked[0].query == {"labelSelector": "x=y", "limit": "500"}
    assert (
        api.asked[1].query.items() >= {"watch": "true", "resourceVersion": "10", "allowWatchBookmarks": "true"}.items()
    )


def test_a_list_is_read_in_pages(api: Recorded, client: Client, loop: LoopThread) -> None:
    api.list("10", pod("a", "3"), more="page 2")
    api.list("10", pod("b", "4"))
    assert changes(loop, Watch(client, PODS, dict), 3)[-1] == ("synced", ["uid-a", "uid-b"])
    assert api.asked[1].query["continue"] == "page 2"


def test_a_page_that_expired_begins_the_list_anew_and_at_last_in_one_piece(
    api: Recorded, client: Client, loop: LoopThread
) -> None:
    for _ in range(3):
        api.list("10", pod("a", "3"), more="page 2")
        api.refuse(410, "Expired")
    api.list("12", pod("b", "4"))
    assert changes(loop, Watch(client, PODS, dict), 5)[-1] == ("synced", ["uid-b"])
    assert "limit" not in api.asked[6].query


def test_an_end_is_resumed_after_the_last_version_seen_bookmarks_too(
    api: Recorded, client: Client, loop: LoopThread
) -> None:
    api.list("10")
    api.stream(event("ADDED", pod("a", "11")))
    api.stream(bookmark("40"))
    api.stream(event("ADDED", pod("b", "41")), then="hang")
    assert changes(loop, Watch(client, PODS, dict), 3) == [("synced", []), ("put", "a", "11"), ("put", "b", "41")]
    assert [asked.query["resourceVersion"] for asked in api.asked[1:]] == ["10", "11", "40"]


def test_410_as_an_event_or_as_a_status_lists_anew(api: Recorded, client: Client, loop: LoopThread) -> None:
    api.list("10", pod("a", "3"))
    api.stream(event("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}))
    api.list("90", pod("b", "80"))
    api.refuse(410, "Gone")
    api.list("95", pod("b", "80"))
    found = changes(loop, Watch(client, PODS, dict), 6)
    assert found == [
        ("put", "a", "3"), ("synced", ["uid-a"]), ("put", "b", "80"), ("synced", ["uid-b"]),
        ("put", "b", "80"), ("synced", ["uid-b"]),
    ]  # fmt: skip


def test_an_error_inside_of_a_success_is_told_and_survived(api: Recorded, client: Client, loop: LoopThread) -> None:
    api.list("10")
    api.stream(event("ERROR", {"kind": "Status", "code": 500, "reason": "InternalError", "message": "etcd"}))
    api.stream(event("ADDED", pod("a", "11")), then="hang")
    assert changes(loop, Watch(client, PODS, dict), 3) == [("synced", []), "broken", ("put", "a", "11")]


def test_garbage_and_cut_lines_are_survived(api: Recorded, client: Client, loop: LoopThread) -> None:
    api.list("10")
    api.stream(b"<html>proxy error</html>\n")
    api.stream(b'{"type": "ADDED", "object": {"metadata": {"na', then="break")
    api.stream(event("ADDED", pod("a", "11")), then="hang")
    assert changes(loop, Watch(client, PODS, dict), 4) == [("synced", []), "broken", "broken", ("put", "a", "11")]
    assert {asked.query["resourceVersion"] for asked in api.asked[1:]} == {"10"}


def test_an_event_in_many_pieces_is_one(api: Recorded, client: Client, loop: LoopThread) -> None:
    api.list("10")
    api.stream(b'{"type": "ADDED", "ob', b'ject": {"metadata": {"name": "a", "resourceVersion": "1', b'1"}}}\n')
    assert changes(loop, Watch(client, PODS, dict), 2)[-1] == ("put", "a", "11")


def test_silence_ends_in_a_new_connection(api: Recorded, client: Client, loop: LoopThread) -> None:
    api.list("10")
    api.stream(event("ADDED", pod("a", "11")), then="hang")
    api.hang()  # accepted, and not a word: not even headers
    api.stream(event("ADDED", pod("b", "12")), then="hang")
    watch = Watch(client, PODS, dict, silence=0.2)
    assert changes(loop, watch, 4) == [("synced", []), ("put", "a", "11"), "broken", ("put", "b", "12")]
    assert api.connections == 4, "a dead connection is not met again"


def test_a_server_that_ends_every_watch_at_once_is_not_asked_without_a_pause(
    api: Recorded, client: Client, loop: LoopThread
) -> None:
    api.list("10")
    for _ in range(3):
        api.stream()
    assert changes(loop, Watch(client, PODS, dict), 4) == [("synced", []), "broken", "broken", "broken"]


def test_a_list_is_due_every_so_often(api: Recorded, client: Client, loop: LoopThread) -> None:
    api.list("10", pod("a", "3"))
    api.stream(bookmark("11"), then="end")
    api.list("12")
    found = changes(loop, Watch(client, PODS, dict, relist=0.0), 3)
    assert found == [("put", "a", "3"), ("synced", ["uid-a"]), ("synced", [])], "a deletion that was missed is found"


def test_an_object_that_does_not_fit_is_told_and_the_others_go_on(
    api: Recorded, client: Client, loop: LoopThread
) -> None:
    api.list("10", pod("a", "3", phase=["wrong"]), pod("b", "4", phase="fine"))
    found = changes(loop, Watch(client, PODS, Small), 3)
    assert found == ["broken", ("put", "b", "4"), ("synced", ["uid-a", "uid-b"])]


def test_what_is_not_allowed_is_told_and_asked_again(api: Recorded, client: Client, loop: LoopThread) -> None:
    api.refuse(403, "Forbidden", "pods is forbidden")
    api.list("10")
    assert changes(loop, Watch(client, PODS, dict), 2) == ["broken", ("synced", [])]
