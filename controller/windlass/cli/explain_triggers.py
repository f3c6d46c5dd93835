"""`windlass explain triggers WORKFLOW`: what starts a workflow, when next, and what became of the last firings.

Without `--server` the workflow is read from the current repository as it is; with it, what is live there, and its
firings with the reason where one started nothing.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from windlass.cli.table import show
from windlass.clock import SystemClock, to_rfc3339
from windlass.errors import ProblemsError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

FIRINGS = 10  # the newest ones
_TOLD_APART = ("name", "enabled")  # of what is written, shown in columns of their own


def command(arguments: argparse.Namespace) -> int:
    if arguments.name is None:
        raise UsageError("explain triggers needs WORKFLOW", "for example windlass explain triggers deploy")
    if arguments.count < 1:
        raise UsageError("--count is at least 1")
    answer = _remote(arguments) if arguments.server or os.environ.get("WINDLASS_SERVER") else _here(arguments)
    if arguments.output == "table":
        _print(answer)
    else:
        show(answer, [], {}, arguments.output)
    return 0


def _here(arguments: argparse.Namespace) -> dict[str, Any]:
    from windlass.cli.remembered import Remembered
    from windlass.cli.work_tree import find_root

    name = arguments.name
    if "/" in name or name.endswith((".yaml", ".yml")):  # a file, which may be of another repository
        return _answer(arguments, *_read(arguments))
    remembered = Remembered(find_root(Path()), f"triggers {name}")
    found = remembered.find()
    if found is None:
        found = _read(arguments)
        remembered.keep(found)
    return _answer(arguments, *found)


def _read(arguments: argparse.Namespace) -> tuple[str, str, list[dict[str, Any]], bool | None]:
    """Repository, workflow, its triggers, whether they are on."""
    from windlass.cli.target import find_target

    target = find_target(arguments.name)
    if any(problem.severity == "error" for problem in target.problems):
        raise ProblemsError(target.problems, target.text_of)
    from windlass.loading.document import read_document

    written = read_document(target.text.encode())[0].value.get("triggers") or {}
    triggers = [
        {"name": f"webhook.{one['name']}" if kind == "webhook" else f"{kind}[{index}]", "kind": kind, "written": one}
        for kind, entries in written.items()
        for index, one in enumerate(entries)
    ]
    return target.repository, target.workflow.metadata.name, triggers, target.workflow.enabled


def _remote(arguments: argparse.Namespace) -> dict[str, Any]:
    from windlass.cli.client import Client

    repository, slash, name = arguments.name.partition("/")
    if not slash:
        raise UsageError(f"{arguments.name} names no repository", "with --server it is REPOSITORY/WORKFLOW")
    client = Client.of(arguments)
    path = f"/workflows/{quote(repository, safe='')}/{quote(name, safe='')}"
    found = client.get(path)
    answer = _answer(arguments, found["repository"], found["name"], found["triggers"], found["enabled"])
    return {**answer, "firings": client.get(f"{path}/firings", {"limit": FIRINGS})["items"]}


def _answer(
    arguments: argparse.Namespace, repository: str, workflow: str, triggers: list[dict[str, Any]], enabled: bool | None
) -> dict[str, Any]:
    on = enabled is not False
    listed = [
        {
            "name": trigger["name"],
            "kind": trigger["kind"],
            "enabled": on and trigger["written"].get("enabled") is not False,
            "written": trigger["written"],
        }
        for trigger in triggers
    ]
    fires = _coming(listed, f"{repository}/{workflow}", arguments.count)
    return {"repository": repository, "workflow": workflow, "enabled": on, "triggers": listed, "next": fires}


def _coming(triggers: list[dict[str, Any]], of: str, count: int) -> list[dict[str, str]]:
    from windlass.triggers.schedule import from_written, next_fires

    schedules = {
        (of, of, trigger["name"]): from_written(trigger["written"], trigger["name"], of)
        for trigger in triggers
        if trigger["kind"] == "schedule" and trigger["enabled"]
    }
    fires = next_fires(schedules, count, SystemClock().now())
    return [{"trigger": name, "at": to_rfc3339(at)} for (_, _, name), at in fires]


def _print(answer: Mapping[str, Any]) -> None:
    print(f"{answer['repository']}/{answer['workflow']}" + ("" if answer["enabled"] else "  (disabled)"))
    if not answer["triggers"]:
        print("  no triggers: it is started by hand, by the API, or by a workflow that uses it")
    for line in _lines(answer):
        print(line)


def _lines(answer: Mapping[str, Any]) -> Iterator[str]:
    from windlass.cli.lines import for_display

    upcoming: dict[str, list[str]] = {}
    for fire in answer["next"]:
        upcoming.setdefault(fire["trigger"], []).append(fire["at"])
    for trigger in answer["triggers"]:
        off = "" if trigger["enabled"] else "  (disabled)"
        yield f"  {for_display(trigger['name'], colour=False)}{off}  {_written(trigger)}".rstrip()
        yield from (f"    next  {at}" for at in upcoming.get(trigger["name"], ()))
    firings = answer.get("firings")
    if firings is None:
        return
    yield "  last firings" + ("" if firings else ": none")
    for one in firings:
        became = f"run {one['run']}" if one["run"] else f"no run: {one['reason']}"
        yield f"    {one['at']}  {one['trigger']}  {for_display(became, colour=False)}"


def _written(trigger: Mapping[str, Any]) -> str:
    """What is written, in a line; long values are cut."""
    from windlass.cli.lines import for_display

    parts = []
    for key, value in trigger["written"].items():
        if key not in _TOLD_APART:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            parts.append(f"{key}: {text if len(text) <= 60 else text[:59] + '…'}")
    return for_display("  ".join(parts), colour=False)
