"""`windlass logs RUN [STEP]`: the log of a run, live or after its end.

Without STEP every line is `step │ line`; with STEP the bytes are printed as they are. `--follow` goes on
until the run ends.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from windlass.cli.client import Client
from windlass.cli.lines import LineSplitter, for_display, wants_colour
from windlass.errors import NotFoundError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

TERMINAL = ("succeeded", "failed", "errored", "cancelled", "skipped")
PAUSE = 0.2  # between looks at a log that has nothing new


def command(arguments: argparse.Namespace) -> int:
    client = Client.of(arguments)
    path = f"/runs/{quote(arguments.run, safe='')}"
    if arguments.step is not None:
        return _one_step(client, path, arguments)
    splitters: dict[tuple[str, int], tuple[LineSplitter, int]] = {}
    colour = wants_colour()
    while True:
        run = client.get(path)
        found = False
        for step, attempt in _attempts(run, arguments.attempt):
            lines, offset = splitters.get((step, attempt), (LineSplitter(), 0))
            if offset < 0:
                continue
            data, following, complete = client.log(_log(path, step), {"attempt": attempt, "offset": offset})
            found = found or bool(data)
            _print(step, [*lines.feed(data), *(lines.flush() if complete and not data else ())], colour)
            splitters[step, attempt] = (lines, -1 if complete and not data else following)
        if not found and (not arguments.follow or run["status"] in TERMINAL):
            return 0
        if not found:
            time.sleep(PAUSE)


def _one_step(client: Client, path: str, arguments: argparse.Namespace) -> int:
    if arguments.step not in client.get(path)["steps"]:
        raise NotFoundError(f"run {arguments.run} has no step {arguments.step}")
    offset = 0
    params: dict[str, Any] = {"attempt": arguments.attempt} if arguments.attempt else {}
    while True:
        data, offset, complete = client.log(_log(path, arguments.step), {**params, "offset": offset})
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        if not data and (complete or not arguments.follow):
            return 0
        if not data:
            time.sleep(PAUSE)
            if client.get(path)["steps"][arguments.step]["status"] in TERMINAL and not arguments.attempt:
                arguments.follow = False


def _attempts(run: dict[str, Any], wanted: int | None) -> Iterator[tuple[str, int]]:
    for name, step in run["steps"].items():
        for attempt in step["attempts"]:
            if wanted in (None, attempt["number"]):
                yield name, attempt["number"]


def _log(path: str, step: str) -> str:
    return f"{path}/steps/{quote(step, safe='')}/logs"


def _print(step: str, lines: list[str], colour: bool) -> None:
    for line in lines:
        print(f"{step} │ {for_display(line, colour=colour)}")
    sys.stdout.flush()
