"""Play a run through without executing anything: every attempt ends at once as it was given, waits take no time.

In: a plan, a head, results by step. Out: the RunState at its end. The decisions are those of `decide`, the same that a
server makes; only what is run is left out, and people answer at once, as given. Time is virtual: it jumps to whatever
is due next, so retries and waits cost nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from windlass.errors import WindlassError
from windlass.expressions import references
from windlass.plan.approval import OF_EVERY_APPROVAL
from windlass.plan.codec import to_object
from windlass.plan.graph import texts_in
from windlass.plan.model import OutputSpec, PlannedStep
from windlass.runs import approvals
from windlass.runs.decide import decide
from windlass.runs.model import Answered, Ended, Launch, Started, Status, StepKey
from windlass.runs.state import RunState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from windlass.clock import Millis
    from windlass.plan.model import Plan
    from windlass.runs.model import AttemptKey, Observation, RunHead, Step

MOST_TURNS = 100_000
TESTER = "test"
BY_THE_TEST = "as the test says"
# What decides about the order of things. Whatever else a step may be, here it is something that starts and ends.
_KEPT = frozenset(
    {
        "name", "section", "needs", "reads", "condition", "tolerant", "script", "script_name", "argv", "args", "parts",
        "env", "outputs", "timeout", "retry", "continue_on_error", "loop", "late", "wait", "approval", "runner",
        "image", "working_directory", "given",
    }
)  # fmt: skip
_KINDS = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


@dataclass(frozen=True, slots=True)
class Result:
    """How a step ends; `items` are those of a loop, in order, which else all end like the step."""

    status: Status = Status.SUCCEEDED
    outputs: Mapping[str, Any] = field(default_factory=dict)
    items: tuple[Result, ...] = ()


def rehearse(plan: Plan, head: RunHead, results: Mapping[str, Result]) -> RunState:
    """The run at its end. A step without a result succeeds with empty outputs."""
    results = {name: _with_files(result, _specs(plan, name)) for name, result in results.items()}
    state = RunState(_rehearsed(plan, results), head)
    now = head.created_at
    observations: list[Observation] = []
    for _ in range(MOST_TURNS):
        decision = decide(state, observations, now)
        state.apply(decision)
        if state.head.status.terminal:
            return state
        observations = list(_answers(state, decision.steps, results, now))
        for command in decision.commands:
            if isinstance(command, Launch):
                observations += _played(state, command.key, results, now)
        if not observations:
            if decision.wake_at is None:
                break
            now = max(now + 1, decision.wake_at)
    raise WindlassError(f"workflow {plan.workflow} does not come to an end")


def unknown_readings(plan: Plan, state: RunState) -> Iterator[tuple[str, str, str]]:
    """(reader, step, output) for each output that was read though no result gave it; the reader "" is the run."""
    for name, planned in (*plan.steps.items(), *plan.finally_.items()):
        for key in _ended_by_expression(state, name):
            yield from ((key, *found) for found in _not_given(plan, state, to_object(planned)))
            break
    if state.head.cause == "expression" and (state.head.message or "").startswith("outputs:"):
        yield from (("", *found) for found in _not_given(plan, state, [o["value"] for o in plan.outputs.values()]))


def _ended_by_expression(state: RunState, name: str) -> Iterator[str]:
    for key in (StepKey(name), *state.items.get(name, ())):
        if key in state.steps and state.steps[key].cause == "expression":
            yield name


def _not_given(plan: Plan, state: RunState, written: Any) -> Iterator[tuple[str, str]]:
    seen = set()
    for text in texts_in(written):
        for reference in sorted(references(text)):
            root, _, rest = reference.partition(".")
            name, _, more = rest.partition(".")
            what, _, output = more.partition(".")
            output = output.partition(".")[0]
            if root != "steps" or what != "outputs" or not output or (name, output) in seen:
                continue
            seen.add((name, output))
            step = state.steps.get(StepKey(name))
            if step is not None and step.status is Status.SUCCEEDED and output not in step.outputs:
                yield name, output


def _rehearsed(plan: Plan, results: Mapping[str, Result]) -> Plan:
    def section(steps: Mapping[str, PlannedStep]) -> dict[str, PlannedStep]:
        return {name: _as_given(planned, results.get(name)) for name, planned in steps.items()}

    # A single run is never in anybody's way.
    return replace(plan, steps=section(plan.steps), finally_=section(plan.finally_), overlap=None, concurrency=None)


def _specs(plan: Plan, name: str) -> Mapping[str, OutputSpec]:
    planned = plan.steps.get(name) or plan.finally_.get(name)
    return planned.outputs if planned is not None else {}


def _with_files(result: Result, specs: Mapping[str, OutputSpec]) -> Result:
    """A file that is given as its path alone has a path, and nothing else that could be read."""
    outputs = {
        name: {"path": value} if isinstance(value, str) and name in specs and specs[name].file else value
        for name, value in result.outputs.items()
    }
    return replace(result, outputs=outputs, items=tuple(_with_files(item, specs) for item in result.items))


def _as_given(planned: PlannedStep, result: Result | None) -> PlannedStep:
    """The step as something that only starts and ends; outputs may be missing, and then cannot be read."""
    found = PlannedStep(**{f.name: getattr(planned, f.name) for f in fields(planned) if f.name in _KEPT})
    declared = {
        name: OutputSpec({**({"type": "object"} if spec.file else spec.schema), "required": False}, spec.size)
        for name, spec in planned.outputs.items()
    }
    if found.approval is not None:
        return _answered(found, result)
    if result is None:
        return replace(found, outputs=declared)
    if result.status is Status.SKIPPED:
        return replace(found, condition=False, tolerant=False, needs=found.needs)
    given = {name: value for one in (result, *result.items) for name, value in one.outputs.items()}
    more = {
        name: OutputSpec({"type": _KINDS[type(value)], "required": False})
        for name, value in given.items()
        if name not in declared and type(value) in _KINDS
    }
    return replace(found, outputs=declared | more, wait=None)


def _answered(found: PlannedStep, result: Result | None) -> PlannedStep:
    """An approval: nobody is slow, and nobody is turned away; an end that no answer gives is that of an attempt."""
    if result is not None and result.status is Status.SKIPPED:
        return replace(found, condition=False, tolerant=False)
    if result is not None and result.status not in (Status.SUCCEEDED, Status.FAILED):
        return replace(found, approval=None)
    assert found.approval is not None
    by = result.outputs.get("by") if result is not None else None
    return replace(found, approval=replace(found.approval, minimum=len(by or [TESTER]), timeout=None))


def _answers(state: RunState, steps: Iterable[Step], results: Mapping[str, Result], now: Millis) -> Iterator[Answered]:
    """What people say to the approvals that wait now; the last one decides."""
    for step in steps:
        if not approvals.waits(step):
            continue
        result = _result(state, step.key, results)
        given = {name: value for name, value in result.outputs.items() if name not in OF_EVERY_APPROVAL}
        *others, last = result.outputs.get("by") or [TESTER]
        for who in others:
            yield Answered(step.key, now, who, True)
        comment = result.outputs.get("comment")
        yield Answered(step.key, now, last, result.status is Status.SUCCEEDED, comment, given, decides=True)


def _played(state: RunState, key: AttemptKey, results: Mapping[str, Result], now: Millis) -> Iterator[Started | Ended]:
    """The attempt begins and ends in the same moment."""
    result = _result(state, key.step, results)
    yield Started(key, now, {})
    if result.status is Status.CANCELLED:
        _stop(state, key)
    outputs = json.dumps(dict(result.outputs), ensure_ascii=False).encode() if result.outputs else b""
    if result.status is Status.ERRORED:
        yield Ended(key, now, None, cause="start-failed", message=BY_THE_TEST)
    elif result.status is Status.FAILED:
        yield Ended(key, now, 1, outputs, message=BY_THE_TEST)
    else:
        yield Ended(key, now, 0, outputs)


def _result(state: RunState, key: StepKey, results: Mapping[str, Result]) -> Result:
    result = results.get(key.path, Result())
    if not key.item or not result.items:
        return result
    index = next(i for i, item in enumerate(state.expansions[key.path].items) if item.key == key.item)
    return result.items[index] if index < len(result.items) else Result()


def _stop(state: RunState, key: AttemptKey) -> None:
    """As if somebody had stopped it: that is what its end is judged by."""
    step = state.steps[key.step]
    attempt = step.attempts[-1]
    stopped = replace(attempt, stop_reason="cancelled-by-user")
    state.steps[key.step] = replace(step, attempts=(*step.attempts[:-1], stopped))
