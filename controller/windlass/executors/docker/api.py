"""The Docker engine's API, as far as it is needed: one request, one answer, or one stream of bytes.

In: an Address. Out: answers as JSON, streams, or one of two errors: the engine is away (EngineAway), or it says no
(Refused). Each exchange has a connection of its own, which an owner can cut from another thread.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from windlass.errors import UsageError, WindlassError
from windlass.executors.docker.address import read_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TIMEOUT = 60.0  # seconds for an answer that takes no work
LONG = 600.0  # seconds for one that copies files


class EngineAway(WindlassError):
    """Nobody answers, or the connection broke."""


class Refused(WindlassError):
    """The engine answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Cutter:
    """Ends the exchanges of one owner from another thread: whoever waits for an answer hears EngineAway."""

    def __init__(self) -> None:
        self._open: set[http.client.HTTPConnection] = set()
        self.cut_off = False

    def add(self, connection: http.client.HTTPConnection) -> None:
        self._open.add(connection)
        if self.cut_off:
            _cut(connection)

    def remove(self, connection: http.client.HTTPConnection) -> None:
        self._open.discard(connection)

    def cut(self) -> None:
        self.cut_off = True
        for connection in list(self._open):
            _cut(connection)


class Engine:
    """Every method raises EngineAway and Refused. May be used by many threads."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """`environment` says where it is (`address.py`); a wrong address is an engine that is away."""
        self.environment = environment

    def version(self) -> str:
        """For people: name and version of the engine."""
        found = self.json("GET", "/version", timeout=5.0)
        return f"{found.get('Platform', {}).get('Name') or 'Docker'} {found.get('Version', '?')}"

    def json(self, method: str, path: str, body: Any = None, *, timeout: float = TIMEOUT, **query: str) -> Any:
        """The answer; None when it is empty."""
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": "application/json"} if data is not None else {}
        with self.exchange(method, path, data, headers, timeout=timeout, query=query) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def put_archive(self, container: str, tar: IO[bytes], size: int, cutter: Cutter) -> None:
        """Unpack a tar at the root of a container."""
        headers = {"Content-Type": "application/x-tar", "Content-Length": str(size)}
        where = f"/containers/{container}/archive"
        with self.exchange("PUT", where, tar, headers, timeout=LONG, query={"path": "/"}, cutter=cutter) as answer:
            answer.read()

    @contextlib.contextmanager
    def exchange(
        self,
        method: str,
        path: str,
        body: bytes | IO[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float | None = TIMEOUT,
        query: Mapping[str, str] | None = None,
        cutter: Cutter | None = None,
    ) -> Iterator[http.client.HTTPResponse]:
        """The answer, to be read within the block; what breaks while it is read is EngineAway, too."""
        target = quote(path) + (f"?{urlencode(query)}" if query else "")
        connection: http.client.HTTPConnection | None = None
        try:
            connection = read_address(self.environment).connect(timeout)
            connection.connect()
            if connection.sock is not None:
                connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if cutter is not None:
                cutter.add(connection)
            answer = _answer(connection, method, target, body, headers or {})
            yield answer
        except UsageError as error:
            raise EngineAway(str(error)) from error
        except (OSError, http.client.HTTPException) as error:
            shown = read_address(self.environment).shown
            raise EngineAway(f"the engine at {shown} does not answer: {_text(error)}") from error
        finally:
            if connection is not None:
                if cutter is not None:
                    cutter.remove(connection)
                connection.close()


def _answer(
    connection: http.client.HTTPConnection, method: str, target: str, body: Any, headers: Mapping[str, str]
) -> http.client.HTTPResponse:
    """An engine that refuses early closes before it has read all: its answer still counts."""
    try:
        connection.request(method, target, body, dict(headers))
    except (BrokenPipeError, ConnectionResetError):
        if body is None:
            raise
        answer = connection.getresponse()
        raise Refused(answer.status, _message(answer)) from None
    answer = connection.getresponse()
    if answer.status >= 400:
        raise Refused(answer.status, _message(answer))
    return answer


def _message(answer: http.client.HTTPResponse) -> str:
    text = answer.read(65536).decode("utf-8", "replace").strip()
    with contextlib.suppress(ValueError, TypeError, KeyError):
        text = str(json.loads(text)["message"])
    return text or f"status {answer.status}"


def _text(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def _cut(connection: http.client.HTTPConnection) -> None:
    with contextlib.suppress(OSError):
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)
