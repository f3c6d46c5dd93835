"""`windlass runs`: the newest runs of a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.cli.client import Client
from windlass.cli.table import show

if TYPE_CHECKING:
    import argparse

COLUMNS = {
    "RUN": lambda run: run["id"],
    "REPOSITORY": lambda run: run["repository"],
    "WORKFLOW": lambda run: run["workflow"],
    "STATUS": lambda run: run["status"],
    "CAUSE": lambda run: run["message"] if run["status"] == "waiting" else run["cause"],
    "TRIGGER": lambda run: run["trigger"]["kind"],
    "CREATED": lambda run: run["createdAt"],
    "TITLE": lambda run: run["title"],
}


def command(arguments: argparse.Namespace) -> int:
    wanted = {name: getattr(arguments, name) for name in ("repository", "workflow", "status", "limit")}
    answer = Client.of(arguments).get("/runs", {name: value for name, value in wanted.items() if value is not None})
    show(answer, answer["items"], COLUMNS, arguments.output)
    return 0
