"""Why a run is where it is: what each of its steps waits for, or what ended it.

In: a run object with its steps (present.py), which steps each step needs, the concurrency groups as the API lists them,
the time. Out: reasons, the one to look at first in front: for `windlass explain why`. Nothing here is stored; it is
read off what the run object says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.runs.model import StepKey
from windlass.runs.nesting import placed, segment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ENDED = ("succeeded", "failed", "errored", "cancelled", "skipped")
FEW = 5  # names in a sentence
BAD = ("failed", "errored")
# What people can do something about comes first.
_ORDER = ("ended", "cancelling", "approval", "lock", "timer", "retry", "running", "queued", "needs", "skipped")


def reasons(
    run: Mapping[str, Any], needs: Mapping[str, Sequence[str]] | None = None, groups: Sequence[Mapping[str, Any]] = ()
) -> list[dict[str, Any]]:
    """`{step, item, kind, status, message, at, holders}`: `step` null speaks of the run, `at` is when it goes on by
    itself, `holders` are who has the places that are waited for."""
    found = [*_of_run(run, groups)]
    for path, item, step in walk(run["steps"]):
        found += _of_step(run, path, item, step, needs or {}, groups)
    return sorted(found, key=lambda reason: _ORDER.index(reason["kind"]))


def walk(steps: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str | None, Mapping[str, Any]]]:
    """(path, item, step) of every step, its items and the steps inside after it."""
    for name, step in steps.items():
        path = placed(above, name)
        for item, of in ((None, step), *((one["key"], one) for one in step["items"] or ())):
            yield path, item, of
            if of.get("steps"):
                yield from walk(of["steps"], placed(above, segment(StepKey(name, item or ""))))


def first_failure(run: Mapping[str, Any]) -> tuple[str, str | None, Mapping[str, Any]] | None:
    """The innermost step that failed or errored first: what a person wants to look at."""
    failed = [
        (path, item, step)
        for path, item, step in walk(run["steps"])
        if step["status"] in BAD and not any(i["status"] in BAD for i in step["items"] or ()) and not _inside(step)
    ]
    return min(failed, key=lambda found: found[2]["endedAt"] or "~", default=None)


def _inside(step: Mapping[str, Any]) -> bool:
    return any(inner["status"] in BAD for inner in (step.get("steps") or {}).values())


def _of_run(run: Mapping[str, Any], groups: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    status = run["status"]
    if status in ENDED:
        yield _reason("ended", run, _ending(run))
        failure = first_failure(run)
        if failure is not None:
            path, item, step = failure
            yield _reason("ended", step, _failure(step), path, item)
    elif status == "cancelling":
        yield _reason("cancelling", run, f"{run['message'] or 'cancelled'}; running steps are being ended")
    elif status == "queued":
        yield _reason("queued", run, "accepted, and not yet begun")
    elif status == "waiting" and all(step["status"] in ("pending", *ENDED) for step in run["steps"].values()):
        yield _reason("lock", run, run["message"] or "waits for its turn", holders=_holders(groups, run["id"], None))


def _ending(run: Mapping[str, Any]) -> str:
    if run["status"] == "succeeded":
        return "it succeeded"
    return f"it {'was ' * (run['status'] == 'cancelled')}{run['status']}: {_said(run)}"


def _failure(step: Mapping[str, Any]) -> str:
    tries = len(step["attempts"])
    return _said(step) + (f" (attempt {tries} of {tries})" if tries > 1 else "")


def _said(thing: Mapping[str, Any]) -> str:
    """Cause and message: the stable word, and the words for people."""
    return ": ".join(part for part in (thing["cause"], thing["message"]) if part) or thing["status"]


def _of_step(
    run: Mapping[str, Any],
    path: str,
    item: str | None,
    step: Mapping[str, Any],
    needs: Mapping[str, Sequence[str]],
    groups: Sequence[Mapping[str, Any]],
) -> Iterator[dict[str, Any]]:
    status = step["status"]
    if status == "skipped" and run["status"] == "succeeded":
        yield _reason("skipped", step, _said(step), path, item)
    elif status == "waiting" and not step.get("steps") and not step["items"]:
        yield _waiting(run, path, item, step, groups)
    elif status == "pending" and run["status"] not in (*ENDED, "queued"):
        yield _reason("needs", step, _pending(run, path, needs), path, item)
    elif status in ("running", "cancelling") and step["attempts"] and not step["items"]:
        last = step["attempts"][-1]
        yield _reason("running", step, _running(last, ended=status == "cancelling"), path, item)


def _running(attempt: Mapping[str, Any], *, ended: bool) -> str:
    which, held = f"attempt {attempt['number']}", attempt.get("held")
    if held:
        return f"{which} waits for its start ({held['cause']}): {held['message']}"
    if attempt["startedAt"] is None:
        return f"{which} is about to start"
    return f"{which} {'is being ended; it runs' if ended else 'runs'} since {attempt['startedAt']}"


def _waiting(
    run: Mapping[str, Any], path: str, item: str | None, step: Mapping[str, Any], groups: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    at = step.get("nextAt")
    if "approval" in step:
        asked = f" until {at}" if at else ""
        return _reason("approval", step, (step["message"] or "waits for approval") + asked, path, item, at=at)
    if step["attempts"]:
        number = step["attempts"][-1]["number"]
        message = f"attempt {number} ended: {_said(step)}; the next one starts at {at}"
        return _reason("retry", step, message, path, item, at=at)
    if at:
        return _reason("timer", step, step["message"] or f"waits until {at}", path, item, at=at)
    holders = _holders(groups, run["id"], path, item)
    return _reason("lock", step, step["message"] or "waits for its turn", path, item, holders=holders)


def _pending(run: Mapping[str, Any], path: str, needs: Mapping[str, Sequence[str]]) -> str:
    above, _, name = path.rpartition("/")
    if above or name not in needs:
        return "has not begun"
    open_ = [need for need in needs[name] if run["steps"].get(need, {}).get("status") not in ENDED]
    if not open_:
        return "is next" if run["status"] != "waiting" else "begins when the run does"
    return f"waits for {', '.join(open_[:FEW])}" + (f" and {len(open_) - FEW} more" if len(open_) > FEW else "")


def _holders(
    groups: Sequence[Mapping[str, Any]], run: str, step: str | None, item: str | None = None
) -> list[dict[str, Any]]:
    """Who holds the places that this run, or this step of it, stands in line for."""
    return [
        {"group": group["group"], **holder}
        for group in groups
        if any((w["run"], w["step"], w["item"] or None) == (run, step, item) for w in group["waiting"])
        for holder in group["holders"]
    ]


def _reason(
    kind: str,
    of: Mapping[str, Any],
    message: str,
    step: str | None = None,
    item: str | None = None,
    at: str | None = None,
    holders: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    return {
        "step": step,
        "item": item,
        "kind": kind,
        "status": of["status"],
        "message": message,
        "at": at,
        "holders": list(holders),
    }
