"""One request, spoken to an ASGI application message by message: for what no client would send."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        return json.loads(self.body)


class Request:
    """`chunks` of a body without Content-Length; `ends` False: the last chunk never comes. `taken` counts the chunks
    that the application asked for."""

    def __init__(
        self,
        method: str,
        path: str,
        headers: list[tuple[bytes, bytes]] | None = None,
        chunks: list[bytes] | None = None,
        *,
        ends: bool = True,
    ) -> None:
        self.taken = 0
        self._chunks = chunks or []
        self._ends = ends
        path, _, query = path.partition("?")
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(b"host", b"127.0.0.1"), *(headers or [])],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 7878),
        }

    def send(self, app: Any, seconds: float = 60.0) -> Answer:
        answer = Answer()

        async def receive() -> dict[str, Any]:
            if self.taken < len(self._chunks):
                self.taken += 1
                more = self.taken < len(self._chunks) or not self._ends
                return {"type": "http.request", "body": self._chunks[self.taken - 1], "more_body": more}
            if self._ends and not self._chunks and self.taken == 0:
                self.taken = 1
                return {"type": "http.request", "body": b"", "more_body": False}
            await asyncio.Event().wait()
            raise AssertionError

        async def take(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
            else:
                answer.body += message.get("body", b"")

        asyncio.run(asyncio.wait_for(app(self._scope, receive, take), seconds))
        return answer
