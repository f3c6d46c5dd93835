"""`windlass explain env WORKFLOW STEP`: each variable of a step, its value, and the layer that it comes from.

It reads the repository in the current folder as it is, plans the workflow as a run would, and starts nothing. Inputs
that are not given stay as they are written.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from windlass.cli.table import show
from windlass.errors import ExpressionError, InputError, ProblemsError, UsageError
from windlass.nearest import did_you_mean

if TYPE_CHECKING:
    import argparse

    from windlass.cli.remembered import Remembered
    from windlass.cli.target import Target
    from windlass.plan.environment import Variable
    from windlass.plan.model import Plan, PlannedStep
    from windlass_schemas.workflow import Workflow

COLUMNS = {
    "NAME": lambda row: row["name"],
    "VALUE": lambda row: "(unset)" if row["value"] is None else row["value"],
    "LAYER": lambda row: row["layer"] + ("" if row.get("wins", True) else " (overridden)"),
}


def command(arguments: argparse.Namespace) -> int:
    if arguments.name is None or arguments.step is None:
        raise UsageError("explain env needs WORKFLOW and STEP", "for example windlass explain env deploy build")
    remembered = _remembered(arguments)
    rows = remembered.find() if remembered is not None else None
    if rows is None:
        rows, lasting = _answer(arguments)
        if remembered is not None and lasting:
            remembered.keep(rows)
    show(rows, rows, COLUMNS, arguments.output)
    return 0


def _remembered(arguments: argparse.Namespace) -> Remembered | None:
    """None where an answer rests on more than the files and the commit."""
    from windlass.cli.remembered import Remembered
    from windlass.cli.work_tree import find_root
    from windlass.sources.work_tree import head_commit

    name = arguments.name
    if "/" in name or name.endswith((".yaml", ".yml")) or arguments.input or arguments.inputs_file or arguments.env:
        return None
    root = find_root(Path())
    return Remembered(root, f"env {name} {arguments.step} {arguments.all} {head_commit(root)}")


def _answer(arguments: argparse.Namespace) -> tuple[list[dict[str, Any]], bool]:
    """The rows, and whether they stay as they are while nothing is changed."""
    from windlass.cli.target import find_target
    from windlass.plan.environment import variables

    target = find_target(arguments.name)
    if any(problem.severity == "error" for problem in target.problems):
        raise ProblemsError(target.problems, target.text_of)
    found = variables(*_find(_plan(target, arguments), arguments.step))
    rows = [_row(one, whole=arguments.all) for one in found if one.wins or arguments.all]
    fleeting = any(word in target.text for word in ("hashFiles", "now(")) or target.uses
    return rows, not fleeting


def _find(plan: Plan, path: str) -> tuple[Plan, PlannedStep]:
    """The step and the plan that it stands in; `outer/inner` is one of the workflow that a step uses."""
    segment, slash, rest = path.partition("/")
    name = segment.partition("[")[0]
    steps = {**plan.steps, **plan.finally_}
    if name not in steps:
        hint = did_you_mean(name, steps) or f"the steps are {', '.join(steps)}"
        raise UsageError(f"{plan.workflow} has no step {name}", hint)
    if not slash:
        return plan, _with_environment(steps[name])
    if steps[name].nested is None:
        raise UsageError(f"step {name} uses no workflow, so it has no step {rest}")
    return _find(_below(plan, steps[name]), rest)


def _with_environment(step: PlannedStep) -> PlannedStep:
    """The step, when it has an environment: nothing is run by the others."""
    if step.nested is not None:
        hint = f"name one of the steps of {step.nested.target}: {step.name}/STEP"
        raise UsageError(f"step {step.name} uses a workflow, whose steps have their own environment", hint)
    if step.approval is not None or step.wait is not None:
        what = "an approval" if step.approval is not None else "a wait"
        raise UsageError(f"step {step.name} is {what}: it runs nothing, so it has no environment")
    return step


def _below(plan: Plan, step: PlannedStep) -> Plan:
    from windlass.plan.environment import known_values
    from windlass.runs.nesting import plan_below

    assert step.nested is not None
    inputs = _inputs(plan.uses[step.nested.target].workflow, known_values(plan, step.nested.values), {})
    try:
        return plan_below(plan, step.nested, inputs)
    except ExpressionError as error:
        raise UsageError(f"{step.name} cannot be planned: {error}") from error


def _row(one: Variable, *, whole: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"name": one.name, "value": one.value, "layer": one.layer}
    return {**row, "wins": one.wins} if whole else row


def _plan(target: Target, arguments: argparse.Namespace) -> Plan:
    from windlass.cli.run_inputs import env_of, inputs_of
    from windlass.plan.planner import Occasion, make_plan
    from windlass.reconcile.admission import checked_env

    values, texts = inputs_of(arguments)
    inputs = _inputs(target.workflow, values, texts)
    env = checked_env(env_of(arguments.env))
    event = {"kind": "manual", "scheduledAt": None}
    occasion = Occasion(target.repository, target.commit, inputs, event, env, uses=target.uses)
    try:
        return make_plan(target.workflow, target.settings, occasion)
    except ExpressionError as error:
        raise UsageError(f"this cannot be planned: {error}", "give the inputs that it reads by --input") from error


def _inputs(workflow: Workflow, values: dict[str, Any], texts: dict[str, str]) -> dict[str, Any]:
    """Those that are given or have a default; others are not known, which is no mistake here. Raises InputError."""
    from windlass.plan.inputs import parse_inputs

    declared = workflow.inputs
    try:
        return parse_inputs(declared, values, texts=texts)
    except InputError:
        known = {n: one for n, one in declared.items() if n in values or n in texts or not one.is_always_required}
        if len(known) == len(declared) or not {*values, *texts} <= declared.keys():
            raise
        return parse_inputs(known, values, texts=texts)
