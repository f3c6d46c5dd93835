"""Whether a service answers: by the health that its image declares, and by the ports that the step names.

In: a running container. Out: what is still missing, or None. A port counts when something in the container listens on
it, which the container itself is asked: its network may be out of reach from here. An image without `cat` cannot
answer that; of such a one the port itself is tried.
"""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any

from windlass.executors.docker.api import Refused
from windlass.executors.docker.frames import payloads

if TYPE_CHECKING:
    from windlass.executors.docker.api import Engine

LISTENING = "0A"  # of /proc/net/tcp
TRY = 0.5  # seconds
_LOOPBACK = ("0100007F", "00000000000000000000000001000000")


class Readiness:
    def __init__(self, engine: Engine, container: str, ports: tuple[int, ...]) -> None:
        self._engine = engine
        self._container = container
        self._ports = ports
        self._has_cat = True

    def missing(self, found: dict[str, Any]) -> str | None:
        """`found`: the container as inspected. Raises EngineAway and Refused."""
        health = found["State"].get("Health") or {}
        if health.get("Status") not in (None, "none", "healthy"):
            last = (health.get("Log") or [{}])[-1].get("Output", "").strip()
            return f"it is {health['Status']}" + (f": {last[:500]}" if last else "")
        if not self._ports:
            return None
        silent = [port for port in self._ports if port not in self._answering(found)]
        return f"nothing listens on port {silent[0]}" if silent else None

    def _answering(self, found: dict[str, Any]) -> set[int]:
        if self._has_cat:
            text = self._told(["cat", "/proc/net/tcp", "/proc/net/tcp6"])
            if text:
                return listening(text)
            self._has_cat = False
        addresses = [one.get("IPAddress") for one in found["NetworkSettings"]["Networks"].values()]
        return {port for port in self._ports if any(_answers(address, port) for address in addresses if address)}

    def _told(self, command: list[str]) -> str:
        """What a command in the container prints; nothing when it cannot be run."""
        body = {"Cmd": command, "AttachStdout": True}
        with contextlib.suppress(Refused):
            made = self._engine.json("POST", f"/containers/{self._container}/exec", body)
            start = f"/exec/{made['Id']}/start"
            headers = {"Content-Type": "application/json"}
            with self._engine.exchange("POST", start, b'{"Detach":false}', headers) as answer:
                text = b"".join(payloads(answer)).decode("utf-8", "replace")
            return text if "local_address" in text else ""
        return ""


def listening(table: str) -> set[int]:
    """The ports of /proc/net/tcp on which others than the container itself are listened to."""
    ports = set()
    for line in table.splitlines():
        fields = line.split()
        if len(fields) > 3 and fields[3] == LISTENING:
            address, _, port = fields[1].rpartition(":")
            if address not in _LOOPBACK:
                ports.add(int(port, 16))
    return ports


def _answers(address: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((address, port), TRY):
        return True
    return False
