"""The database fails at any statement, also after COMMIT was sent: nothing is lost or done twice (R31)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from windlass.errors import LedgerError
from windlass.store.connection import Fault
from windlass.store.opening import Database, database
from windlass.store.writer import Writer

STATEMENTS = ("begin", "change", "change_many", "insert", "rows", "savepoint", "release", "commit")


@dataclass(frozen=True)
class Flaky:
    """A database whose connections fail once, at the n-th call, before or after it was carried out."""

    real: Database
    at: list[int]  # calls to go; an empty list fails no more
    after: bool

    @property
    def sql(self) -> Any:
        return self.real.sql

    def connect(self) -> FlakyConnection:
        return FlakyConnection(self.real.connect(), self)


class FlakyConnection:
    def __init__(self, real: Any, plan: Flaky) -> None:
        self._real = real
        self._plan = plan

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._real, name)
        return self._failing(call) if name in STATEMENTS else call

    def _failing(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any) -> Any:
            at = self._plan.at
            if not at:
                return call(*arguments)
            at[0] -= 1
            if at[0] > 0:
                return call(*arguments)
            at.clear()
            if self._plan.after:
                call(*arguments)
            self._real.close()
            raise Fault("the wire is cut", gone=True)

        return wrapped


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_fault_at_any_statement_loses_and_repeats_nothing(ledger, url, clock, runs, after) -> None:
    """`after` at the commit is the ambiguous one: it took place, and nobody was told."""
    faults = 0
    for number in range(1, 40):
        calls = [number]
        writer = Writer(Flaky(database(url), calls, after), clock, patience=10)  # type: ignore[arg-type]
        writer.take_over("flaky", 1)
        head = runs.head(labels={"env": "prod"})
        steps = [runs.step("a", attempts=(runs.attempt(),)), runs.step("b")]

        def work(tx, head=head, steps=steps) -> int:
            tx.insert_run(head, b"{}", "d", "t", steps)
            return tx.add_event("run", head.id, {})

        before = ledger.reads.newest_event()
        cursor = writer.write(work)
        following = writer.write(lambda tx: tx.add_event("run", "next", {}))  # the count of commits still fits
        writer.close()
        assert ledger.reads.steps(head.id) == tuple(steps)
        assert [row[0] for row in ledger.reads.events_after(before)] == [cursor, following]
        if calls:
            break  # every statement has failed once
        faults += 1
    assert faults >= 12


def test_a_fault_within_a_group_loses_and_repeats_nothing(ledger, url, clock) -> None:
    for number in range(1, 25):
        writer = Writer(Flaky(database(url), [number], True), clock, patience=10)  # type: ignore[arg-type]
        writer.take_over("flaky", 1)
        before = ledger.reads.newest_event()
        futures = [writer.submit(lambda tx, n=n: tx.add_event("run", str(n), {})) for n in range(4)]
        cursors = [future.result(20) for future in futures]
        writer.close()
        assert [row[0] for row in ledger.reads.events_after(before)] == sorted(cursors)


def test_patience_ends_with_an_error_and_the_writer_goes_on(url, clock, ledger) -> None:
    class Away:
        sql = database(url).sql
        away = False

        def connect(self) -> Any:
            if self.away:
                raise Fault("no route to the database", gone=True)
            return database(url).connect()

    where = Away()
    writer = Writer(where, clock, patience=0.05)  # type: ignore[arg-type]
    writer.take_over("me", 1)
    where.away = True
    writer._disconnect()
    with pytest.raises(LedgerError, match="no route"):
        writer.write(lambda tx: tx.add_event("run", "1", {}))
    where.away = False
    assert writer.write(lambda tx: tx.add_event("run", "2", {})) > 0
    writer.close()


def test_a_writer_that_waits_for_its_database_closes_at_once(url, clock, ledger) -> None:
    calls: list[int] = []
    writer = Writer(Flaky(database(url), calls, False), clock, patience=600)  # type: ignore[arg-type]
    writer.take_over("me", 1)
    failing = threading.Event()

    def always(tx) -> None:
        failing.set()
        raise Fault("never")

    future = writer.submit(always)
    assert failing.wait(20)
    writer.close()
    assert isinstance(future.exception(0), LedgerError)
