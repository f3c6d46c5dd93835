"""What the ledger says of a run, in the status of its WorkflowRun. Pure.

In: the run object of the API with its steps. Out: the status. `Succeeded` is Tekton's and knative's word: Unknown while
it runs, then True or False; `Ready` says the same for tools that know no other; `Finished` is for those who wait for
either end.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from windlass.clock import from_rfc3339
from windlass.operator.conditions import Said, conditions, seconds
from windlass.operator.setbacks import WAITS, sentence, setbacks
from windlass_schemas.duration import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.clock import Millis

ENDS = {"succeeded": True, "failed": False, "errored": False, "cancelled": False}
FAILED = frozenset({"failed", "errored"})
LEFT_OUT = frozenset({"skipped", "cancelled"})
UNDER_WAY = frozenset({"running", "waiting", "cancelling"})
MOST_OUTPUTS = 4096  # characters of JSON
REFUSED = "Refused"


def run_status(run: Mapping[str, Any], before: Mapping[str, Any], generation: int, now: Millis) -> dict[str, Any]:
    """Absent values are None: the merge patch takes them away."""
    status = run["status"]
    return {
        "observedGeneration": generation,
        "conditions": conditions(_said(run), before, generation, now),
        "id": run["id"],
        "phase": status.capitalize(),
        "cause": run["cause"],
        "message": run["message"],
        "commit": run["commit"],
        "title": run["title"],
        "trigger": run["trigger"].get("kind"),
        "actor": run["actor"].get("name"),
        "createdAt": run["createdAt"],
        "startedAt": run["startedAt"],
        "finishedAt": run["endedAt"],
        "duration": _duration(run),
        "steps": step_counts(run.get("steps") or {}),
        "setbacks": setbacks(run.get("steps") or {}) or None,
        "outputs": _outputs(run["outputs"]),
    }


def ended(status: Mapping[str, Any]) -> bool:
    """Whether a status is that of a run that is over, or that never was."""
    return status.get("phase") == REFUSED or str(status.get("phase", "")).lower() in ENDS


def refused(reason: str, message: str, before: Mapping[str, Any], generation: int, now: Millis) -> dict[str, Any]:
    """No run could be started, and none will be."""
    said = [
        Said("Succeeded", False, reason, message),
        Said("Ready", False, reason, message),
        Said("Finished", True, reason, message),
        Said("Valid", False, reason, message),
    ]
    return {
        "observedGeneration": generation,
        "conditions": conditions(said, before, generation, now),
        "phase": REFUSED,
        "message": message,
        "finishedAt": before.get("finishedAt") or seconds(now),
    }


def waiting(reason: str, message: str, before: Mapping[str, Any], generation: int, now: Millis) -> dict[str, Any]:
    """No run yet, but there may be one soon."""
    said = [Said("Succeeded", None, reason, message), Said("Ready", None, reason, message)]
    return {
        "observedGeneration": generation,
        "conditions": conditions(said, before, generation, now),
        "phase": "Pending",
        "message": message,
    }


def step_counts(steps: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Of the workflow's own steps; what is inside of loops and nested workflows counts as its step."""
    states = [step["status"] for step in steps.values()]
    over = sum(1 for state in states if state in ENDS or state == "skipped")
    return {
        "total": len(states),
        "succeeded": states.count("succeeded"),
        "failed": sum(1 for state in states if state in FAILED),
        "skipped": sum(1 for state in states if state in LEFT_OUT),
        "running": sum(1 for state in states if state in UNDER_WAY),
        "summary": f"{over}/{len(states)}",
    }


def camel(word: str) -> str:
    """A cause as a condition's reason: `exit-code` is ExitCode."""
    return "".join(part.capitalize() for part in word.split("-"))


def _said(run: Mapping[str, Any]) -> list[Said]:
    status = run["status"]
    if status not in ENDS:
        held = [sentence(one) for one in setbacks(run.get("steps") or {}) if one["state"] == WAITS]
        told = run["message"] or "; ".join(held) or f"the run is {status}"
        word = status.capitalize()
        unknown = [Said(kind, None, word, told) for kind in ("Succeeded", "Ready")]
        return [*unknown, Said("Finished", False, word, told), Said("Valid", True, "Accepted", "the run was accepted")]
    good = ENDS[status]
    reason = "Succeeded" if good else camel(run["cause"] or status)
    told = run["message"] or f"the run {status if status != 'cancelled' else 'was cancelled'}"
    return [
        Said("Succeeded", good, reason, told),
        Said("Ready", good, reason, told),
        Said("Finished", True, status.capitalize(), told),
        Said("Valid", True, "Accepted", "the run was accepted"),
    ]


def _duration(run: Mapping[str, Any]) -> str | None:
    """In whole seconds, or milliseconds below one."""
    if run["startedAt"] is None or run["endedAt"] is None:
        return None
    span = max(0, from_rfc3339(run["endedAt"]) - from_rfc3339(run["startedAt"]))
    return format_duration(span - span % 1000 if span >= 1000 else span)


def _outputs(outputs: Mapping[str, Any]) -> dict[str, Any] | None:
    small = outputs and len(json.dumps(outputs)) <= MOST_OUTPUTS
    return dict(outputs) if small else None
