"""The log of a container, as the kubelet has it.

In: a pod, a container, and from when. Out: bytes as they come. Where a reader left off, and what a line's time means,
is the caller's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.kube.resources import PODS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from windlass.kube.client import Client

CHUNK = 65536


async def pod_log(
    client: Client,
    namespace: str,
    pod: str,
    container: str,
    *,
    follow: bool = False,
    since: str | None = None,
    timestamps: bool = False,
    limit: int | None = None,
    tail: int | None = None,
    previous: bool = False,
) -> AsyncIterator[bytes]:
    """`since` RFC 3339, whole seconds count; `limit` in bytes; `tail` in lines. With `timestamps` each line begins with
    its time in nanoseconds and a space. Raises BadRequest while the container waits, NotFound when the pod is gone."""
    query = {
        "container": container,
        **({"follow": "true"} if follow else {}),
        **({"sinceTime": since} if since else {}),
        **({"timestamps": "true"} if timestamps else {}),
        **({"limitBytes": str(limit)} if limit is not None else {}),
        **({"tailLines": str(tail)} if tail is not None else {}),
        **({"previous": "true"} if previous else {}),
    }
    ask = client.following if follow else client.reading
    async with ask(PODS.path(namespace, pod, "log"), query=query, accept="*/*") as content:
        while chunk := await content.read(CHUNK):
            yield chunk
