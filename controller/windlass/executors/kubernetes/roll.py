"""Which Jobs there are, asked once for many attempts that are looked for at the same time.

In: the client and a namespace. Out: the Job of a name, in the shape in which a single read gives it, as far as it is
used here. One list answers for everybody who asks while it is under way; a name that is not in it is no proof, and its
attempt asks for itself.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from windlass.executors.kubernetes.naming import OURS
from windlass.kube.client import decode
from windlass.kube.errors import ApiError
from windlass.kube.resources import JOBS

if TYPE_CHECKING:
    from windlass.kube.client import Client

FEW = 20  # attempts that may as well ask one by one


class _Meta(msgspec.Struct):
    name: str = ""
    uid: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class _Spec(msgspec.Struct):
    completions: int | None = None


class _Job(msgspec.Struct):
    metadata: _Meta = msgspec.field(default_factory=_Meta)
    spec: _Spec = msgspec.field(default_factory=_Spec)


class Roll:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._calling: asyncio.Task[dict[str, _Job]] | None = None

    async def find(self, name: str, namespace: str, many: int) -> dict[str, Any] | None:
        """`many`: how many are looked for. None: ask for it by its name. Raises KubeError."""
        if self._calling is None:
            if many <= FEW:
                return None
            self._calling = asyncio.create_task(self._call(namespace))
        found = (await asyncio.shield(self._calling)).get(name)
        return msgspec.to_builtins(found) if found is not None else None

    async def _call(self, namespace: str) -> dict[str, _Job]:
        try:
            found: dict[str, _Job] = {}
            async for page in self._client.pages(JOBS, namespace, labels=OURS):
                for item in page.items:
                    job = decode(item, _Job)
                    found[job.metadata.name] = job
            return found
        except ApiError:  # refused, or too much has changed between two pages: each asks for itself
            return {}
        finally:
            self._calling = None
