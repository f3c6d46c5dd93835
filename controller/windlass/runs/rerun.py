"""Run it again: which steps of an ended run a new run takes over as they are.

In: the plan that the new run is going to follow, the steps of the old run, what is to run again. Out: the steps to
keep; all others begin anew. What runs again takes everything downstream of it along, so nothing that is kept has seen
a value that changes. `finally` belongs to a run and not to its steps: it always runs again. Of a loop that failed, the
items that succeeded are kept, where nothing can have changed them; a nested workflow that failed goes on in the same
way (`resume.py`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from windlass.errors import ConflictError, InputError, InputProblem
from windlass.expressions import functions, references
from windlass.plan.graph import texts_in
from windlass.plan.protection import GATE
from windlass.runs.model import Status, Step, StepKey
from windlass.runs.nesting import leads_to, segment
from windlass.runs.resume import resumed
from windlass.runs.settled import settled_step
from windlass.runs.state import new_steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from windlass.plan.loop import Loop
    from windlass.plan.model import Plan, PlannedStep
    from windlass.runs.model import Attempt

Mode = Literal["all", "failed", "from"]
_STANDS = frozenset({Status.SUCCEEDED, Status.SKIPPED})
_UNCHANGED = frozenset({"inputs", "event", "repository", "steps"})
_OF_THE_RUN = frozenset({"now"})


def kept_steps(
    plan: Plan, steps: Iterable[Step], mode: Mode, start: str | None = None, *, before: Plan | None = None
) -> list[Step]:
    """The steps of the old run that the new one keeps, in their order, with the items of their loops.

    `failed` keeps what succeeded, and what was skipped for reasons that still hold; of a loop that runs again with the
    same plan and behind nothing else that does, it keeps the items that succeeded and lists the others as pending.
    `from` runs `start` again and what follows it. `before` is the old run's plan when the new one has another: a step
    that was changed runs again.

    Raises InputError for a wrong `start`; ConflictError when `from` would keep a step that did not end well.
    """
    _check(plan, mode, start)
    if mode == "all":
        return []
    found = list(steps)
    ends = {step.key.path: step for step in found if not step.key.item}
    starts = {name for name, planned in plan.steps.items() if not _same(plan, planned, ends, before)}
    if before is not None and before.commit != plan.commit:
        starts |= plan.steps.keys() & {GATE}  # who agreed to one commit has not agreed to another
    if mode == "from" and start is not None:
        starts.add(start)
    if mode == "failed":
        starts |= {name for name in plan.steps.keys() - starts if ends[name].status not in _STANDS}
    kept = plan.steps.keys() - _downstream(plan, starts)
    _refuse_broken(plan, {name: ends[name] for name in plan.steps if name in kept})
    listed: dict[StepKey, Step] = {}
    if mode == "failed" and before is None:
        again = plan.steps.keys() - kept
        for name in plan.steps:
            if name in again and again.isdisjoint(plan.steps[name].needs):
                listed |= _gone_on(plan, ends[name], found)
    whole = [listed.pop(step.key, step) for step in found if _root(step) in kept or step.key in listed]
    return [*whole, *listed.values()]


def _gone_on(plan: Plan, step: Step, found: list[Step]) -> dict[StepKey, Step]:
    """What runs again and still keeps something: a loop, or a nested workflow."""
    planned = plan.steps[step.key.path]
    if planned.loop is not None:
        return _listed_items(plan, planned, found)
    return {one.key: one for one in resumed(plan, step, found, _keep_below)}


def _keep_below(plan: Plan, steps: list[Step]) -> list[Step]:
    return kept_steps(plan, steps, "failed")


def _listed_items(plan: Plan, planned: PlannedStep, found: list[Step]) -> dict[StepKey, Step]:
    """The items of a loop that runs again: those that succeeded as they are, with what is below them, the others as
    not begun, or as far as the workflow below them came. None when no item is kept, or when they may be others."""
    assert planned.loop is not None
    if not _settled(planned.loop):
        return {}
    listed: dict[StepKey, Step] = {}
    succeeded: set[str] = set()
    gone_on = False
    for step in found:
        if step.key.item and step.key.path == planned.name:
            keep = step.status is Status.SUCCEEDED
            below = [] if keep else resumed(plan, step, found, _keep_below)
            listed |= {one.key: one for one in below} or {step.key: step if keep else Step(step.key)}
            succeeded |= {segment(step.key)} if keep else set()
            gone_on = gone_on or bool(below)
        elif leads_to(step.key.path) in succeeded:
            listed[step.key] = step
    return listed if succeeded or gone_on else {}


def _settled(loop: Loop) -> bool:
    """The items follow from what a rerun with the same plan has unchanged, and not from the run or its time."""
    texts = list(texts_in([loop.source, loop.axes, loop.include, loop.exclude]))
    if any(functions(text) & _OF_THE_RUN for text in texts):
        return False
    return all(name.partition(".")[0] in _UNCHANGED for text in texts for name in references(text))


def all_steps(plan: Plan, kept: Iterable[Step]) -> list[Step]:
    """Every step of the new run: those that are kept, the others `pending`; items and inner steps behind them."""
    known = {step.key: step for step in kept}
    own = [known.pop(step.key, step) for step in new_steps(plan)]
    return [*own, *known.values()]


def mark_origin(steps: Iterable[Step], run: str) -> list[Step]:
    """Attempts that are taken over name the run that made them: its folders hold their logs and artifacts."""
    return [
        replace(step, attempts=tuple(replace(a, handle={"run": origin(run, a)}) for a in step.attempts))
        for step in steps
    ]


def origin(run: str, attempt: Attempt) -> str:
    """The run that made an attempt which `run` lists."""
    named = (attempt.handle or {}).get("run")
    return named if isinstance(named, str) else run


def _check(plan: Plan, mode: Mode, start: str | None) -> None:
    if mode != "from":
        if start is not None:
            raise InputError([InputProblem("/step", f"goes with mode from, not with mode {mode}")])
        return
    if start is None:
        raise InputError([InputProblem("/step", "is required with mode from")])
    if start not in plan.steps and start not in plan.finally_:
        known = ", ".join([*plan.steps, *plan.finally_])
        raise InputError([InputProblem("/step", f"there is no step {start}; the steps are {known}")])


def _downstream(plan: Plan, starts: Iterable[str]) -> set[str]:
    """These and every step that waits for one of them, directly or not."""
    dependents: dict[str, list[str]] = {}
    for planned in plan.steps.values():
        for need in planned.needs:
            dependents.setdefault(need, []).append(planned.name)
    found = set(starts)
    queue = list(found)
    while queue:
        new = [name for name in dependents.get(queue.pop(), ()) if name not in found]
        found.update(new)
        queue += new
    return found


def _same(plan: Plan, planned: PlannedStep, ends: Mapping[str, Step], before: Plan | None) -> bool:
    """The old run has the step, and it was planned alike: with the same files, and the same below it."""
    if planned.name not in ends:
        return False
    if before is None:
        return True
    if before.steps.get(planned.name) != planned or (planned.checkout and before.commit != plan.commit):
        return False
    if planned.nested is not None and before.uses != plan.uses:
        return False
    return planned.given is None or before.uses.get(planned.given.target) == plan.uses.get(planned.given.target)


def _refuse_broken(plan: Plan, kept: Mapping[str, Step]) -> None:
    for name, step in kept.items():
        forgiven = settled_step(plan, step).continue_on_error and step.status in (Status.FAILED, Status.ERRORED)
        if step.status not in _STANDS and not forgiven:
            raise ConflictError(f"step {name} {step.status.value} and would be kept: rerun what failed, or from {name}")


def _root(step: Step) -> str:
    """The step of the plan that an item or an inner step belongs to."""
    return step.key.path.partition("/")[0].partition("[")[0]
