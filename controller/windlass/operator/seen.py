"""The objects as they were seen last: by a list, by the watch, or in the answer to a write of ours.

In: objects, from any thread and in any order. Out: the newest of each. A watch that is behind our own write changes
nothing. This is a cache: before anything is ended because an object is absent, the API server is asked (R10).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from windlass.operator.kinds import uid_of, version_of
from windlass.operator.workqueue import Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from windlass.operator.kinds import Object

LEFT_OUT = ("managedFields",)


class Seen:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._objects: dict[Key, Object] = {}
        self._by_kind: dict[str, set[Key]] = {}

    def put(self, kind: str, found: Mapping[str, Any]) -> Key:
        """It exists."""
        kept = {**found, "metadata": {k: v for k, v in found["metadata"].items() if k not in LEFT_OUT}}
        key = key_of(kind, found)
        with self._lock:
            old = self._objects.get(key)
            if old is None or uid_of(old) != uid_of(kept) or version_of(kept) >= version_of(old):
                self._objects[key] = kept
                self._by_kind.setdefault(kind, set()).add(key)
        return key

    def drop(self, key: Key, uid: str | None = None) -> None:
        """It is gone; not, when another one of that name has come already."""
        with self._lock:
            old = self._objects.get(key)
            if old is not None and (uid is None or uid_of(old) == uid):
                del self._objects[key]
                self._by_kind[key.kind].discard(key)

    def get(self, key: Key) -> Object | None:
        with self._lock:
            return self._objects.get(key)

    def keys(self, kind: str) -> list[Key]:
        with self._lock:
            return list(self._by_kind.get(kind, ()))

    def replace(self, kind: str, objects: Iterable[Mapping[str, Any]]) -> set[Key]:
        """A list is complete. Returns every key that was there before or is now."""
        fresh = {self.put(kind, found) for found in objects}
        before = set(self.keys(kind))
        for key in before - fresh:
            self.drop(key)
        return before | fresh


def key_of(kind: str, found: Mapping[str, Any]) -> Key:
    meta = found["metadata"]
    return Key(kind, str(meta.get("namespace", "")), str(meta["name"]))
