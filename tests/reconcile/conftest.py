"""An engine with a real ledger and the executor that is released by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from windlass.clock import VirtualClock
from windlass.executors.held import HeldExecutor, HeldWorld
from windlass.plan.codec import from_bytes
from windlass.plan.model import Plan, PlannedStep
from windlass.reconcile.creation import NewRun, record
from windlass.reconcile.engine import Engine
from windlass.reconcile.reuse import LedgerReuse
from windlass.runs.model import RunHead
from windlass.runs.state import RunState
from windlass.store.ids import new_id
from windlass.store.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from windlass.executors.base import Executor


@dataclass
class Life:
    """One life of a controller on a ledger; `world` is what lives on outside of it."""

    ledger: Ledger
    clock: VirtualClock
    world: HeldWorld

    def __post_init__(self) -> None:
        self.ledger.writer.take_over("test", self.clock.now())
        executors: dict[str, Executor] = {}
        reuse = LedgerReuse(self.ledger.reads)
        self.engine = Engine(self.ledger.writer, executors, self.clock, reuse=reuse)
        self.held = HeldExecutor(self.engine.observe, world=self.world, clock=self.clock)
        executors["local"] = self.held

    def settle(self) -> Life:
        """Turn until nothing is left to take in."""
        for _ in range(20):
            self.engine.turn()
        return self

    def adopt(self) -> Life:
        rows = self.ledger.reads.open_runs()
        self.engine.adopt([RunState(from_bytes(plan), head, steps) for head, steps, plan in rows])
        return self.settle()

    def begin(self, *steps: PlannedStep, repository: str = "shop", **changes: Any) -> str:
        plan = Plan(repository, "deploy", None, {}, {}, {s.name: s for s in steps}, **changes)
        now = self.clock.now()
        from windlass.plan.codec import to_bytes

        new = NewRun(RunHead(new_id(now), repository, "deploy", None, created_at=now), plan, to_bytes(plan), "text")
        self.ledger.writer.write(lambda tx: record(tx, new))
        self.engine.add(new.state())
        self.settle()
        return new.head.id

    def status(self, run: str) -> str:
        head = self.ledger.reads.run(run)
        assert head is not None
        return head.status.value

    def steps(self, run: str) -> dict[str, str]:
        return {step.key.path: step.status.value for step in self.ledger.reads.steps(run)}


@pytest.fixture
def new_life(tmp_path: Path) -> Iterator[Any]:
    world, clock, ledgers = HeldWorld(), VirtualClock(), []

    def make() -> Life:
        ledgers.append(Ledger.open(f"sqlite:///{tmp_path}/ledger.db"))
        return Life(ledgers[-1], clock, world)

    yield make
    for ledger in ledgers:
        ledger.close()


@pytest.fixture
def life(new_life: Any) -> Life:
    made: Life = new_life()
    return made


@pytest.fixture(scope="session")
def step() -> Any:
    def make(name: str, *needs: str, **changes: Any) -> PlannedStep:
        return PlannedStep(name, "steps", needs=needs, script="true", argv=("sh", "{script}"), **changes)

    return make
