"""What the services of an attempt wrote, for the end of its log.

In: a Pod that still exists. Out: the last lines of each, a heading before them; a line in the place of what cannot be
had (promise R22).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.executors.kubernetes.pods import ENGINE
from windlass.executors.kubernetes.services import services_of
from windlass.kube.errors import BadRequest, KubeError
from windlass.kube.logs import pod_log

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from windlass.executors.kubernetes.pods import ContainerStatus, Pod
    from windlass.kube.client import Client

LINES = 200  # of each, at its end
BYTES = 64 * 1024


async def last_lines(client: Client, namespace: str, pod: Pod) -> AsyncIterator[bytes]:
    """Nothing of one that wrote nothing."""
    begun = pod.state.running is not None or pod.state.terminated is not None
    for name, status in services_of(pod):
        if begun and name == ENGINE:  # it says much, and of interest only if it does not come up
            continue
        try:
            text = await _written(client, namespace, pod, status)
        except BadRequest:  # it was never started
            continue
        except KubeError as error:
            yield f"windlass: what the service {name} wrote is lost: {error}\n".encode()
            continue
        if text:
            yield f"windlass: the service {name} wrote:\n".encode()
            for line in text.splitlines():
                yield f"{name}: ".encode() + line + b"\n"


async def _written(client: Client, namespace: str, pod: Pod, status: ContainerStatus) -> bytes:
    """Of one that was begun again before the program: what its end was about."""
    begun = pod.state.running is not None or pod.state.terminated is not None
    again = not begun and status.restart_count > 0 and status.state.running is not None
    text = b""
    async for chunk in pod_log(client, namespace, pod.metadata.name, status.name, tail=LINES, previous=again):
        text = (text + chunk)[-BYTES:]
    return text
