"""What the operator asks of the API server, for threads: reads, writes at a bounded pace, Events.

In: kinds, keys, objects. Out: objects, or the errors of `kube.errors`; what is not there is None. Every request that
the operator makes is made here, or by the watch.
"""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from windlass import log
from windlass.kube.client import Client
from windlass.kube.errors import AlreadyExists, Forbidden, KubeError, NotFound
from windlass.kube.resources import EVENTS, NAMESPACES, SECRETS
from windlass.kube.thread import LoopThread
from windlass.operator.conditions import seconds
from windlass.operator.kinds import RESOURCES, uid_of

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from windlass.clock import Clock
    from windlass.kube.access import Place
    from windlass.operator.kinds import Object
    from windlass.operator.workqueue import Key

T = TypeVar("T")

COMPONENT = "windlass"
RATE = 50.0  # writes a second, all objects together
BURST = 100.0
LONGEST_MESSAGE = 1000  # characters of an Event: the API server refuses more than 1 KiB
PATIENCE = 60.0  # seconds for any answer, retries included


class Pace:
    """A bucket of tokens: `take` waits until one is there."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._tokens, self._at = burst, time.monotonic()
        self._lock = threading.Lock()

    def take(self) -> None:
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate) - 1
            self._at = now
            missing = -self._tokens / self._rate
        if missing > 0:
            time.sleep(missing)


class Cluster:
    """`namespaces` empty: all of them."""

    def __init__(self, place: Place, namespaces: Sequence[str], clock: Clock) -> None:
        self.place = place
        self.namespaces = tuple(namespaces)
        self._clock = clock
        self._loop = LoopThread("windlass-operator")
        self._client = Client(place, agent="windlass-operator")
        self._pace = Pace(RATE, BURST)
        self._instance = socket.gethostname()

    def close(self) -> None:
        self._call(self._client.close())
        self._loop.close()

    # ---- reads

    def all(self, kind: str) -> list[Object]:
        """Of all namespaces that are looked after."""
        return self._call(self._listed(kind))

    async def _listed(self, kind: str) -> list[Object]:
        places: Sequence[str | None] = self.namespaces or (None,)
        return [one for place in places async for one in self._client.list(RESOURCES[kind], place)]

    def get(self, key: Key) -> Object | None:
        """A live read: only this proves that an object is gone."""
        return self._found(self._client.get(RESOURCES[key.kind], key.name, key.namespace))

    def secret(self, namespace: str, name: str) -> Object | None:
        return self._found(self._client.get(SECRETS, name, namespace))

    def is_leaving(self, namespace: str) -> bool:
        """Whether a namespace is being deleted, or is gone; who may not know is told no."""
        try:
            found = self._found(self._client.get(NAMESPACES, namespace))
        except Forbidden:
            return False
        return found is None or bool(found["metadata"].get("deletionTimestamp"))

    # ---- writes

    def create(self, kind: str, namespace: str, body: Mapping[str, Any]) -> Object:
        """Raises AlreadyExists; NotFound or Forbidden in a namespace that is leaving."""
        self._pace.take()
        return self._call(self._client.create(RESOURCES[kind], body, namespace))

    def patch(self, key: Key, uid: str, body: Mapping[str, Any], subresource: Literal["status"] | None) -> Object:
        """A merge patch of exactly that object. Raises NotFound, Conflict when another one has its name."""
        self._pace.take()
        whole = {"metadata": {"uid": uid}, **body}
        resource = RESOURCES[key.kind]
        return self._call(self._client.patch(resource, key.name, whole, key.namespace, subresource=subresource))

    def delete(self, key: Key, uid: str) -> None:
        """What is gone already is fine."""
        self._pace.take()
        try:
            self._call(self._client.delete(RESOURCES[key.kind], key.name, key.namespace, uid=uid))
        except NotFound:
            return

    def tell(self, about: Mapping[str, Any], reason: str, message: str, *, warning: bool = False) -> None:
        """An Event. The same one again counts up; one that cannot be written stops nothing."""
        try:
            self._tell(about, reason, message, "Warning" if warning else "Normal")
        except KubeError as error:
            log.event("kubernetes.event-failed", level="warning", reason=reason, error=str(error))

    def _tell(self, about: Mapping[str, Any], reason: str, message: str, kind: str) -> None:
        meta = about["metadata"]
        text = message if len(message) <= LONGEST_MESSAGE else message[: LONGEST_MESSAGE - 1] + "…"
        digest = hashlib.sha256(f"{uid_of(about)}\0{reason}\0{text}".encode()).hexdigest()[:16]
        name, namespace, now = f"{meta['name'][:200]}.{digest}", meta["namespace"], seconds(self._clock.now())
        self._pace.take()
        try:
            body = _event(about, name, reason, text, kind, now, self._instance)
            self._call(self._client.create(EVENTS, body, namespace))
        except AlreadyExists:
            known = self._call(self._client.get(EVENTS, name, namespace))
            count = {"count": int(known.get("count") or 1) + 1, "lastTimestamp": now}
            self._call(self._client.patch(EVENTS, name, count, namespace))

    # ---- below

    def _found(self, work: Coroutine[Any, Any, Object]) -> Object | None:
        try:
            return self._call(work)
        except NotFound:
            return None

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.call(work, PATIENCE)


def _event(
    about: Mapping[str, Any], name: str, reason: str, text: str, kind: str, now: str, instance: str
) -> dict[str, Any]:
    meta = about["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": meta["namespace"]},
        "involvedObject": {
            "apiVersion": about["apiVersion"],
            "kind": about["kind"],
            "name": meta["name"],
            "namespace": meta["namespace"],
            "uid": meta["uid"],
            "resourceVersion": meta["resourceVersion"],
        },
        "reason": reason,
        "message": text,
        "type": kind,
        "count": 1,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "source": {"component": COMPONENT, "host": instance},
        "reportingComponent": COMPONENT,
        "reportingInstance": instance,
    }
