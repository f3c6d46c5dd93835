"""A command inside of a container that runs: words and bytes in, bytes and an exit code out.

By WebSocket (`v5.channel.k8s.io`): each message begins with the number of its stream. Needs Kubernetes 1.30.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from windlass.kube.errors import Unreachable
from windlass.kube.resources import PODS

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Sequence

    from windlass.kube.client import Client

PROTOCOL = "v5.channel.k8s.io"
PIECE = 32768
_STDIN, _STDOUT, _STDERR, _ERROR, _CLOSE = 0, 1, 2, 3, 255


@dataclass(frozen=True, slots=True)
class Done:
    exit_code: int
    stdout: bytes
    stderr: bytes


async def run_in(
    client: Client,
    namespace: str,
    pod: str,
    container: str,
    command: Sequence[str],
    stdin: bytes | AsyncIterable[bytes] | None = None,
    *,
    most: int = 8 * 1024 * 1024,
) -> Done:
    """Reads at most `most` bytes of stdout; what is beyond is Unreachable. Raises ApiError when there is no such
    container that runs, and Unreachable."""
    query = [("container", container), ("stdout", "true"), ("stderr", "true")]
    query += [("stdin", "true")] if stdin is not None else []
    query += [("command", word) for word in command]
    out, err, ended = bytearray(), bytearray(), b""
    async with client.websocket(PODS.path(namespace, pod, "exec"), query, PROTOCOL) as socket:
        if stdin is not None:
            await _send(socket, stdin)
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.BINARY or not message.data:
                continue
            stream, data = message.data[0], message.data[1:]
            if stream == _STDOUT:
                out += data
            elif stream == _STDERR:
                err += data[: max(0, 65536 - len(err))]
            elif stream == _ERROR:
                ended = data
            if len(out) > most:
                raise Unreachable(f"{command[0]} in {pod} wrote more than {most} bytes")
    return Done(_exit_code(ended), bytes(out), bytes(err))


async def _send(socket: aiohttp.ClientWebSocketResponse, stdin: bytes | AsyncIterable[bytes]) -> None:
    if isinstance(stdin, bytes):
        for at in range(0, len(stdin), PIECE):
            await socket.send_bytes(bytes([_STDIN]) + stdin[at : at + PIECE])
    else:
        async for chunk in stdin:
            for at in range(0, len(chunk), PIECE):
                await socket.send_bytes(bytes([_STDIN]) + chunk[at : at + PIECE])
    await socket.send_bytes(bytes([_CLOSE, _STDIN]))


def _exit_code(ended: bytes) -> int:
    """Of a Status. Raises Unreachable when the connection broke before the end, or nothing was executed."""
    try:
        status = json.loads(ended)
    except ValueError as error:
        raise Unreachable("the connection to the container broke") from error
    if status.get("status") == "Success":
        return 0
    causes = (status.get("details") or {}).get("causes") or []
    code = next((cause.get("message") for cause in causes if cause.get("reason") == "ExitCode"), None)
    if code is None:
        raise Unreachable(str(status.get("message") or "the command could not be executed"))
    return int(code)
