"""`windlass explain why RUN`: what a run waits for, or what ended it.

In: the id of a run of a server, or of one that `windlass run` left on this machine. Out: the reasons of runs/why.py,
and the command that helps; as text or as one JSON object.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from windlass.cli.lines import for_display
from windlass.cli.table import show
from windlass.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MOST = 20  # reasons that are printed for people


def command(arguments: argparse.Namespace) -> int:
    if arguments.name is None:
        raise UsageError("explain why needs RUN, the run's id", "windlass runs lists them")
    answer = _explained(arguments)
    if arguments.output == "table":
        for line in _lines(answer):
            print(line)
    else:
        show(answer, [], {}, arguments.output)
    return 0


def _explained(arguments: argparse.Namespace) -> dict[str, Any]:
    from windlass.runs.why import reasons

    run, needs, groups = _known(arguments)
    shown = {name: run[name] for name in ("id", "repository", "workflow", "status", "cause", "message")}
    return {**shown, "reasons": reasons(run, needs, groups)}


def _known(arguments: argparse.Namespace) -> tuple[dict[str, Any], dict[str, list[str]], list[dict[str, Any]]]:
    """The run, which steps each of its steps needs, and who is in concurrency groups. Raises NotFoundError."""
    from windlass.cli.log_source import RUN_ID, RemoteLogs, local_folder

    arguments.run = arguments.name
    folder = local_folder(arguments)
    if folder is not None:
        return (*_local(folder, arguments.run), [])
    if RUN_ID.fullmatch(arguments.run) is None:
        raise NotFoundError(f"{arguments.run} is no run's id")
    from windlass.cli.client import Client

    client = Client.of(arguments)
    run = RemoteLogs(client, arguments.run).run()
    if run["endedAt"] is not None:
        return run, {}, []
    groups = client.items("/groups", query={"repository": run["repository"]})
    return run, _needs(client.get(f"/runs/{arguments.run}/plan")), list(groups)


def _local(folder: Path, run: str) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """From the ledger that `windlass run` keeps for a run of its own."""
    from windlass.runs.present import run_object
    from windlass.store.ledger import Ledger

    ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
    try:
        found = ledger.reads.whole_run(run)
        if found is None:
            raise NotFoundError(f"no run {run}")
        return run_object(*found), _needs(json.loads(ledger.reads.plan(run)))
    finally:
        ledger.close()


def _needs(plan: Mapping[str, Any]) -> dict[str, list[str]]:
    """Steps of `finally` need all the others."""
    before = {name: list(step["needs"]) for name, step in plan["steps"].items()}
    return before | {name: [*before, *step["needs"]] for name, step in plan["finally"].items()}


def _lines(answer: Mapping[str, Any]) -> Iterator[str]:
    yield f"{answer['id']}  {answer['repository']}/{answer['workflow']}  {answer['status']}"
    found = answer["reasons"]
    names = [_name(reason) for reason in found]
    width = max((len(name) for name in names[:MOST]), default=0)
    for reason, name in zip(found[:MOST], names, strict=False):
        yield f"  {name:<{width}}  {for_display(reason['message'], colour=False)}".rstrip()
        for holder in reason["holders"]:
            of = f", step {holder['step']}" if holder["step"] else ""
            who = f"{holder['run']} ({holder['workflow']}{of})"
            yield f"  {'':<{width}}  held by {for_display(who, colour=False)} since {holder['since']}"
        help_ = _help(answer, reason)
        if help_:
            yield f"  {'':<{width}}  try: {help_}"
    if len(found) > MOST:
        yield f"  and {len(found) - MOST} more: --output json lists them"


def _name(reason: Mapping[str, Any]) -> str:
    if reason["step"] is None:
        return "the run"
    return for_display(reason["step"] + (f"[{reason['item']}]" if reason["item"] else ""), colour=False)


def _help(answer: Mapping[str, Any], reason: Mapping[str, Any]) -> str | None:
    """What a person would type next."""
    run, step = answer["id"], reason["step"]
    if reason["kind"] == "approval":
        item = f" --item {_word(reason['item'])}" if reason["item"] else ""
        return f"windlass approve {run} {_word(step)}{item}"
    if reason["kind"] == "ended" and step is not None and not reason["item"]:
        return f"windlass logs {run} {_word(step)}"
    return None


def _word(text: str) -> str:
    """Fit to be typed in a shell."""
    return text if re.fullmatch(r"[\w./=-]+", text) else "'" + text.replace("'", "'\\''") + "'"
