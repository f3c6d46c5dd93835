"""Only who took over last may write (R26)."""

from __future__ import annotations

import threading
from concurrent.futures import wait

import pytest

from windlass.errors import FencedError, LedgerError
from windlass.store.opening import database


def test_each_take_over_raises_the_epoch(open_ledger) -> None:
    assert [open_ledger().writer.take_over(f"c{n}", n) for n in range(3)] == [1, 2, 3]


def test_nothing_is_written_before_a_take_over(open_ledger, runs) -> None:
    ledger = open_ledger()
    with pytest.raises(LedgerError, match="take_over"):
        runs.insert(ledger)
    ledger.writer.take_over("me", 1)
    runs.insert(ledger)


def test_an_old_writer_can_commit_nothing(open_ledger, runs) -> None:
    old, new = open_ledger(), open_ledger()
    old.writer.take_over("old", 1)
    head = runs.insert(old)
    new.writer.take_over("new", 2)
    futures = [old.writer.submit(lambda tx: tx.insert_run(runs.head(), b"{}", "d", "t")) for _ in range(5)]
    wait(futures)
    assert all(isinstance(future.exception(), FencedError) for future in futures)
    with pytest.raises(FencedError):
        old.writer.write(lambda tx: tx.save_run(head))
    assert [run[0] for run in new.reads.open_runs()] == [head]
    runs.insert(new)
    assert new.reads.count_open() == 2


def test_a_take_over_waits_for_the_transaction_that_is_under_way(open_ledger, runs) -> None:
    """Either the old writer's transaction is seen by the new one, or it never commits; never something between."""
    old, new = open_ledger(), open_ledger()
    old.writer.take_over("old", 1)
    first, second = runs.head(), runs.head()
    begun, go_on = threading.Event(), threading.Event()

    def slow(tx) -> None:
        tx.insert_run(first, b"{}", "d", "t")
        begun.set()
        assert go_on.wait(20)

    future = old.writer.submit(slow)
    assert begun.wait(20)
    threading.Timer(0.05, go_on.set).start()
    new.writer.take_over("new", 2)
    assert future.done() or future.result(20) is None
    assert [run[0] for run in new.reads.open_runs()] == [first]
    with pytest.raises(FencedError):
        runs.insert(old, second)


def test_a_fenced_writer_may_take_over_again(open_ledger, runs) -> None:
    one, other = open_ledger(), open_ledger()
    one.writer.take_over("one", 1)
    other.writer.take_over("other", 2)
    with pytest.raises(FencedError):
        runs.insert(one)
    assert one.writer.take_over("one", 3) == 3
    runs.insert(one)
    with pytest.raises(FencedError):
        runs.insert(other)


def test_scopes_do_not_fence_each_other(open_ledger, runs) -> None:
    one, other = open_ledger(), open_ledger()
    assert one.writer.take_over("one", 1, scope="run/1") == 1
    assert other.writer.take_over("other", 2, scope="run/2") == 1
    for ledger in (one, other, one):
        runs.insert(ledger)
    assert one.reads.count_open() == 3


def test_a_restored_backup_fences_the_controller_that_goes_on(open_ledger, url, runs) -> None:
    """R32: the ledger went back in time below a running controller; its counts no longer fit."""
    ledger = open_ledger()
    ledger.writer.take_over("me", 1)
    runs.insert(ledger)
    runs.insert(ledger)
    connection = database(url).connect()
    connection.begin()
    connection.change("UPDATE fences SET commits = commits - 1", {})
    connection.commit()
    connection.close()
    with pytest.raises(FencedError):
        runs.insert(ledger)
