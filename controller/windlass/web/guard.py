"""Every request passes here first: Host, Origin, token, size, security headers (promise R38).

In: the ASGI app, whether the server is open on loopback, the known tokens. Out: the same app behind a guard. Hooks
verify themselves, probes and the API's description answer everybody; any other path needs a token unless the server is
open. A wrong token is 401 even where none is needed; a foreign Origin, or on an open server a Host that is not
loopback, is 403. Headers by which proxies name somebody else (`X-Forwarded-*`, `X-HTTP-Method-Override`) are not
looked at (catalogue A08, A09).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from windlass.web import docs
from windlass.web.problem import Refused, problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
# What every installation answers alike: two words for probes, and how the API is used.
OPEN_PATHS = frozenset({"/healthz", "/readyz", "/api/openapi.json"}) | docs.PATHS
BODY_TIME = 30.0  # seconds for a whole request body: one that trickles in holds nothing longer (catalogue W05)
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        b"form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
]
SECURITY = {name.decode(): value.decode() for name, value in HEADERS}


class Guard:
    def __init__(self, app: ASGIApp, *, open_loopback: bool, tokens: Mapping[str, bytes], limit: int) -> None:
        self.app = app
        self._open = open_loopback
        self._tokens = tokens
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = _headers(scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await problem(*refusal, headers=SECURITY)(scope, receive, send)
            return
        await self._limited(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Mapping[str, list[str]]) -> tuple[int, str] | None:
        hosts = headers.get("host", [])
        if len(hosts) > 1 or (self._open and hosts and _host_name(hosts[0]) not in LOOPBACK):
            return 403, "this server answers to loopback names only"
        origins = headers.get("origin", [])
        if origins and (len(origins) > 1 or not _same_origin(origins[0], hosts[0] if hosts else "")):
            return 403, "requests from another origin are refused"
        actor = self._actor(scope["path"], headers)
        if actor is None:
            return 401, "a valid token is needed: Authorization: Bearer …"
        scope["windlass.actor"] = actor
        if b"\0" in scope["query_string"] or b"%00" in scope["query_string"]:
            return 400, "the query holds a NUL character"
        return self._body_refusal(headers)

    def _body_refusal(self, headers: Mapping[str, list[str]]) -> tuple[int, str] | None:
        for length in headers.get("content-length", []):
            if not (length.isascii() and length.isdigit()):
                return 400, "Content-Length is no number"
            if len(length) > 18 or int(length) > self._limit:
                return 413, f"the body is larger than {self._limit} bytes"
        if any(encoding.strip().lower() not in ("", "identity") for encoding in headers.get("content-encoding", [])):
            return 415, "compressed bodies are not taken"
        return None

    def _actor(self, path: str, headers: Mapping[str, list[str]]) -> dict[str, Any] | None:
        if path.startswith("/hooks/"):
            return {"kind": "webhook", "name": "webhook"}  # the hook's own verification decides
        sent = headers.get("authorization", [])
        if sent:
            return self._token(sent)
        if self._open:
            return {"kind": "user", "name": "local"}
        return {"kind": "probe", "name": "probe"} if path in OPEN_PATHS else None

    def _token(self, sent: list[str]) -> dict[str, Any] | None:
        scheme, _, key = sent[0].partition(" ")
        if len(sent) > 1 or scheme.lower() != "bearer":
            return None
        digest = hashlib.sha256(key.strip().encode()).digest()
        for name, known in self._tokens.items():
            if hmac.compare_digest(digest, known):
                return {"kind": "token", "name": name}
        return None

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        read = 0
        whole = scope["type"] == "websocket"  # its messages are no body
        until = asyncio.get_running_loop().time() + BODY_TIME

        async def counted() -> Message:
            """Refused is raised where a route reads its body, so it is answered like any other refusal."""
            nonlocal read, whole
            if whole:
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise Refused(408, "the body did not arrive in time", {"Connection": "close"}) from None
            whole = not message.get("more_body", False)
            read += len(message.get("body", b""))
            if read > self._limit:
                raise Refused(413, f"the body is larger than {self._limit} bytes", {"Connection": "close"})
            return message

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(h for h in HEADERS if h[0] not in present)]
            await send(message)

        await self.app(scope, counted, with_headers)


def _headers(scope: Scope) -> dict[str, list[str]]:
    result: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        result.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return result


def _host_name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _same_origin(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc.lower() == host.lower() and origin != "null"
    except ValueError:
        return False
