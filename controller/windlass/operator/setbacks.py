"""What keeps the steps of a run from starting, and attempts that did not succeed: for `kubectl describe`. Pure.

In: the run object of the API with its steps. Out: the newest of them, as the status of its WorkflowRun lists them, and
which of them have not been told as Events yet. Words change while an attempt waits; it is told once for each cause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.runs.why import walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MOST = 10
LONGEST = 500  # characters of a message
BAD = frozenset({"failed", "errored"})
WAITS, ENDED = "Waiting", "Ended"


def setbacks(steps: Mapping[str, Any]) -> list[dict[str, Any]]:
    """In the order in which they came about; those that still wait last."""
    found = sorted(_all(steps), key=lambda one: one[0])
    return [shown for _, shown in found[-MOST:]]


def untold(now: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    known = {_identity(one) for one in before}
    return [one for one in now if _identity(one) not in known]


def sentence(one: Mapping[str, Any]) -> str:
    verb = "waits for its start" if one["state"] == WAITS else "did not succeed"
    return f"step {one['step']}, attempt {one['attempt']} {verb} ({one['cause']}): {one['message']}"


def _identity(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(one.get(name) for name in ("step", "attempt", "state", "cause"))


def _all(steps: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """With what they are sorted by."""
    for path, item, step in walk(steps):
        label = path if item is None else f"{path}[{item}]"
        for attempt in step["attempts"]:
            if "held" in attempt:
                held = attempt["held"]
                yield "~", _shown(label, attempt, WAITS, held["cause"], held["message"])
            elif attempt["status"] in BAD:
                cause = attempt["cause"] or attempt["status"]
                yield attempt["endedAt"] or "", _shown(label, attempt, ENDED, cause, attempt["message"] or "")


def _shown(step: str, attempt: Mapping[str, Any], state: str, cause: str, message: str) -> dict[str, Any]:
    text = message if len(message) <= LONGEST else message[: LONGEST - 1] + "…"
    return {"step": step, "attempt": attempt["number"], "state": state, "cause": cause, "message": text}
