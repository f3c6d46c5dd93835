"""Steps that no run can ever reach: warnings.

In: the steps of a workflow. Out: a problem at each `if` that is false whatever happens, and at each step that falls
with such a step. What follows from a skipped step is the rule of the run itself (runs/follow.py): one that only waits
for it goes on, one that reads its outputs is skipped, and so on down.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.errors import ExpressionError
from windlass.expressions import evaluate, functions, parse_template, references
from windlass.expressions.template import Expr, TemplateError
from windlass.loading.checks.texts import OPEN
from windlass.plan.graph import dependencies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from windlass.loading.checks.site import Site
    from windlass.plan.graph import Dependencies
    from windlass.problems import Problem
    from windlass_schemas.workflow import StepItem

RULE = "unreachable-step"


def check_unreachable(site: Site, items: Sequence[StepItem]) -> Iterator[Problem]:
    never = {item.name: why for item in items if item.step.if_ is not None and (why := _never(item)) is not None}
    if not never:
        return
    for item in items:
        if item.name in never:
            message, hint = never[item.name]
            yield site.at_value((*item.path, "if"), RULE, f"{item.name} never runs: {message}", hint)
    main = {item.name for item in items if item.path[0] == "steps"}
    graph = {item.name: _waits(item, main) for item in items}
    fallen = _fallen(graph, set(never))
    for item in items:
        if item.name in fallen:
            hint = f"{fallen[item.name]} never runs"
            yield site.at_key(item.path, RULE, f"{item.name} never runs: it needs outputs that are never made", hint)


def _waits(item: StepItem, main: set[str]) -> Dependencies:
    """Steps of `finally` wait for no step of the run: what they say of one is read when all is over."""
    found = dependencies(item.step, item.after)
    if item.path[0] == "steps":
        return found
    return replace(found, needs=tuple(need for need in found.needs if need not in main))


def _never(item: StepItem) -> tuple[str, str | None] | None:
    """Why the step's `if` is never true, and what to do; None when it may be."""
    condition = item.step.if_
    if condition is False:
        return "its `if` is false", "delete the step, or write a condition"
    if not isinstance(condition, str) or OPEN not in condition or references(condition):
        return None
    called = functions(condition)
    if not called:
        return _constant(condition)
    if item.path[0] != "steps" or _source(condition) not in ("failure()", "cancelled()"):
        return None
    if "cancelled" in called:
        return "after a cancel only steps of finally begin", "move it below finally:"
    waits = dependencies(item.step, item.after).needs
    message = "failure() speaks of the steps before it, and it waits for none"
    return None if waits else (message, "name them in needs:, or move it below finally:")


def _constant(condition: str) -> tuple[str, str] | None:
    try:
        value = evaluate(condition, {})
    except ExpressionError:
        return None  # reported where expressions are checked
    return ("its `if` is always false", "delete the step, or write a condition") if value is False else None


def _source(condition: str) -> str | None:
    """The expression that a text consists of."""
    try:
        parts = parse_template(condition).parts
    except TemplateError:
        return None
    return parts[0].source.strip() if len(parts) == 1 and isinstance(parts[0], Expr) else None


def _fallen(graph: Mapping[str, Dependencies], never: set[str]) -> dict[str, str]:
    """Steps that are skipped with one that never runs, each with that one."""
    dependents: dict[str, list[str]] = {}
    for name, found in graph.items():
        for need in (*found.needs, *found.reads):
            dependents.setdefault(need, []).append(name)
    fallen: dict[str, str] = {}
    queue = [(name, name) for name in sorted(never)]
    while queue:
        name, why = queue.pop()
        for dependent in dependents.get(name, ()):
            found = graph[dependent]
            if dependent in never or dependent in fallen:
                continue
            if name in found.reads or (name in fallen and not found.tolerant):
                fallen[dependent] = why
                queue.append((dependent, why))
    return fallen
