"""A long line in front of one concurrency group: what passing through it costs a run, and that it costs no more behind
a longer line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.engine import drive
from bench.figure import Figure
from windlass.clock import SystemClock
from windlass.executors.held import HeldExecutor, Outcome
from windlass.plan.codec import to_bytes
from windlass.plan.model import Plan, PlannedConcurrency, PlannedStep
from windlass.reconcile.creation import NewRun
from windlass.runs.model import RunHead
from windlass.store.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORT, LONG = 1000, 4000


def figures() -> Iterator[Figure]:
    free = _milliseconds_each(SHORT, None)
    short = _milliseconds_each(SHORT, PlannedConcurrency("bench"))
    long = _milliseconds_each(LONG, PlannedConcurrency("bench"))
    yield Figure(f"{SHORT:,} runs through a group of one, each", short, "ms", "", free, "without a group")
    yield Figure(f"{LONG:,} runs through a group of one, each", long, "ms", "", short, f"with {SHORT:,} runs")


def _milliseconds_each(count: int, group: PlannedConcurrency | None) -> float:
    step = PlannedStep("it", "steps", script="true\n", argv=("sh", "{script}"))
    plan, now = Plan("bench", "grouped", None, {}, {}, {"it": step}, concurrency=group), SystemClock().now()
    raw = to_bytes(plan)
    heads = [RunHead(new_id(now), "bench", "grouped", None, created_at=now) for _ in range(count)]
    runs = [NewRun(head, plan, raw, "") for head in heads]
    took = drive(runs, lambda _folder, engine: HeldExecutor(engine.observe, script=lambda _launch: Outcome()))
    return took * 1000 / count
