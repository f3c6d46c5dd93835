"""What is right by itself and cannot work on this server: hooks without a key, schedules that cannot be read.

In: live workflows, the names of the server's keys. Out: problems at the place in the file; the workflow stays live, for
everything else in it works. A hook without its key answers 401 (catalogue W01).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.loading.document import read_document
from windlass.loading.faults import Faults
from windlass.loading.rules import RULES
from windlass.problems import START, Problem
from windlass.triggers.schedule import faults_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from windlass.problems import Span
    from windlass.reconcile.catalog import LiveWorkflow


def live_problems(workflows: Iterable[LiveWorkflow], keys: Collection[str]) -> list[Problem]:
    """`keys` are the names below `secrets:` of the server file."""
    found: list[Problem] = []
    for live in workflows:
        triggers = live.document.get("triggers") or {}
        found += _keyless(live, triggers.get("webhook") or (), keys)
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
