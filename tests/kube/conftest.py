from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from windlass.kube.access import Place
from windlass.kube.client import Client
from windlass.kube.thread import LoopThread

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    Answer = Callable[[asyncio.StreamWriter], Coroutine[Any, Any, None]]


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class Recorded:
    """Answers requests with what a test wrote down, in order, and keeps what it was asked. Raw, so that it can answer
    as no API server should."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: list[Answer] = []
        self.connections = 0
        self.port = 0
        self._serving: list[asyncio.Future[None]] = []

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._talk(reader, writer))
        self._serving.append(task)
        await asyncio.wait([task])

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while line := await reader.readline():
                method, target, _ = line.decode().split(" ", 2)
                headers = {}
                while (header := (await reader.readline()).strip()) != b"":
                    name, _, value = header.decode().partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                url = urlsplit(target)
                self.asked.append(Asked(method, url.path, dict(parse_qsl(url.query)), headers, body))
                if not self.answers:
                    await asyncio.sleep(3600)
                await self.answers.pop(0)(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    # ---- answers

    def say(self, body: Any, status: int = 200, **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()

        async def answer(writer: asyncio.StreamWriter) -> None:
            extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
            writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(data)}\r\n{extra}\r\n".encode() + data)
            await writer.drain()

        self.answers.append(answer)

    def refuse(self, status: int, reason: str = "", message: str = "no", **headers: str) -> None:
        self.say({"kind": "Status", "code": status, "reason": reason, "message": message}, status, **headers)

    def list(self, version: str, *items: dict[str, Any], more: str = "") -> None:
        meta = {"resourceVersion": version, **({"continue": more} if more else {})}
        self.say({"kind": "PodList", "metadata": meta, "items": list(items)})

    def stream(self, *lines: dict[str, Any] | bytes, then: str = "end") -> None:
        """`then`: `end` as a server does, `break` in the middle of a chunk, or `hang` without a word."""

        async def answer(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for line in lines:
                data = line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
                writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            writer.write(b"0\r\n\r\n" if then == "end" else b"ff\r\nx" if then == "break" else b"")
            await writer.drain()
            if then == "break":
                raise ConnectionAbortedError
            if then == "hang":
                await asyncio.sleep(3600)

        self.answers.append(answer)

    def hang(self) -> None:
        async def answer(_writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(3600)

        self.answers.append(answer)


def pod(name: str, version: str, **fields: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "n", "uid": f"uid-{name}", "resourceVersion": version}, **fields}


def event(kind: str, found: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "object": found}


def bookmark(version: str) -> dict[str, Any]:
    return event("BOOKMARK", {"kind": "Pod", "metadata": {"resourceVersion": version}})


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture
def api(loop: LoopThread) -> Iterator[Recorded]:
    made = Recorded()
    loop.call(made.listen())
    yield made
    loop.call(made.close())


def kubeconfig(folder: Path, server: str, user: dict[str, Any] | None = None, namespace: str = "team") -> Path:
    path = folder / "kubeconfig"
    found = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": user or {}}],
        "contexts": [
            {"name": "here", "context": {"cluster": "c", "user": "u", "namespace": namespace}},
            {"name": "plain", "context": {"cluster": "c", "user": "u"}},
        ],
    }
    path.write_text(json.dumps(found))
    return path


@pytest.fixture
def client(api: Recorded, loop: LoopThread, tmp_path: Path) -> Iterator[Client]:
    place = Place(str(kubeconfig(tmp_path, f"http://127.0.0.1:{api.port}")))
    made = Client(place, timeout=60.0)
    yield made
    loop.call(made.close())
