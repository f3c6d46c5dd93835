"""Whether the runners that are there can run a plan.

In: a plan, and the kinds of the runners by name. Out: what does not fit, in words. What a step's own nested workflows
ask for is not known before they begin: there the runner itself refuses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from windlass.plan.model import Plan, PlannedStep

NO_SERVICES = "services need containers, and the local runner starts processes: use a docker or kubernetes runner"


def misfits(plan: Plan, kinds: Mapping[str, str]) -> list[str]:
    """`kinds`: name of a runner → local, docker, kubernetes. One text for each step that could not run."""
    every = (*plan.steps.values(), *plan.finally_.values())
    return [f"step {step.name}: {why}" for step in every for why in _misfits(step, kinds)]


def certain_runners(plan: Plan) -> set[str]:
    """Those that are used whenever nothing fails: what has an `if` may be skipped, and so may what is inside of a
    workflow that a step uses."""
    every = (*plan.steps.values(), *plan.finally_.values())
    return {step.runner for step in every if step.condition is None and step.nested is None and _runs(step)}


def may_use(plan: Plan, runner: str) -> bool:
    """Whether a step may go to it: what is inside of a workflow that a step uses is not known yet."""
    every = (*plan.steps.values(), *plan.finally_.values())
    return any(step.nested is not None or (_runs(step) and step.runner == runner) for step in every)


def _runner(step: PlannedStep) -> str:
    return step.nested.runner if step.nested is not None else step.runner


def _runs(step: PlannedStep) -> bool:
    return step.wait is None and step.approval is None


def _misfits(step: PlannedStep, kinds: Mapping[str, str]) -> Iterator[str]:
    runner = _runner(step)
    if not _runs(step):
        return
    if runner not in kinds:
        yield no_runner(runner, kinds)
    elif kinds[runner] == "local" and step.placement is not None and step.placement.services:
        yield NO_SERVICES


def no_runner(name: str, known: Mapping[str, str]) -> str:
    return f"there is no runner {name} ({did_you_mean(name, known)})"
