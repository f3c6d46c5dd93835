"""The outline of a plan: its steps as a tree, each with what it does and what it waits for, in words.

In: a Plan. Out: `Outline` values, a used workflow's steps below the step that uses it, as far as they are known before
a run: `windlass run --dry-run` shows them as a tree or as a Mermaid diagram. Pure.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from windlass.errors import ExpressionError, InputError
from windlass.plan.duration import for_people
from windlass.plan.environment import known_values
from windlass.plan.inputs import parse_inputs
from windlass.runs.nesting import plan_below

if TYPE_CHECKING:
    from collections.abc import Iterator

    from windlass.plan.loop import Loop
    from windlass.plan.model import Nested, Plan, PlannedStep

    Kind = Literal["program", "workflow", "approval", "wait"]

LONGEST = 100  # characters of a written value


@dataclass(frozen=True, slots=True)
class Outline:
    """`does` in a few words, `facts` what else is known; `unknown` says why the steps below cannot be shown yet."""

    name: str
    kind: Kind
    does: str
    after: tuple[str, ...]
    facts: tuple[str, ...]
    below: tuple[Outline, ...] = ()
    finally_: tuple[Outline, ...] = ()
    unknown: str | None = None


def outline(plan: Plan) -> tuple[tuple[Outline, ...], tuple[Outline, ...]]:
    """The steps, and those of `finally`, in written order."""
    steps, last = plan.steps.values(), plan.finally_.values()
    return tuple(_step(plan, step) for step in steps), tuple(_step(plan, step) for step in last)


def _step(plan: Plan, step: PlannedStep) -> Outline:
    kind, does = _does(step)
    facts = tuple(_facts(step))
    if step.nested is None:
        return Outline(step.name, kind, does, step.needs, facts)
    try:
        below, last = outline(_plan_below(plan, step.nested))
    except (ExpressionError, InputError) as error:
        return Outline(step.name, kind, does, step.needs, facts, unknown=str(error))
    return Outline(step.name, kind, does, step.needs, facts, below, last)


def _plan_below(plan: Plan, nested: Nested) -> Plan:
    """With the inputs that are known; raises ExpressionError when an expression needs another one, InputError."""
    declared = plan.uses[nested.target].workflow.inputs
    values = known_values(plan, nested.values)
    known = {name: one for name, one in declared.items() if name in values or not one.is_always_required}
    return plan_below(plan, nested, parse_inputs(known, {name: values[name] for name in values if name in known}))


def _does(step: PlannedStep) -> tuple[Kind, str]:
    if step.nested is not None:
        return "workflow", f"uses {step.nested.target}"
    if step.approval is not None:
        whom = f" by {' or '.join(step.approval.by)}" if step.approval.by else ""
        return "approval", f"approval{whom}"
    if step.wait is not None:
        span = step.wait.span
        return "wait", f"wait {for_people(span) if isinstance(span, int) else span or f'until {step.wait.until}'}"
    if step.given is not None:
        return "program", f"uses {step.given.target}"
    if step.parts:
        return "program", f"run, {len(step.parts)} parts"
    return "program", "run" if step.script is not None else f"command {_shown(' '.join(map(str, step.argv)))}"


def _facts(step: PlannedStep) -> Iterator[str]:
    if step.condition is not None:
        yield f"if {_shown(step.condition)}"
    if step.loop is not None:
        yield _loop(step.loop)
    if step.timeout is not None:
        yield f"timeout {for_people(step.timeout)}"
    if step.retry.attempts > 1:
        yield f"up to {step.retry.attempts} attempts"
    if step.concurrency is not None:
        yield f"in group {_shown(step.concurrency.group)}"
    if step.continue_on_error:
        yield "may fail"
    if step.cache is not None:
        yield "cached"


def _loop(loop: Loop) -> str:
    written: Any = loop.source
    if loop.kind == "matrix" and loop.axes:
        written = dict(loop.axes)
    return f"{loop.kind} {_shown(written)}, {loop.max_parallel} at once"


def _shown(value: Any) -> str:
    text = " ".join((value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
