"""A command inside of a container that runs: words and bytes in, bytes and an exit code out.

By WebSocket (`v5.channel.k8s.io`): each message begins with the number of its stream. Needs Kubernetes 1.30.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from windlass.kube.errors import Unreachable
from windlass.kube.resources import PODS

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence

    from windlass.kube.client import Client

PROTOCOL = "v5.channel.k8s.io"
PIECE = 32768
STILL = 120.0  # seconds without a byte in either direction
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
    sink: Callable[[bytes], object] | None = None,
) -> Done:
    """Reads at most `most` bytes of stdout; what is beyond is Unreachable. With a `sink` there is no limit: it is given
    what comes, and `Done.stdout` is empty. Raises ApiError when there is no such container that runs, and Unreachable;
    also when nothing moves any more."""
    query = [("container", container), ("stdout", "true"), ("stderr", "true")]
    query += [("stdin", "true")] if stdin is not None else []
    query += [("command", word) for word in command]
    out, err, ended = bytearray(), bytearray(), b""
    async with client.websocket(PODS.path(namespace, pod, "exec"), query, PROTOCOL) as socket:
        moves = _Moves()
        sending = asyncio.create_task(_send(socket, stdin, moves)) if stdin is not None else None
        try:
            while (message := await _next(socket, moves)) is not None:
                stream, data = message[0], message[1:]
                if stream == _STDOUT:
                    out += data if sink is None else b""
                    if sink is not None:
                        sink(data)
                elif stream == _STDERR:
                    err += data[: max(0, 65536 - len(err))]
                elif stream == _ERROR:
                    ended = data
                if len(out) > most:
                    raise Unreachable(f"{command[0]} in {pod} wrote more than {most} bytes")
        finally:
            await _ended(sending)
    return Done(_exit_code(ended), bytes(out), bytes(err))


class _Moves:
    """Whether anything does."""

    def __init__(self) -> None:
        self.at = time.monotonic()

    def note(self) -> None:
        self.at = time.monotonic()


async def _next(socket: aiohttp.ClientWebSocketResponse, moves: _Moves) -> bytes | None:
    """None: the connection is closed. Raises Unreachable when nothing has moved for too long, in both directions."""
    while True:
        try:
            async with asyncio.timeout(max(0.1, moves.at + STILL - time.monotonic())):
                message = await socket.receive()
        except TimeoutError as error:
            if time.monotonic() - moves.at < STILL:
                continue
            raise Unreachable(f"nothing came from the container for {STILL:g} s") from error
        moves.note()
        if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED):
            return None
        if message.type is aiohttp.WSMsgType.ERROR:
            raise Unreachable("the connection to the container broke")
        if message.type is aiohttp.WSMsgType.BINARY and message.data:
            return bytes(message.data)


async def _send(socket: aiohttp.ClientWebSocketResponse, stdin: bytes | AsyncIterable[bytes], moves: _Moves) -> None:
    async for chunk in _chunks(stdin):
        for at in range(0, len(chunk), PIECE):
            await socket.send_bytes(bytes([_STDIN]) + chunk[at : at + PIECE])
            moves.note()
    await socket.send_bytes(bytes([_CLOSE, _STDIN]))


async def _chunks(stdin: bytes | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    if isinstance(stdin, bytes):
        yield stdin
        return
    async for chunk in stdin:
        yield chunk


async def _ended(sending: asyncio.Task[None] | None) -> None:
    """A program that has ended reads no more; that it could not be told the rest is no error of its own."""
    if sending is None:
        return
    sending.cancel()
    with contextlib.suppress(asyncio.CancelledError, aiohttp.ClientError, OSError):
        await sending


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
