"""`windlass run --server URL REPOSITORY/NAME`: start a run on a server and watch it.

In: the same flags as a local run. Out: live lines and the summary; Ctrl-C detaches and prints how to cancel, because
the run is not this command's alone.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from windlass.cli.client import Client
from windlass.cli.lines import LineSplitter, for_display, wants_colour
from windlass.cli.run_inputs import env_of, inputs_of
from windlass.cli.summary import summary
from windlass.cli.typed_texts import texts_by_schema
from windlass.errors import UsageError

if TYPE_CHECKING:
    import argparse

TERMINAL = ("succeeded", "failed", "errored", "cancelled")
PAUSE = 0.2


def run_remotely(arguments: argparse.Namespace) -> int:
    if arguments.dry_run or arguments.runner:
        raise UsageError("--dry-run and --runner are for runs without a server")
    repository, slash, name = arguments.target.partition("/")
    if not slash or not repository or not name or "/" in name:
        raise UsageError(f"{arguments.target} is not REPOSITORY/NAME", "with --server a workflow is named that way")
    client = Client.of(arguments)
    path = f"/workflows/{quote(repository, safe='')}/{quote(name, safe='')}"
    values, texts = inputs_of(arguments)
    schema = client.get(path)["inputs"]["properties"]
    body = {"inputs": {**values, **texts_by_schema(schema, texts)}, "env": env_of(arguments.env)}
    run = client.post(f"{path}/runs", body)
    if arguments.detach:
        print(run["id"] if arguments.output == "text" else json.dumps(run, ensure_ascii=False))
        return 0
    try:
        run = _follow(client, run["id"], sys.stderr if arguments.output == "json" else sys.stdout)
    except KeyboardInterrupt:
        print(f"detached; to cancel: windlass cancel {run['id']} --server {client.url}", file=sys.stderr)
        return 130
    if arguments.output == "json":
        print(json.dumps(run, ensure_ascii=False))
    else:
        print(summary(run, colour=wants_colour()))
    return 0 if run["status"] == "succeeded" else 1


def _follow(client: Client, run: str, out: Any) -> dict[str, Any]:
    """Print lines until the run has ended; its last object."""
    path = f"/runs/{quote(run, safe='')}"
    lines: dict[tuple[str, int], LineSplitter] = {}
    offsets: dict[tuple[str, int], int] = {}
    colour = wants_colour(out)
    while True:
        found: dict[str, Any] = client.get(path)
        grown = False
        for name, step in found["steps"].items():
            for attempt in step["attempts"]:
                key = (name, attempt["number"])
                log = f"{path}/steps/{quote(name, safe='')}/logs"
                data, offsets[key], complete = client.log(log, {"attempt": key[1], "offset": offsets.get(key, 0)})
                splitter = lines.setdefault(key, LineSplitter())
                grown = grown or bool(data)
                texts = [*splitter.feed(data), *(splitter.flush() if complete else ())]
                out.write("".join(f"{name} │ {for_display(text, colour=colour)}\n" for text in texts))
        out.flush()
        if found["status"] in TERMINAL and not grown:
            return found
        if not grown:
            time.sleep(PAUSE)
