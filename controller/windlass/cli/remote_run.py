"""`windlass run --server URL REPOSITORY/NAME`: start a run on a server and watch it.

In: the same flags as a local run. Out: live lines and the summary; Ctrl-C detaches and prints how to cancel, because
the run is not this command's alone.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from windlass.cli.client import Client
from windlass.cli.follow import follow
from windlass.cli.lines import wants_colour
from windlass.cli.log_source import RemoteLogs
from windlass.cli.run_inputs import env_of, inputs_of
from windlass.cli.summary import summary
from windlass.cli.typed_texts import texts_by_schema
from windlass.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    import argparse


def run_remotely(arguments: argparse.Namespace) -> int:
    here_only = ("dry_run", "runner", "config", "context", "namespace")
    if given := [f"--{name.replace('_', '-')}" for name in here_only if getattr(arguments, name)]:
        raise UsageError(f"{', '.join(given)}: for runs without a server", "a server has runners of its own")
    repository, slash, name = arguments.target.partition("/")
    if not slash or not repository or not name or "/" in name:
        raise UsageError(f"{arguments.target} is not REPOSITORY/NAME", "with --server a workflow is named that way")
    client = Client.of(arguments)
    path = f"/workflows/{quote(repository, safe='')}/{quote(name, safe='')}"
    values, texts = inputs_of(arguments)
    schema = _workflow(client, path)["inputs"]["properties"]
    body = {"inputs": {**values, **texts_by_schema(schema, texts)}, "env": env_of(arguments.env)}
    run = client.post(f"{path}/runs", body)
    if arguments.detach:
        print(run["id"] if arguments.output == "text" else json.dumps(run, ensure_ascii=False))
        return 0
    try:
        out = sys.stderr if arguments.output == "json" else sys.stdout
        run = follow(RemoteLogs(client, run["id"]), out, colour=wants_colour(out), until_end=True)
    except KeyboardInterrupt:
        print(f"detached; to cancel: windlass cancel {run['id']} --server {client.url}", file=sys.stderr)
        return 130
    if arguments.output == "json":
        print(json.dumps(run, ensure_ascii=False))
    else:
        print(summary(run, colour=wants_colour()))
    return 0 if run["status"] == "succeeded" else 1


def _workflow(client: Client, path: str) -> dict[str, Any]:
    """A name that the server does not have is wrong use, as it is without a server."""
    try:
        found: dict[str, Any] = client.get(path)
    except NotFoundError as error:
        raise UsageError(str(error), "GET /api/v1/workflows lists what there is") from error
    return found
