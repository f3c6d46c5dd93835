"""What the schema accepts and the engine does not run yet: refused by name, so that nothing is silently ignored.

In: a Workflow model. Out: the written path of each such key with the words of the rule `not-supported`. An entry leaves
this file when the engine learns to run it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from windlass_schemas.action import Action
    from windlass_schemas.repository import Repository
    from windlass_schemas.workflow import Path, StepItem, Workflow

WORKFLOW_KEYS = {
    "expect": "expect",
}
TRIGGERS = ("queue", "postgres")
_NO_OUTPUT = ("secret",)


def unsupported(workflow: Workflow) -> list[tuple[Path, str]]:
    """(written path, feature) of each key that no run could honour."""
    return list(_workflow(workflow))


def unsupported_settings(repository: Repository) -> list[tuple[Path, str]]:
    """The same for windlass.yaml."""
    return [((key,), key) for key in ("notify", "checks") if _set(repository, key)]


def unsupported_action(action: Action) -> list[tuple[Path, str]]:
    """The same for an action."""
    result: list[tuple[Path, str]] = []
    for name, declared in action.outputs.items():
        if declared.type in _NO_OUTPUT:
            result.append((("outputs", name, "type"), f"output type {declared.type}"))
    return result


def _workflow(workflow: Workflow) -> Iterator[tuple[Path, str]]:
    yield from _keys(workflow, WORKFLOW_KEYS, ())
    if workflow.triggers is not None:
        for kind in TRIGGERS:
            if getattr(workflow.triggers, kind):
                yield ("triggers", kind), f"trigger {kind}"
        for index, git in enumerate(workflow.triggers.git):
            if _set(git, "pull_request"):
                yield ("triggers", "git", index, "pullRequest"), "trigger git pullRequest"
    for item in (*workflow.step_items(), *workflow.finally_items()):
        yield from _step(item)


def _step(item: StepItem) -> Iterator[tuple[Path, str]]:
    step = item.step
    for name, declared in step.outputs.items():
        if declared.type in _NO_OUTPUT:
            yield (*item.path, "outputs", name, "type"), f"output type {declared.type}"


def _keys(written: Any, keys: dict[str, str], path: Path) -> Iterator[tuple[Path, str]]:
    if written.model_fields_set.isdisjoint(keys):
        return
    for key, feature in keys.items():
        if _set(written, key):
            yield (*path, _camel(key)), feature


def _set(written: Any, key: str) -> bool:
    return key in written.model_fields_set


def _camel(key: str) -> str:
    head, *rest = key.split("_")
    return head + "".join(part.title() for part in rest)
