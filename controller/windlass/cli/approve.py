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
        body["inputs"] = texts_by_schema(_asked(client.get(run), arguments.step), texts)
    if arguments.item is not None:
        path += f"?item={quote(arguments.item, safe='')}"
    answered = client.post(path, body)
    step = step_at(answered, arguments.step, arguments.item)
    shown = f"{arguments.step}[{arguments.item}]" if arguments.item is not None else arguments.step
    if step is None:  # one of so many items that the run object does not hold it
        print(f"{answered['id']} {shown} {'rejected' if arguments.reject else 'approved'}")
        return 0
    told = f": {step['message']}" if step["message"] else ""
    print(f"{answered['id']} {shown} {step['status']}{told}")
    return 0


def _asked(run: dict[str, Any], path: str) -> dict[str, Any]:
    """The properties of the answers by name; those of all items of a loop are alike."""
    step = step_at(run, path) or {}
    asked: dict[str, Any] = next((s["approval"] for s in (step, *(step.get("items") or ())) if s.get("approval")), {})
    found: dict[str, Any] = asked.get("inputs", {}).get("properties", {})
    return found
