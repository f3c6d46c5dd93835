"""A live workflow as the API shows it: definition, inputs as JSON Schema, triggers, coming fires, stale or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.clock import to_rfc3339
from windlass.reconcile.schedules import written_schedules
from windlass.triggers.schedule import next_tick
from windlass_schemas.inputs import inputs_json_schema

if TYPE_CHECKING:
    from windlass.clock import Millis
    from windlass.reconcile.catalog import LiveWorkflow


def workflow_object(live: LiveWorkflow, now: Millis, *, brief: bool) -> dict[str, Any]:
    """`brief` leaves out what only one workflow's page needs."""
    model = live.model
    result: dict[str, Any] = {
        "name": live.name,
        "repository": live.repository,
        "title": live.title,
        "commit": live.commit,
        "path": live.path,
        "stale": live.stale,
        "enabled": model.enabled is not False,
        "inputs": inputs_json_schema(model.inputs),
        "triggers": triggers(live),
        "next": [{"trigger": trigger, "at": to_rfc3339(at)} for trigger, at in coming(live, now, 5)],
    }
    if not brief:
        result["description"] = model.metadata.description
        result["owners"] = list(model.metadata.owners or ())
        result["definition"] = live.text
    return result


def coming(live: LiveWorkflow, after: Millis, count: int) -> list[tuple[str, Millis]]:
    """The next fires of all schedules of a workflow, in order, strictly after the time."""
    result = []
    for trigger, schedule, _ in written_schedules(live):
        at: Millis | None = after
        for _ in range(count):
            at = next_tick(schedule, at)  # type: ignore[arg-type]
            if at is None:
                break
            result.append((trigger, at))
    return sorted(result, key=lambda fire: (fire[1], fire[0]))[:count]


def triggers(live: LiveWorkflow) -> list[dict[str, Any]]:
    """Each trigger with its name, kind and what was written; a verification names its key, which is no secret."""
    result = []
    for kind, entries in live.document.get("triggers", {}).items():
        for index, entry in enumerate(entries):
            name = f"webhook.{entry['name']}" if kind == "webhook" else f"{kind}[{index}]"
            result.append({"name": name, "kind": kind, "enabled": entry.get("enabled", True), "written": entry})
    return result
