"""Where the engine is: DOCKER_HOST and its companions, as the `docker` command reads them.

In: an environment. Out: an Address, which makes HTTP connections to the engine. Nothing is opened before the first one.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from windlass.errors import UsageError
from windlass.executors.containers.engine_socket import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.settings import RunnerSettings

HINT = "unix:///PATH or tcp://HOST:PORT; for an engine behind SSH, forward its socket with `ssh -L`"


def environment_of(runner: RunnerSettings) -> Mapping[str, str]:
    """Where a runner's engine is: what the server file says, else this program's own environment."""
    if runner.host is None:
        return os.environ
    found = {"DOCKER_HOST": runner.host, "HOME": os.environ.get("HOME", "/")}
    if runner.certificates is not None:
        found |= {"DOCKER_CERT_PATH": str(runner.certificates), "DOCKER_TLS_VERIFY": "1"}
    return found


@dataclass(frozen=True, slots=True)
class Address:
    """`path` of a socket, or `host` and `port`; `certificates` is a folder with ca.pem, cert.pem and key.pem."""

    shown: str
    path: str | None = None
    host: str = "localhost"
    port: int = 0
    certificates: Path | None = None

    def connect(self, timeout: float | None) -> http.client.HTTPConnection:
        """`timeout` in seconds, for each step of an exchange. Nothing is sent yet."""
        if self.path is not None:
            return _SocketConnection(self.path, timeout)
        if self.certificates is None:
            return http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        return http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=_context(self.certificates))


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float | None) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def read_address(environment: Mapping[str, str]) -> Address:
    """Raises UsageError."""
    written = environment.get("DOCKER_HOST") or DEFAULT
    scheme, _, rest = written.partition("://")
    if scheme == "unix" and rest.startswith("/"):
        return Address(written, path=rest)
    try:
        parts = urlsplit(written)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if scheme not in ("tcp", "http", "https") or not host:
        raise UsageError(f"DOCKER_HOST {written!r} is no address that can be used", HINT)
    secure = bool(environment.get("DOCKER_TLS_VERIFY")) or scheme == "https"
    folder = Path(environment.get("DOCKER_CERT_PATH") or Path(environment.get("HOME", "/")) / ".docker")
    return Address(written, host=host, port=port or (2376 if secure else 2375), certificates=folder if secure else None)


def _context(folder: Path) -> ssl.SSLContext:
    """Raises OSError when a file is missing or is no certificate."""
    authority, certificate = folder / "ca.pem", folder / "cert.pem"
    context = ssl.create_default_context(cafile=str(authority) if authority.exists() else None)
    if certificate.exists():
        context.load_cert_chain(certificate, folder / "key.pem")
    return context
