"""A world for the core: plans by hand or by chance, a clock that is moved, attempts that end when told to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from windlass.plan.model import Plan, PlannedStep, Retry
from windlass.runs.decide import decide
from windlass.runs.model import CancelRequested, Ended, Launch, Recall, RunHead, Started, StepKey, Stop
from windlass.runs.state import RunState

if TYPE_CHECKING:
    from windlass.runs.model import AttemptKey, Observation, Step


def planned(name: str, *needs: str, **changes: Any) -> PlannedStep:
    changes.setdefault("section", "steps")
    changes.setdefault("retry", Retry())
    return PlannedStep(name=name, needs=needs, argv=("sh", "{script}"), script="true", **changes)


def plan_of(*steps: PlannedStep, **changes: Any) -> Plan:
    main = {s.name: s for s in steps if s.section == "steps"}
    cleanup = {s.name: s for s in steps if s.section == "finally"}
    return Plan("shop", "deploy", "c" * 40, inputs={}, event={}, steps=main, finally_=cleanup, **changes)


@dataclass
class World:
    """Drives `decide` as the engine does: apply, then carry out; here attempts only stand in a table."""

    plan: Plan
    now: int = 1_000_000
    launched: list[AttemptKey] = field(default_factory=list)
    stopped: list[AttemptKey] = field(default_factory=list)
    running: dict[AttemptKey, Launch] = field(default_factory=dict)
    wake_at: int | None = None
    recalls: list[Recall] = field(default_factory=list)

    def __post_init__(self) -> None:
        head = RunHead("01RUN", "shop", "deploy", "c" * 40, created_at=self.now)
        self.state = RunState(self.plan, head)

    def tell(self, *observations: Observation) -> World:
        decision = decide(self.state, observations, self.now)
        self.state.apply(decision)
        self.wake_at = decision.wake_at
        for command in decision.commands:
            if isinstance(command, Launch):
                assert command.key not in self.launched, "an attempt was launched twice (R2)"
                self.launched.append(command.key)
                self.running[command.key] = command
            elif isinstance(command, Recall):
                self.recalls.append(command)
            else:
                assert isinstance(command, Stop)
                self.stopped.append(command.key)
        return self

    def key(self, name: str) -> AttemptKey:
        return next(k for k in self.running if k.path == name)

    def begin(self, name: str) -> World:
        return self.tell(Started(self.key(name), self.now, {"pid": 1}))

    def end(self, name: str, exit_code: int | None = 0, outputs: bytes = b"", cause: str | None = None) -> World:
        key = self.key(name)
        del self.running[key]
        return self.tell(Ended(key, self.now, exit_code, outputs, cause))

    def cancel(self, *, kill: bool = False) -> World:
        return self.tell(CancelRequested(self.now, kill=kill))

    def later(self, millis: int) -> World:
        self.now += millis
        return self.tell()

    def statuses(self) -> dict[str, str]:
        return {key.path: step.status.value for key, step in self.state.steps.items() if not key.item}

    def step(self, name: str) -> Step:
        return self.state.steps[StepKey(name)]

    @property
    def head(self) -> RunHead:
        return self.state.head

    def ended(self) -> bool:
        return self.head.status.terminal


@pytest.fixture
def world() -> Any:
    def make(*steps: PlannedStep, **changes: Any) -> World:
        return World(plan_of(*steps, **changes)).tell()

    return make


@pytest.fixture
def step() -> Any:
    return planned


@pytest.fixture(scope="session")
def world_class() -> type[World]:
    return World


@pytest.fixture(scope="session")
def make_plan() -> Any:
    return plan_of


@pytest.fixture(scope="session")
def make_step() -> Any:
    return planned
