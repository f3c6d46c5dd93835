"""`windlass trigger NAME`: send a custom event; every workflow of the server that waits for it starts a run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from windlass.cli.client import Client
from windlass.errors import InputError, UsageError

if TYPE_CHECKING:
    import argparse


def command(arguments: argparse.Namespace) -> int:
    payload = {} if arguments.payload is None else _payload(arguments.payload)
    try:
        told = Client.of(arguments).post(f"/events/{quote(arguments.name, safe='')}", {"payload": payload})
    except InputError as error:
        raise UsageError("; ".join(problem.message for problem in error.problems)) from error
    for run in told["runs"]:
        print(f"{run['id']} {run['repository']}/{run['workflow']}")
    if not told["runs"]:
        sys.stderr.write(f"nothing was started: {told['reason']}\n")
    return 0


def _payload(text: str) -> Any:
    """JSON, or `@FILE` that holds it. Raises UsageError."""
    place = "--payload"
    if text.startswith("@"):
        place = text[1:]
        try:
            text = Path(place).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--payload: {place} cannot be read: {error}") from error
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{place} is not JSON: {error}", "write text in quotes: --payload '\"text\"'") from error


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no value of JSON")
