"""`windlass approve RUN STEP`: answer the approval that a step of a server's run waits for.

In: the run, the step, yes or `--reject`, a comment, answers as text. Out: how the step stands afterwards. The answers
are typed by what the approval asks, as `--input` of a run is by its inputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from windlass.cli.client import Client
from windlass.cli.run_inputs import texts_of
from windlass.cli.typed_texts import texts_by_schema
from windlass.errors import UsageError
from windlass.runs.present import step_at

if TYPE_CHECKING:
    import argparse


def command(arguments: argparse.Namespace) -> int:
    client = Client.of(arguments)
    run = f"/runs/{quote(arguments.run, safe='')}"
    path = f"{run}/steps/{quote(arguments.step, safe='')}/{'reject' if arguments.reject else 'approve'}"
    body: dict[str, Any] = {} if arguments.comment is None else {"comment": arguments.comment}
    texts = texts_of("--input", arguments.input)
    if texts and arguments.reject:
        raise UsageError("--input goes with an approval, not with --reject")
    if texts:
        step = step_at(client.get(run), arguments.step, arguments.item) or {}
        asked = step.get("approval") or {}
        body["inputs"] = texts_by_schema(asked.get("inputs", {}).get("properties", {}), texts)
    if arguments.item is not None:
        path += f"?item={quote(arguments.item, safe='')}"
    answered = client.post(path, body)
    step = step_at(answered, arguments.step, arguments.item) or {}
    told = f": {step['message']}" if step.get("message") else ""
    print(f"{answered['id']} {arguments.step} {step.get('status')}{told}")
    return 0
