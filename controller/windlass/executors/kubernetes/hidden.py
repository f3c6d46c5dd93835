"""What must not show, and the mark of the driver of parts: from the Secret of an attempt."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING

from windlass.executors.kubernetes.spec import MARK, MASKS
from windlass.kube.errors import KubeError, NotFound
from windlass.kube.resources import SECRETS

if TYPE_CHECKING:
    from windlass.kube.client import Client

PAUSE = 2.0


async def hidden(client: Client, name: str, namespace: str) -> tuple[tuple[str, ...] | None, str | None]:
    """Asks until it is answered. None: somebody deleted it."""
    while True:
        try:
            found = await client.get(SECRETS, name, namespace)
            data = found.get("data") or {}
            masks = json.loads(base64.b64decode(data[MASKS])) if MASKS in data else ()
            mark = base64.b64decode(data[MARK]).decode() if MARK in data else None
            return tuple(masks), mark
        except NotFound:
            return None, None
        except KubeError:
            await asyncio.sleep(PAUSE)
