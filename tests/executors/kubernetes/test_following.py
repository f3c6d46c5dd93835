"""A log that its kubelet cannot follow: its machine has no more inotify instances, and says so in the log's place."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.kube.conftest import Recorded, api, client, loop  # noqa: F401 - fixtures

from windlass.executors.kubernetes import reading
from windlass.executors.kubernetes.attempt import Attempt
from windlass.executors.kubernetes.reading import Reader
from windlass.runs.model import AttemptKey

if TYPE_CHECKING:
    from pathlib import Path

    from windlass.kube.client import Client
    from windlass.kube.thread import LoopThread

LINES = [f"2026-01-01T00:00:0{second}.5Z line {second}\n".encode() for second in range(4)]
CANNOT = b"failed to create fsnotify watcher: too many open files"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_PAUSES", (0.0,))
    monkeypatch.setattr(reading, "AT_ONCE", 0.0)


def followed(api: Recorded, client: Client, loop: LoopThread, folder: Path, requests: int) -> bytes:  # noqa: F811
    """The log, once that many requests have been made."""
    attempt = Attempt(AttemptKey("run", "step", "", 1), folder, folder / "log", None)

    async def hand_on(_part: str) -> None: ...

    async def follow() -> None:
        told: Any = None
        reader = Reader(attempt, told, client, "n", (), None, hand_on)
        task = asyncio.create_task(reader.follow("x", asyncio.Semaphore(1)))
        async with asyncio.timeout(20):
            while len(api.asked) < requests:
                await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.wait([task])
        reader.close()

    loop.call(follow())
    return (folder / "log").read_bytes()


def test_it_is_read_now_and_then_on_a_connection_that_is_kept(
    api: Recorded,  # noqa: F811
    client: Client,  # noqa: F811
    loop: LoopThread,  # noqa: F811
    tmp_path: Path,
) -> None:
    api.stream(LINES[0], CANNOT)
    for end in (2, 3, 4):
        api.stream(*LINES[end - 2 : end])
    assert followed(api, client, loop, tmp_path, 5) == b"line 0\nline 1\nline 2\nline 3\n"
    assert [one.query.get("follow") for one in api.asked] == ["true", None, None, None, None]
    assert [one.query.get("sinceTime") for one in api.asked[1:3]] == ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"]
    assert api.connections == 2, "one that was followed in vain, and one for all that is read after that"


def test_it_is_followed_again_after_a_while(
    api: Recorded,  # noqa: F811
    client: Client,  # noqa: F811
    loop: LoopThread,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "REFUSED", 0.0)
    api.stream(LINES[0], CANNOT)
    api.stream(*LINES[:2], then="hang")
    assert followed(api, client, loop, tmp_path, 2).startswith(b"line 0\n")
    assert [one.query.get("follow") for one in api.asked] == ["true", "true"]
