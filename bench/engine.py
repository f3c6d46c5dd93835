"""The run loop without processes: what deciding and recording cost; and with them."""

from __future__ import annotations

import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.figure import Figure, command, timed
from bench.served import until
from windlass.clock import SystemClock
from windlass.executors.held import HeldExecutor, Outcome
from windlass.plan.model import Plan, PlannedStep
from windlass.reconcile.creation import NewRun, record
from windlass.reconcile.engine import Engine
from windlass.runs.model import RunHead
from windlass.store.ids import new_id
from windlass.store.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from windlass.executors.base import Executor
    from windlass.store.tx import Tx

RUNS, STEPS = 64, 40


def figures() -> Iterator[Figure]:
    seen = RUNS * STEPS / _held()
    yield Figure("no-op steps, held executor", seen, "steps/s", "≥ 5,000", more=True)
    seen = RUNS * STEPS / _local()
    floor = 200 / timed(lambda: command(["bash", "-c", "seq 200 | xargs -P2 -I{} sh -c true"]))
    yield Figure("real steps, local executor", seen, "steps/s", "≥ 500", floor, "xargs -P2 sh -c true", more=True)


def _plan() -> Plan:
    steps = {}
    for index in range(STEPS):
        needs = (f"s{index - 1}",) if index else ()
        argv = ("sh", "{script}")
        steps[f"s{index}"] = PlannedStep(f"s{index}", "steps", needs=needs, script="true\n", argv=argv)
    return Plan("bench", "chain", None, {}, {}, steps)


def recorded(new: NewRun, tx: Tx) -> None:
    """`record` with its arguments the other way round, for `partial`."""
    record(tx, new)


def new_runs(count: int, plan: Plan | None = None) -> list[NewRun]:
    """Runs of a plan (of a chain of steps), not yet in a ledger."""
    plan, now = plan or _plan(), SystemClock().now()
    return [NewRun(RunHead(new_id(now), "bench", "chain", None), plan, b"{}", "") for _ in range(count)]


def drive(runs: list[NewRun], executor_of: object) -> float:
    """Seconds that the engine takes for these runs, all at once."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
        clock = SystemClock()
        ledger.writer.take_over("bench", clock.now())
        executors: dict[str, Executor] = {}
        engine = Engine(ledger.writer, executors, clock)
        executor = executor_of(Path(folder), engine)  # type: ignore[operator]
        executors["local"] = executor
        for new in runs:
            ledger.writer.write(partial(recorded, new))
        engine.start()
        started = time.perf_counter()
        for new in runs:
            engine.add(new.state())
        until(lambda: sum(engine.ended_runs().values()) >= len(runs), 0.002)
        took = time.perf_counter() - started
        engine.stop()
        executor.close(kill=True)
        ledger.close()
        assert engine.ended_runs() == {"succeeded": len(runs)}, engine.ended_runs()
        return took


def _held() -> float:
    return drive(new_runs(RUNS), lambda _folder, engine: HeldExecutor(engine.observe, script=lambda _launch: Outcome()))


def _local() -> float:
    from windlass.executors.local.executor import LocalExecutor
    from windlass.executors.local.spawn import spawn_supervisor

    return drive(
        new_runs(RUNS), lambda folder, engine: LocalExecutor(folder, engine.observe, spawn_supervisor(foreground=True))
    )
