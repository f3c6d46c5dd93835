"""Read a log socket to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocketDisconnect

if TYPE_CHECKING:
    from tests.web.site import Site


def lines_of(site: Site, run: str, cursor: str | None = None) -> list[dict[str, Any]]:
    """Every line behind a cursor; the server closes with 1000."""
    lines: list[dict[str, Any]] = []
    query = f"?cursor={cursor}" if cursor else ""
    with site.socket(f"{run}/logs{query}") as socket:
        while True:
            try:
                lines.append(socket.receive_json())
            except WebSocketDisconnect as closed:
                assert closed.code == 1000
                return lines
