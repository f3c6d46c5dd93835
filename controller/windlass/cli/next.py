"""`windlass next`: the coming fires of all schedules, in order.

Without `--server` the current repository is read as it is in the work tree; with it, what is live on the server.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from windlass.cli.failure import say
from windlass.cli.table import show
from windlass.clock import SystemClock, from_rfc3339, to_rfc3339
from windlass.errors import UsageError

if TYPE_CHECKING:
    import argparse

COLUMNS = {
    "AT": lambda fire: fire["at"],
    "REPOSITORY": lambda fire: fire["repository"],
    "WORKFLOW": lambda fire: fire["workflow"],
    "TRIGGER": lambda fire: fire["trigger"],
}


def command(arguments: argparse.Namespace) -> int:
    if arguments.count < 1:
        raise UsageError("--count is at least 1")
    after = _start(arguments.start)
    schedules = _remote(arguments) if _wants_server(arguments) else _here()
    from windlass.triggers.schedule import next_fires

    fires = [
        {"repository": repository, "workflow": workflow, "trigger": trigger, "at": to_rfc3339(at)}
        for (repository, workflow, trigger), at in next_fires(schedules, arguments.count, after)
    ]
    show(fires, fires, COLUMNS, arguments.output)
    return 0


def _start(text: str | None) -> int:
    if text is None:
        return SystemClock().now()
    try:
        return from_rfc3339(text)
    except ValueError as error:
        raise UsageError(f"--from {text} is no RFC 3339 time", "for example 2026-12-01T00:00:00Z") from error


def _wants_server(arguments: argparse.Namespace) -> bool:
    return bool(arguments.server or os.environ.get("WINDLASS_SERVER"))


def _here() -> dict[tuple[str, str, str], Any]:
    from pathlib import Path

    from windlass.cli.remembered import Remembered
    from windlass.cli.work_tree import find_root, load_work_tree, repository_name

    root = find_root(Path())
    name = repository_name(root)
    remembered = Remembered(root, "schedules")
    answer = remembered.find()
    if answer is None:
        loaded = load_work_tree(root, cache=True).loaded
        answer = {
            "broken": sorted(found.path for found in loaded.broken)[:5],
            "written": [[found.name, _written(found.document)] for found in loaded.workflows.values()],
        }
        if not loaded.broken:  # it may be mended without a change of its own: a permission, a library
            remembered.keep(answer)
    if answer["broken"]:
        files = ", ".join(answer["broken"])
        say(f"left out, because they have errors: {files}", "windlass check shows the errors")
    return _schedules((name, workflow, written) for workflow, written in answer["written"])


def _written(document: dict[str, Any]) -> dict[str, Any]:
    """What decides when a workflow fires."""
    schedule = (document.get("triggers") or {}).get("schedule") or []
    return {"enabled": document.get("enabled"), "triggers": {"schedule": schedule}}


def _remote(arguments: argparse.Namespace) -> dict[tuple[str, str, str], Any]:
    from windlass.cli.client import Client

    items = Client.of(arguments).items("/workflows")
    documents = []
    for item in items:
        written = [t["written"] for t in item["triggers"] if t["kind"] == "schedule"]
        document = {"enabled": item["enabled"], "triggers": {"schedule": written}}
        documents.append((item["repository"], item["name"], document))
    return _schedules(documents)


def _schedules(documents: Any) -> dict[tuple[str, str, str], Any]:
    from windlass.triggers.schedule import from_written

    result = {}
    for repository, workflow, document in documents:
        if document.get("enabled") is False:
            continue
        for index, written in enumerate((document.get("triggers") or {}).get("schedule") or ()):
            if written.get("enabled") is not False:
                trigger = f"schedule[{index}]"
                result[repository, workflow, trigger] = from_written(written, trigger, f"{repository}/{workflow}")
    return result
