"""Follows objects for as long as somebody listens: one list, then every change, whatever the connection does.

In: a resource and selectors. Out: Put, Gone, Synced and Broken, in order. Level-triggered: after each list Synced tells
what exists, so a deletion that was missed is found. A watch cannot go blind (promise R28): it resumes by resource
version on a new connection after an end or a silence of 70 s, lists anew after 410, after garbage, and every 5 minutes.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from windlass.kube.client import PAGE, decode
from windlass.kube.errors import ApiError, Expired, KubeError, Unauthorized, Unreachable, from_status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from windlass.kube.client import Client, Page
    from windlass.kube.resources import Resource

T = TypeVar("T")

SILENCE = 70.0  # seconds; an API server sends a bookmark about every minute
RELIST = 300.0  # seconds
GRACE = 10.0  # seconds for a server to end a watch when it was told to
LARGEST = 8 * 1024 * 1024  # bytes of one event; an object has at most 3 MiB
CHUNK = 256 * 1024
_PAUSES = (0.05, 0.2, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)  # seconds between attempts that fail


class Meta(msgspec.Struct):
    """What is read of every object."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = msgspec.field(name="resourceVersion", default="")


class _Headed(msgspec.Struct):
    metadata: Meta = msgspec.field(default_factory=Meta)


class _Line(msgspec.Struct):
    type: str
    object: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Put(Generic[T]):
    """It exists, as shown: created, changed, or found by a list."""

    meta: Meta
    object: T


@dataclass(frozen=True, slots=True)
class Gone(Generic[T]):
    """It was deleted; `object` as it was last."""

    meta: Meta
    object: T


@dataclass(frozen=True, slots=True)
class Synced:
    """A list is complete: these `uids` exist, and nothing else did at that moment."""

    uids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Broken:
    """The cluster does not answer, or refuses; it goes on trying by itself. `times` in a row."""

    error: KubeError
    times: int


Change = Put[T] | Gone[T] | Synced | Broken


class Watch(Generic[T]):
    """`async for change in watch:` never ends by itself. Holds the uids of a list while it is read, no objects."""

    def __init__(
        self,
        client: Client,
        resource: Resource,
        shape: type[T],
        namespace: str | None = None,
        *,
        labels: str | None = None,
        fields: str | None = None,
        silence: float = SILENCE,
        relist: float = RELIST,
    ) -> None:
        """`shape`: a msgspec Struct, or `dict[str, Any]`. What does not fit it is left out, with Broken."""
        self._client = client
        self._resource = resource
        self._shape = shape
        self._namespace = namespace
        self._labels = labels
        self._fields = fields
        self._silence = silence
        self._relist = relist
        self._version: str | None = None  # None: a list is due
        self._listed_at = 0.0
        self._seen = 0  # events of all watches
        self._failed = self._expired = 0  # times in a row

    def __aiter__(self) -> AsyncIterator[Change[T]]:
        return self._changes()

    async def _changes(self) -> AsyncIterator[Change[T]]:
        while True:
            try:
                if self._version is None or time.monotonic() - self._listed_at >= self._relist:
                    async for change in self._list():
                        yield change
                began, seen = time.monotonic(), self._seen
                async for change in self._follow():
                    yield change
                if self._seen == seen and time.monotonic() - began < 1.0:  # somebody ends every watch at once
                    raise Unreachable("the watch ended before it said anything")
            except Expired as error:
                self._version = None
                self._expired += 1
                if self._expired > 1:
                    await asyncio.sleep(self._pause(error, self._expired))
            except KubeError as error:
                self._failed += 1
                if isinstance(error, Unauthorized):
                    self._version = None  # a list renews the credentials
                yield Broken(error, self._failed)
                await asyncio.sleep(self._pause(error, self._failed))

    def _pause(self, error: KubeError, times: int) -> float:
        asked = error.retry_after if isinstance(error, ApiError) else None
        pause = asked or _PAUSES[min(times, len(_PAUSES)) - 1]
        return min(pause, _PAUSES[-1]) * random.uniform(0.8, 1.2)  # noqa: S311 - not all at the same moment

    async def _list(self) -> AsyncIterator[Change[T]]:
        uids: set[str] = set()
        version = ""
        async for page in self._pages(0 if self._expired > 2 else PAGE):  # in one piece it cannot expire
            version = page.metadata.resource_version
            for item in page.items:
                meta = decode(item, _Headed).metadata
                uids.add(meta.uid)
                for change in self._decoded(Put, meta, item):
                    yield change
        self._version, self._listed_at = version, time.monotonic()
        yield Synced(frozenset(uids))

    def _pages(self, limit: int) -> AsyncIterator[Page]:
        return self._client.pages(
            self._resource, self._namespace, labels=self._labels, fields=self._fields, limit=limit
        )

    async def _follow(self) -> AsyncIterator[Change[T]]:
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version or "",
            "timeoutSeconds": str(max(1, int(self._due - time.monotonic()))),
        }
        query.update({"labelSelector": self._labels} if self._labels else {})
        query.update({"fieldSelector": self._fields} if self._fields else {})
        async for line in self._lines(query):
            event = decode(line, _Line)
            if event.type == "ERROR":
                raise from_status(_mapping(event.object))
            meta = decode(event.object, _Headed).metadata
            if event.type in ("ADDED", "MODIFIED"):
                for change in self._decoded(Put, meta, event.object):
                    yield change
            elif event.type == "DELETED":
                for change in self._decoded(Gone, meta, event.object):
                    yield change
            if meta.resource_version:
                self._version = meta.resource_version
            self._seen += 1
            self._failed = self._expired = 0

    async def _lines(self, query: dict[str, str]) -> AsyncIterator[bytes]:
        """Until the server ends it, or is silent. Garbage and what is too long is Unreachable."""
        rest = b""
        path = self._resource.path(self._namespace)
        async with self._client.stream(path, query=query, patience=self._silence) as content:
            while time.monotonic() < self._due + GRACE:
                try:
                    async with asyncio.timeout(self._silence):
                        chunk = await content.read(CHUNK)
                except TimeoutError:
                    return  # resumed on a new connection, which shows whether anybody is there
                if not chunk:
                    return
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if line.strip():
                        yield line
                if len(rest) > LARGEST:
                    raise Unreachable("one event of a watch is larger than any object may be")

    @property
    def _due(self) -> float:
        """When the next list is, by the monotonic clock."""
        return self._listed_at + self._relist

    def _decoded(
        self, kind: type[Put[T]] | type[Gone[T]], meta: Meta, data: msgspec.Raw
    ) -> list[Put[T] | Gone[T] | Broken]:
        """One object that cannot be read does not stop the others (promise R29)."""
        try:
            return [kind(meta, decode(data, self._shape))]
        except Unreachable as error:
            text = f"{self._resource.kind} {meta.namespace}/{meta.name} cannot be read: {error}"
            return [Broken(Unreachable(text), 1)]


def _mapping(data: msgspec.Raw) -> dict[str, Any]:
    try:
        return decode(data, dict[str, Any])
    except Unreachable:
        return {}
