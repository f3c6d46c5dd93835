"""Approvals and waits: nothing is run, so keys of what is run would be ignored; people who can never be enough.

Whoever may start and cancel runs is written alike, and checked here too.

In: the steps of a workflow, or the approval that protects an environment. Out: problems at the key or the value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from windlass.loading.checks.site import TextMistake
from windlass.plan.approval import OF_EVERY_APPROVAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from windlass.loading.checks.site import Site
    from windlass.loading.checks.texts import Path
    from windlass.problems import Problem
    from windlass_schemas.approval import Approval
    from windlass_schemas.step import Step
    from windlass_schemas.workflow import Access, StepItem

# What a step has whatever it does; all other keys say how something is run.
OF_ANY_STEP = frozenset(
    {"name", "needs", "if_", "for_each", "matrix", "max_parallel", "fail_fast", "continue_on_error", "concurrency"}
)
INITIATOR = "initiator"
SOMEBODY = re.compile(r"(group:)?[^\s:]+")


def check_approvals(site: Site, items: Iterable[StepItem]) -> Iterator[Problem]:
    for item in items:
        kind = item.step.kind
        if kind in ("approval", "wait"):
            yield from _needless(site, item.step, kind, item.path)
        if item.step.approval is not None:
            yield from check_approval(site, item.step.approval, (*item.path, "approval"))


def _needless(site: Site, step: Step, kind: str, path: Path) -> Iterator[Problem]:
    for name in sorted(step.model_fields_set - OF_ANY_STEP - {kind}):
        key = step.__class__.model_fields[name].alias or name
        hint = "write approval.timeout" if (kind, key) == ("approval", "timeout") else None
        what = "an approval" if kind == "approval" else "a wait"
        yield site.at_key((*path, key), "needless-key", f"{what} runs nothing, so {key} has no effect", hint)


def check_approval(site: Site, approval: Approval, path: Path) -> Iterator[Problem]:
    for key, entries in (("by", approval.by), ("notBy", approval.not_by)):
        for index, entry in enumerate(entries):
            yield from _somebody(site, entry, (*path, key, index))
    yield from _enough(site, approval, path)
    for name, declared in approval.inputs.items():
        if name in OF_EVERY_APPROVAL:
            message = f"every approval has the output {name}: the answer needs another name"
            yield site.at_key((*path, "inputs", name), "colliding-names", message)
        if declared.type in ("secret", "file"):
            message = f"an approval asks for no {declared.type}: its answers are outputs, which everybody may read"
            yield site.at_value((*path, "inputs", name, "type"), "invalid-value", message)
        if approval.on_timeout == "approve" and declared.is_required:
            message = f"onTimeout: approve needs a default for {name}, or required: false"
            yield site.at_key((*path, "inputs", name), "missing-input", message)


def _somebody(site: Site, entry: str, path: Path) -> Iterator[Problem]:
    if "${{" in entry:
        return
    if entry == INITIATOR and "by" in path:
        yield site.at_value(path, "invalid-value", "initiator is for notBy; whoever starts a run cannot be named in by")
    elif not SOMEBODY.fullmatch(entry):
        yield site.at_value(path, "invalid-value", f"{entry!r} is neither a user's name nor group:NAME")


def check_access(site: Site, access: Access | None) -> Iterator[Problem]:
    if access is None:
        return
    for key, entries in (("run", access.run), ("cancel", access.cancel)):
        for index, entry in enumerate(entries or ()):
            place = ("access", key, index)
            if "${{" in entry:
                mistake = TextMistake("no expression is evaluated here", None, entry.find("${{"), 3)
                yield site.in_text(place, "expression-not-allowed", mistake)
            elif entry == INITIATOR and key == "run":
                yield site.at_value(
                    place, "invalid-value", "initiator is for cancel: before a run starts there is none"
                )
            elif not SOMEBODY.fullmatch(entry):
                yield site.at_value(place, "invalid-value", f"{entry!r} is neither a user's name nor group:NAME")


def _enough(site: Site, approval: Approval, path: Path) -> Iterator[Problem]:
    """People who are named can be counted; those of groups and expressions cannot."""
    if not approval.by or any(entry.startswith("group:") or "${{" in entry for entry in approval.by):
        return
    count = len(set(approval.by) - set(approval.not_by))
    if count == 0:
        yield site.at_key((*path, "notBy"), "invalid-value", "nobody is left who may approve: notBy names all of by")
    elif isinstance(approval.minimum, int) and count < approval.minimum:
        message = f"{approval.minimum} people must approve, and by leaves {count}"
        yield site.at_value((*path, "minimum"), "invalid-value", message)
