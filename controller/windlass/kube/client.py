"""Requests to one API server: raw JSON, kept connections, errors as classes.

In: a Resource, names, objects as mappings. Out: objects as mappings, or in a msgspec shape that names only the fields
that are used. Everything runs in one event loop; `thread.py` gives threads a way in.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import aiohttp
import msgspec

from windlass.kube.access import load
from windlass.kube.connections import hang_up, kept, unhurried, used_once
from windlass.kube.errors import AccessError, NotSent, Throttled, Unauthorized, Unreachable, api_error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from windlass.kube.access import Access, Place
    from windlass.kube.resources import Resource

    Object = dict[str, Any]
    Kind = Literal["call", "reading", "following", "stream"]

T = TypeVar("T")

MANAGER = "windlass"
TIMEOUT = 30.0  # seconds for an answer
CONNECT = 10.0  # seconds for a connection
KEPT = 32  # connections at once for requests; streams have their own
READING = 16  # and for answers that may be long, which keep nobody waiting who only asks
PAGE = 500
LARGEST_ERROR = 65536  # bytes read of an answer that is an error
THROTTLED = 5  # times that a request is sent again because the server asked to wait
_PATCHES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "apply": "application/apply-patch+yaml",
}
_JSON = {"Accept": "application/json"}


class Client:
    """Every request raises ApiError's classes, Unreachable and AccessError. One per event loop and cluster."""

    def __init__(self, place: Place, *, timeout: float = TIMEOUT, agent: str = "windlass") -> None:
        """Nothing is read or opened before the first request."""
        self._place = place
        self._timeout = timeout
        self._agent = agent
        self._access: Access | None = None
        self._calls: aiohttp.ClientSession | None = None
        self._streams: aiohttp.ClientSession | None = None
        self._readings: aiohttp.ClientSession | None = None
        self._followings: aiohttp.ClientSession | None = None
        self._opening = asyncio.Lock()

    async def access(self) -> Access:
        """The configuration, read when it is first needed."""
        async with self._opening:
            if self._access is None:
                self._access = await asyncio.to_thread(_load, self._place)
            return self._access

    async def close(self) -> None:
        for session in (self._calls, self._streams, self._readings, self._followings):
            if session is not None:
                await session.close()
        self._calls = self._streams = self._readings = self._followings = None

    # ---- objects

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> Object:
        """A live read: the answer comes from the storage, not from a cache."""
        return _object(await self.request("GET", resource.path(namespace, name)))

    async def create(self, resource: Resource, body: Mapping[str, Any], namespace: str | None = None) -> Object:
        """Not sent again by itself: after Unreachable, whether it exists is for a `get` to tell."""
        path = resource.path(namespace)
        return _object(await self.request("POST", path, body, query={"fieldManager": MANAGER}))

    async def replace(
        self,
        resource: Resource,
        body: Mapping[str, Any],
        namespace: str | None = None,
        subresource: Literal["status"] | None = None,
    ) -> Object:
        """With `metadata.resourceVersion` in it, Conflict when somebody was faster."""
        path = resource.path(namespace, body["metadata"]["name"], subresource)
        return _object(await self.request("PUT", path, body, query={"fieldManager": MANAGER}))

    async def patch(
        self,
        resource: Resource,
        name: str,
        body: Any,
        namespace: str | None = None,
        *,
        kind: Literal["merge", "json", "apply"] = "merge",
        subresource: str | None = None,
        force: bool = False,
        manager: str = MANAGER,
    ) -> Object:
        """`apply` is server-side apply; `force` takes fields from other managers. A `json` patch is a list."""
        query = {"fieldManager": manager, **({"force": "true"} if force and kind == "apply" else {})}
        path = resource.path(namespace, name, subresource)
        return _object(await self.request("PATCH", path, body, query=query, content_type=_PATCHES[kind]))

    async def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        grace: int | None = None,
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
    ) -> None:
        """NotFound when it is gone; Conflict when the object of that name has another `uid`. `grace` in seconds."""
        options: dict[str, Any] = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        await self.request("DELETE", resource.path(namespace, name), options)

    async def delete_all(self, resource: Resource, namespace: str, *, labels: str) -> None:
        """Each object with these labels, and what belongs to it, in one request."""
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        await self.request("DELETE", resource.path(namespace), options, query={"labelSelector": labels})

    async def list(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        labels: str | None = None,
        fields: str | None = None,
        limit: int = PAGE,
    ) -> AsyncIterator[Object]:
        """Objects one by one, read in pages. Raises Expired when the list changed too much between two pages."""
        async for page in self.pages(resource, namespace, labels=labels, fields=fields, limit=limit):
            for item in page.items:
                found = _object(bytes(item))
                found.setdefault("apiVersion", resource.api_version)
                found.setdefault("kind", resource.kind)
                yield found

    async def pages(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        labels: str | None = None,
        fields: str | None = None,
        limit: int = PAGE,
    ) -> AsyncIterator[Page]:
        """As `list`, undecoded. `limit` 0: in one piece."""
        query = _selectors(labels, fields)
        if limit:
            query["limit"] = str(limit)
        while True:
            page = decode(await self.request("GET", resource.path(namespace), query=query), Page)
            yield page
            if not page.metadata.continue_:
                return
            query["continue"] = page.metadata.continue_

    # ---- below

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> bytes:
        """One answer. Told to wait (429), it waits and asks again; credentials that are refused are read anew once."""
        data = msgspec.json.encode(body) if body is not None else None
        headers = {**_JSON, **({"Content-Type": content_type} if data is not None else {})}
        throttled = renewed = 0
        while True:
            used = self._access
            try:
                async with self._exchange(method, path, data, headers, query) as answer:
                    return await answer.read()
            except Throttled as error:
                throttled += 1
                if error.retry_after is None or throttled > THROTTLED:
                    raise
                await asyncio.sleep(min(error.retry_after, self._timeout))
            except Unauthorized:
                renewed += 1
                if renewed > 1:
                    raise
                await self._renew(used)

    @contextlib.asynccontextmanager
    async def stream(
        self,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        accept: str = "application/json",
        patience: float | None = None,
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """An answer that goes on, on a connection of its own, which ends with the block. `patience`: seconds until it
        begins; None for a kubelet, which begins with the first byte of a log. Nothing else bounds its time: whoever
        reads, does. What breaks while it is read is Unreachable."""
        headers = {"Accept": accept}
        async with self._exchange("GET", path, None, headers, query, kind="stream", patience=patience) as answer:
            yield answer.content

    @contextlib.asynccontextmanager
    async def following(
        self, path: str, *, query: Mapping[str, str] | None = None, accept: str = "application/json"
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """An answer that goes on for as long as it likes, as one of hundreds. When it ends by itself, its connection
        serves the next. What breaks while it is read is Unreachable; silence is not."""
        async with self._exchange("GET", path, None, {"Accept": accept}, query, kind="following") as answer:
            yield answer.content

    @contextlib.asynccontextmanager
    async def reading(
        self, path: str, *, query: Mapping[str, str] | None = None, accept: str = "application/json"
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """An answer of any length that ends by itself, on a connection that is kept; what breaks while it is read, or
        stands still for as long as an answer may take, is Unreachable."""
        async with self._exchange("GET", path, None, {"Accept": accept}, query, kind="reading") as answer:
            yield answer.content

    @contextlib.asynccontextmanager
    async def websocket(
        self, path: str, query: Sequence[tuple[str, str]], protocol: str
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A connection of its own, in both directions; what breaks within the block is Unreachable."""
        access = await self.access()
        credentials = access.authorization() if access.fresh else await asyncio.to_thread(access.authorization)
        try:
            async with self._session("stream").ws_connect(
                access.server + path,
                params=query,
                protocols=(protocol,),
                headers={**credentials, "User-Agent": self._agent},
                ssl=access.ssl if access.ssl is not None else True,
                server_hostname=access.server_name,
                proxy=access.proxy,
                max_msg_size=0,
            ) as socket:
                yield socket
        except aiohttp.WSServerHandshakeError as error:
            raise api_error(error.status, b"") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"{access.server} does not answer: {_text(error)}") from error

    @contextlib.asynccontextmanager
    async def _exchange(
        self,
        method: str,
        path: str,
        data: bytes | None,
        headers: Mapping[str, str],
        query: Mapping[str, str] | None,
        *,
        kind: Kind = "call",
        patience: float | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        access = await self.access()
        session = self._session(kind)
        try:
            credentials = access.authorization() if access.fresh else await asyncio.to_thread(access.authorization)
            total = self._timeout if kind == "call" else None
            silence = self._timeout if kind == "reading" else None
            asked = session.request(
                method,
                access.server + path,
                params=query,
                data=data,
                headers={**headers, **credentials, "User-Agent": self._agent},
                ssl=access.ssl if access.ssl is not None else True,
                server_hostname=access.server_name,
                proxy=access.proxy,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=total, sock_connect=CONNECT, sock_read=silence),
            )
            async with asyncio.timeout(patience):  # (wait_for may lose a cancellation)
                begun = await asked
            async with begun as answer:
                if answer.status >= 300:
                    text = await answer.content.read(LARGEST_ERROR)
                    raise api_error(answer.status, text, answer.headers.get("Retry-After"))
                try:
                    yield answer
                finally:
                    if kind == "stream" or not answer.content.at_eof():
                        hang_up(answer)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent(f"{access.server} does not answer: {_text(error)}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"{access.server} does not answer: {_text(error)}") from error

    def _session(self, kind: Kind) -> aiohttp.ClientSession:
        """Requests share connections; a stream has its own, so that a dead one is never met again."""
        if kind == "stream":
            if self._streams is None:
                self._streams = used_once()
            return self._streams
        if kind == "following":
            if self._followings is None:
                self._followings = unhurried()
            return self._followings
        if kind == "reading":
            if self._readings is None:
                self._readings = kept(READING)
            return self._readings
        if self._calls is None:
            self._calls = kept(KEPT)
        return self._calls

    async def _renew(self, used: Access | None) -> None:
        """Client certificates and tokens that were replaced: read everything anew, unless somebody just has."""
        async with self._opening:
            if self._access is used:
                self._access = await asyncio.to_thread(_load, self._place)


class _ListMeta(msgspec.Struct):
    resource_version: str = msgspec.field(name="resourceVersion", default="")
    continue_: str = msgspec.field(name="continue", default="")


class Page(msgspec.Struct):
    """A page of a list, its items undecoded."""

    metadata: _ListMeta
    items: list[msgspec.Raw] = []


def decode(data: bytes | msgspec.Raw, shape: type[T]) -> T:
    """Raises Unreachable when it is not what an API server sends: whoever answered is none."""
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreachable(f"what came is no answer of an API server: {error}") from error


def _object(data: bytes) -> Object:
    return decode(data, dict[str, Any])


def _load(place: Place) -> Access:
    try:
        return load(place)
    except (OSError, ssl.SSLError) as error:
        raise AccessError(f"a file of the cluster's configuration cannot be used: {error}") from error


def _selectors(labels: str | None, fields: str | None) -> dict[str, str]:
    found = {"labelSelector": labels, "fieldSelector": fields}
    return {name: value for name, value in found.items() if value}


def _text(error: BaseException) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):  # its own text shows our TLS settings as an object
        return f"{error.host}:{error.port}: {error.os_error}"
    return str(error) or {"TimeoutError": "it took too long"}.get(type(error).__name__, type(error).__name__)
