"""What is right by itself and cannot work on this server: hooks without a key, runners that are not
there, schedules that cannot be read.

In: live workflows, the names of the server's keys and runners. Out: problems at the place in the file; the workflow
stays live, for everything else in it works. A hook without its key answers 401 (catalogue W01).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.loading.document import read_document
from windlass.loading.faults import Faults
from windlass.loading.rules import RULES
from windlass.nearest import did_you_mean
from windlass.problems import START, Problem
from windlass.triggers.schedule import faults_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from windlass.problems import Span
    from windlass.reconcile.catalog import LiveWorkflow


def live_problems(
    workflows: Iterable[LiveWorkflow], keys: Collection[str], runners: Mapping[str, str] | None = None
) -> list[Problem]:
    """`keys` are the names below `secrets:` of the server file, `runners` the kinds of its runners by name."""
    found: list[Problem] = []
    for live in workflows:
        triggers = live.document.get("triggers") or {}
        found += _keyless(live, triggers.get("webhook") or (), keys)
        found += _runnerless(live, runners) if runners is not None else ()
        found += _unreadable(live, triggers.get("schedule") or ())
    return found


def _keyless(live: LiveWorkflow, hooks: Iterable[Any], keys: Collection[str]) -> Iterator[Problem]:
    for index, hook in enumerate(hooks):
        secret = (hook.get("verify") or {}).get("secret")
        settings = live.repository_model
        own = settings.secrets if settings is not None else {}
        if secret is None or secret in keys or secret in own or hook.get("enabled") is False:
            continue
        message = f"the server has no key {secret}, so every delivery to this hook is refused"
        hint = f"add {secret} below secrets: in windlass.yaml or in the server file"
        yield _problem(live, ("triggers", "webhook", index, "verify", "secret"), "webhook-key", message, hint)


def _runnerless(live: LiveWorkflow, runners: Mapping[str, str]) -> Iterator[Problem]:
    for place, name in _named_runners(live.document):
        if name not in runners:
            message = f"there is no runner {name} on this server, so runs of this workflow are refused"
            yield _problem(live, place, "unknown-runner", message, did_you_mean(name, runners))


def _named_runners(document: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Where a workflow names a runner, and which."""
    yield from _runner_at((), document)
    yield from _runner_at(("defaults",), document.get("defaults") or {})
    for section in ("steps", "finally"):
        steps = document.get(section) or {}
        for name, step in steps.items() if isinstance(steps, dict) else enumerate(steps):
            yield from _runner_at((section, name), step)


def _runner_at(place: tuple[str | int, ...], written: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(written.get("runner"), str):
        yield (*place, "runner"), written["runner"]


def _unreadable(live: LiveWorkflow, schedules: Iterable[Any]) -> Iterator[Problem]:
    for index, schedule in enumerate(schedules):
        for fault in faults_of(schedule) if schedule.get("enabled") is not False else ():
            message = f"this schedule does not fire: {fault.key}: {fault.message}"
            yield _problem(live, ("triggers", "schedule", index), "schedule-refused", message, fault.hint)


def _problem(live: LiveWorkflow, place: tuple[str | int, ...], rule: str, message: str, hint: str | None) -> Problem:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    return Problem(live.path, _span(live, place), path, rule, message, RULES[rule].severity, hint)


def _span(live: LiveWorkflow, place: tuple[str | int, ...]) -> Span:
    try:
        document, _ = read_document(live.text.encode())
    except Faults:
        return START  # it was good when it became live: only a newer Windlass reads it otherwise
    return document.value_span(place)
