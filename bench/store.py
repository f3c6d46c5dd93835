"""The ledger alone: how long until a transition is durable, and how many a second when many wait together."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.engine import new_runs, recorded
from bench.figure import Figure, percentile, timed
from windlass.clock import SystemClock
from windlass.store.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from windlass.runs.model import Step
    from windlass.store.tx import Tx

WRITES = 500
RUNS = 100


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        floor = _plain_sqlite(Path(folder))
        ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
        try:
            ledger.writer.take_over("bench", SystemClock().now())
            yield from _latency(ledger, floor)
            yield _throughput(ledger)
        finally:
            ledger.close()


def _plain_sqlite(folder: Path) -> list[float]:
    """Milliseconds of transactions that write one row of a kilobyte, as SQLite alone does them."""
    connection = sqlite3.connect(folder / "floor.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT)")
    insert = "INSERT INTO t (body) VALUES (?)"
    took = [_milliseconds(lambda: connection.execute(insert, ("x" * 1000,))) for _ in range(WRITES)]
    connection.close()
    return took


def _milliseconds(work: Callable[[], object]) -> float:
    return timed(work) * 1000


def _latency(ledger: Ledger, floor: list[float]) -> Iterator[Figure]:
    new = new_runs(1)[0]
    ledger.writer.write(partial(recorded, new))
    step = next(iter(new.state().steps.values()))
    took = []
    for number in range(WRITES):
        work = partial(_saved, new.head.id, replace(step, message=f"m{number}"))
        took.append(_milliseconds(partial(ledger.writer.write, work)))
    for share, goal in ((0.5, ""), (0.99, "")):
        short = f"p{share * 100:.0f}"
        bottom = percentile(floor, share)
        name = f"ledger, one durable transition, {short}"
        yield Figure(name, percentile(took, share), "ms", goal, bottom, f"SQLite alone, {short}")


def _saved(run: str, step: Step, tx: Tx) -> None:
    tx.save_steps(run, (step,))


def _throughput(ledger: Ledger) -> Figure:
    """Every transition a unit of work of its own, all waiting at once: what group commit makes of a burst."""
    runs = new_runs(RUNS)
    for new in runs:
        ledger.writer.write(partial(recorded, new))
    changes = [(new.head.id, replace(s, message="changed")) for new in runs for s in new.state().steps.values()]
    started = time.perf_counter()
    futures = [ledger.writer.submit(partial(_saved, run, s)) for run, s in changes]
    for future in futures:
        future.result(60)
    seen = len(changes) / (time.perf_counter() - started)
    return Figure("ledger, transitions in a burst", seen, "/s", "", more=True)
