"""Workflow tests: a case is planned like any run, played through with the results it gives, and judged.

In: a test's model, the workflow and the settings of its repository. Out: a verdict for each case: what was not as
expected, and the run as it would have been. A nested workflow is not entered (fine print, "Command line").
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass.clock import VirtualClock
from windlass.errors import InputError, WindlassError
from windlass.plan.inputs import parse_inputs
from windlass.plan.protection import unprotected
from windlass.plan.values import shown
from windlass.reconcile.admission import checked_env
from windlass.reconcile.creation import Cause, prepare
from windlass.runs.model import Status, StepKey
from windlass.runs.present import run_object
from windlass.runs.rehearse import Result, rehearse, unknown_readings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from windlass.plan.uses import Used
    from windlass.runs.state import RunState
    from windlass_schemas.repository import Repository
    from windlass_schemas.testfile import Case, Expected, GivenResult, Test
    from windlass_schemas.workflow import Workflow

TESTER = {"kind": "user", "name": "test"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one case. `run` is the run object, None when none could be planned; `seconds` of real time."""

    name: str
    failures: tuple[str, ...]
    run: dict[str, Any] | None
    expected: Expected
    seconds: float

    @property
    def ok(self) -> bool:
        return not self.failures


def judge_test(
    test: Test,
    workflow: Workflow,
    settings: Repository | None,
    repository: str,
    uses: Mapping[str, Used] | None = None,
) -> Iterator[Verdict]:
    """A verdict for each case, in order."""
    for case in test.cases:
        begun = time.perf_counter()
        try:
            state = _play(case, workflow, settings, repository, uses or {})
        except InputError as error:
            failures = tuple(f"{p.pointer.lstrip('/') or 'inputs'}: {p.message}" for p in error.problems)
            yield Verdict(case.name, failures, None, case.expect, time.perf_counter() - begun)
            continue
        except WindlassError as error:
            yield Verdict(case.name, (str(error),), None, case.expect, time.perf_counter() - begun)
            continue
        failures = (*_readings(state), *_differences(case.expect, state))
        run = run_object(state.head, state.steps.values())
        yield Verdict(case.name, failures, run, case.expect, time.perf_counter() - begun)


def _play(
    case: Case, workflow: Workflow, settings: Repository | None, repository: str, uses: Mapping[str, Used]
) -> RunState:
    cause = Cause(
        kind="manual",
        name="",
        inputs=parse_inputs(workflow.inputs, case.inputs),
        event={"kind": "manual", "scheduledAt": None, **case.event},
        actor=TESTER,
        env=checked_env(case.env),
    )
    now = VirtualClock().now()
    new = prepare(workflow, settings, repository=repository, commit=None, text="", cause=cause, now=now, uses=uses)
    results = {name: _result(given) for name, given in case.steps.items()}
    return rehearse(unprotected(new.plan), new.head, results)


def _result(given: GivenResult) -> Result:
    items = tuple(_result(item) for item in given.items or ())
    return Result(Status(given.status), given.outputs, items)


def _readings(state: RunState) -> Iterator[str]:
    """Reading what no result gave fails the case, whatever it expects."""
    for reader, step, output in unknown_readings(state.plan, state):
        who = f"step {reader} reads" if reader else "the outputs of the workflow read"
        yield f"{who} steps.{step}.outputs.{output}, which the case does not give"


def _differences(expected: Expected, state: RunState) -> Iterator[str]:
    head = state.head
    if expected.status is not None and head.status != expected.status:
        why = f" ({head.cause}: {head.message})" if head.message else ""
        yield f"status: expected {expected.status}, got {head.status.value}{why}"
    if expected.ran is not None:
        yield from _compared("ran", expected.ran, ran(state))
    if expected.skipped is not None:
        yield from _compared("skipped", expected.skipped, skipped(state))
    for name, value in (expected.outputs or {}).items():
        if name not in head.outputs:
            yield f"outputs.{name}: expected {shown(value)}, got none"
        elif head.outputs[name] != value or isinstance(value, bool) != isinstance(head.outputs[name], bool):
            yield f"outputs.{name}: expected {shown(value)}, got {shown(head.outputs[name])}"


def _compared(what: str, expected: Iterable[str], found: list[str]) -> Iterator[str]:
    missing = [name for name in expected if name not in found]
    extra = [name for name in found if name not in set(expected)]
    if missing:
        yield f"{what}: {', '.join(missing)} should have, and did not"
    if extra:
        yield f"{what}: {', '.join(extra)} did, and should not have"


def ran(state: RunState) -> list[str]:
    """The steps that began: whatever became of them."""
    return [name for name in _names(state) if _began(state, name)]


def skipped(state: RunState) -> list[str]:
    return [name for name in _names(state) if state.steps[StepKey(name)].status is Status.SKIPPED]


def _names(state: RunState) -> list[str]:
    return [*state.plan.steps, *state.plan.finally_]


def _began(state: RunState, name: str) -> bool:
    step = state.steps[StepKey(name)]
    if step.attempts or step.status in (Status.SUCCEEDED, Status.FAILED):
        return True
    return step.status is Status.ERRORED or (step.looped and step.started_at is not None)
