"""`windlass cancel RUN`: ask for the end of a run; `finally` still runs, a second time cuts it short."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from windlass.cli.client import Client

if TYPE_CHECKING:
    import argparse


def command(arguments: argparse.Namespace) -> int:
    run = Client.of(arguments).post(f"/runs/{quote(arguments.run, safe='')}/cancel")
    print(f"{run['id']} {run['status']}")
    return 0
