"""Triggers: cron lines and zones (by the checkers passed in), inputs that are given, hooks.

In: a workflow. Out: problems at the wrong field of a cron line, notes where a change of the clocks matters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.loading.checks.site import TextMistake
from windlass.loading.checks.texts import OPEN
from windlass.nearest import did_you_mean
from windlass.plan.inputs import default_mistakes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from windlass.loading.checks.site import Site
    from windlass.loading.checks.texts import Path
    from windlass.problems import Problem
    from windlass_schemas.schedule import ScheduleTrigger
    from windlass_schemas.trigger import Trigger
    from windlass_schemas.workflow import Workflow

KINDS = ("schedule", "webhook", "git", "queue", "postgres", "workflow", "event")


def check_triggers(site: Site, workflow: Workflow) -> Iterator[Problem]:
    if workflow.triggers is None:
        return
    for index, schedule in enumerate(workflow.triggers.schedule):
        yield from _check_time(site, schedule, ("triggers", "schedule", index))
    for kind in KINDS:
        for index, trigger in enumerate(getattr(workflow.triggers, kind)):
            yield from _check_given(site, workflow, trigger, ("triggers", kind, index))
    yield from _check_hooks(site, workflow)


def _check_time(site: Site, schedule: ScheduleTrigger, path: Path) -> Iterator[Problem]:
    zone = site.checkers.zone(schedule.timezone)
    if zone is not None:
        yield site.in_text((*path, "timezone"), "unknown-timezone", zone)
    if schedule.cron is None:
        return
    mistake = site.checkers.cron(schedule.cron)
    if mistake is not None:
        yield site.in_text((*path, "cron"), "invalid-cron", mistake)
    elif zone is None:
        for note in site.checkers.dst_notes(schedule.cron, schedule.timezone):
            yield site.in_text((*path, "cron"), "dst-change", TextMistake(note))


def _check_given(site: Site, workflow: Workflow, trigger: Trigger, path: Path) -> Iterator[Problem]:
    """Inputs of a run: known, fitting where they are no expressions; a schedule must give what is required."""
    for name, given in trigger.inputs.items():
        declared = workflow.inputs.get(name)
        place = (*path, "inputs", name)
        if declared is None:
            hint = did_you_mean(name, workflow.inputs)
            yield site.at_key(place, "unknown-input", f"the workflow has no input {name}", hint)
        elif not (isinstance(given, str) and OPEN in given) and not isinstance(given, (list, dict)):
            for _, message in default_mistakes(declared, given):
                yield site.at_value(place, "input-value", f"{name} {message}")
    if path[1] == "webhook":
        return  # its form, or the request, may ask for the rest
    for name, declared in workflow.inputs.items():
        if declared.is_always_required and name not in trigger.inputs:
            message = f"this trigger does not give the input {name}, which is required"
            yield site.at_key(path, "missing-input", message, f"write inputs: {{{name}: …}}, or give it a default")


def _check_hooks(site: Site, workflow: Workflow) -> Iterator[Problem]:
    """One name, one verification (fine print, "Hooks answer"); over files it is checked with the whole repository."""
    seen: dict[str, object] = {}
    for index, hook in enumerate(workflow.triggers.webhook if workflow.triggers is not None else ()):
        if seen.setdefault(hook.name, hook.verify) != hook.verify:
            message = f"the hook {hook.name} has another verify above"
            yield site.at_value(("triggers", "webhook", index, "name"), "webhook-mismatch", message)
