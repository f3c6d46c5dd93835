"""The run object that the CLI prints and the API answers (interfaces.md, "Command line").

In: a head and its steps. Out: plain JSON values; times RFC 3339, absent means unknown, null means none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.clock import to_rfc3339
from windlass.runs.model import HELD, Status, StepKey
from windlass.runs.nesting import DETAIL, placed, segment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from windlass.clock import Millis
    from windlass.runs.model import Attempt, RunHead, Step


def run_object(head: RunHead, steps: Iterable[Step] | None = None) -> dict[str, Any]:
    """Without `steps` it is an item of a list or an event."""
    result: dict[str, Any] = {
        "id": head.id,
        "repository": head.repository,
        "workflow": head.workflow,
        "commit": head.commit,
        "status": head.status.value,
        "cause": head.cause,
        "message": head.message,
        "title": head.title,
        "labels": dict(head.labels),
        "trigger": dict(head.trigger),
        "actor": dict(head.actor),
        "rerunOf": head.rerun_of,
        "inputs": dict(head.inputs),
        "outputs": dict(head.outputs),
        "createdAt": _time(head.created_at),
        "startedAt": _time(head.started_at),
        "endedAt": _time(head.ended_at),
    }
    if steps is not None:
        result["steps"] = _collected(steps)[0][""]
    return result


def items_of(path: str, steps: Iterable[Step]) -> list[dict[str, Any]]:
    """The items of one loop as its step lists them, from their steps and those below them."""
    return _collected(steps)[1].get(path, [])


def _collected(steps: Iterable[Step]) -> tuple[dict[str, dict[str, Any]], dict[str, list[dict[str, Any]]]]:
    """(Steps by the path above them and their name, items by the path of their loop): the items of a loop are below
    its step, in order, and so the steps of a nested workflow.
    """
    below: dict[str, dict[str, Any]] = {"": {}}  # the steps at each path
    items: dict[str, list[dict[str, Any]]] = {}
    for step in steps:
        shown = step_object(step)
        if DETAIL in step.detail:
            shown["steps"] = below.setdefault(_inside(step), {})
        above, _, name = step.key.path.rpartition("/")
        if step.key.item:
            items.setdefault(step.key.path, []).append({"key": step.key.item, **shown})
            continue
        if step.looped:
            shown["items"] = items.setdefault(step.key.path, [])
        below.setdefault(above, {})[name] = shown
    return below, items


def _inside(step: Step) -> str:
    above, slash, name = step.key.path.rpartition("/")
    return above + slash + segment(StepKey(name, step.key.item))


def logs_of(run: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str, int]]:
    """(step, item, attempt) of every log that a run object names, items and nested steps after their step."""
    return (key for key, _ in attempts_of(run, above))


def attempts_of(run: Mapping[str, Any], above: str = "") -> Iterator[tuple[tuple[str, str, int], Mapping[str, Any]]]:
    """The same with the attempts themselves."""
    for name, step in run["steps"].items():
        for item, of in (("", step), *((i["key"], i) for i in step["items"] or ())):
            for attempt in of["attempts"]:
                yield (placed(above, name), item, attempt["number"]), attempt
            if "steps" in of:
                yield from attempts_of(of, placed(above, segment(StepKey(name, item))))


def step_at(run: Mapping[str, Any], path: str, item: str | None = None) -> dict[str, Any] | None:
    """A step of a run object by its path, also inside nested workflows, or the item of a loop; None: there is none."""
    found: dict[str, Any] | None = None
    steps = run["steps"]
    for part in path.split("/"):
        found = steps.get(part)
        for name, step in steps.items() if found is None else ():
            inner = (i for i in step["items"] or () if segment(StepKey(name, i["key"])) == part)
            found = found or next(inner, None)
        if found is None:
            return None
        steps = found.get("steps", {})
    if item is None or found is None:
        return found
    return next((i for i in found["items"] or () if i["key"] == item), None)


def step_object(step: Step) -> dict[str, Any]:
    """An approval that has begun says what it asks and who answered, a step with reused outputs whose they are, one
    that time alone brings on when that is."""
    asked = {"approval": _approval(step)} if "approval" in step.detail else {}
    reused = {"reusedFrom": step.detail["reuse"]["run"]} if "run" in step.detail.get("reuse", ()) else {}
    moment = {"nextAt": _time(step.retry_at)} if step.status is Status.WAITING and step.retry_at is not None else {}
    return {
        **asked,
        **reused,
        **moment,
        "status": step.status.value,
        "cause": step.cause,
        "message": step.message,
        "outputs": dict(step.outputs),
        "startedAt": _time(step.started_at),
        "endedAt": _time(step.ended_at),
        "attempts": [_attempt(attempt) for attempt in step.attempts],
        "items": None,
    }


def _approval(step: Step) -> dict[str, Any]:
    votes = [
        {"by": vote["by"], "approve": vote["approve"], "comment": vote["comment"], "at": _time(vote["at"])}
        for vote in step.detail["votes"]
    ]
    return {**step.detail["approval"], "votes": votes}


def _attempt(attempt: Attempt) -> dict[str, Any]:
    """One with `cache` says what became of it; one that cannot begin yet says by `held` why."""
    begins = attempt.started_at is None and attempt.ended_at is None
    held = {"held": dict(attempt.detail[HELD])} if begins and HELD in attempt.detail else {}
    cache = {"cache": attempt.detail["cache"]} if "cache" in attempt.detail else {}
    return {
        **cache,
        **held,
        "number": attempt.number,
        "status": attempt.status.value,
        "cause": attempt.cause,
        "message": attempt.message,
        "exitCode": attempt.exit_code,
        "startedAt": _time(attempt.started_at),
        "endedAt": _time(attempt.ended_at),
        "parts": _parts(attempt),
    }


def _parts(attempt: Attempt) -> list[dict[str, Any]] | None:
    """null: the step is one script."""
    parts = attempt.detail.get("parts")
    if parts is None:
        return None
    return [{**part, "startedAt": _time(part["startedAt"]), "endedAt": _time(part["endedAt"])} for part in parts]


def _time(millis: Millis | None) -> str | None:
    return None if millis is None else to_rfc3339(millis)
