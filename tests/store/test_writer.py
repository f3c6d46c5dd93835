"""Group commit: units that queue up share a transaction, and a failing unit fails alone."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from windlass.errors import ConflictError, LedgerError


def held(ledger) -> threading.Event:
    """Keeps the writer busy until the event is set, so that what is submitted meanwhile queues up."""
    begun, go_on = threading.Event(), threading.Event()

    def unit(tx) -> None:
        begun.set()
        assert go_on.wait(20)

    ledger.writer.submit(unit)
    assert begun.wait(20)
    return go_on


def event(number: int):
    return lambda tx: tx.add_event("run", str(number), {})


def test_units_that_queue_up_share_a_commit(ledger) -> None:
    go_on = held(ledger)
    before = ledger.writer.commits
    with ThreadPoolExecutor(10) as pool:
        futures = list(pool.map(lambda n: ledger.writer.submit(event(n)), range(100)))
    go_on.set()
    cursors = [future.result(20) for future in futures]
    assert len(set(cursors)) == 100
    assert ledger.writer.commits - before <= 3  # the holding unit's, one for the hundred
    assert ledger.writer.units == 101
    assert len(ledger.reads.events_after(0)) == 100


def test_a_unit_is_committed_when_its_future_is_done(ledger) -> None:
    for number in range(20):
        cursor = ledger.writer.write(event(number))
        assert ledger.reads.newest_event() == cursor


def test_a_failing_unit_fails_alone(ledger, runs) -> None:
    head = runs.insert(ledger)
    go_on = held(ledger)

    def breaks(tx) -> None:
        tx.add_event("run", "broken", {})
        raise ValueError("mine")

    def refused(tx) -> None:
        tx.add_event("run", "refused", {})
        tx.insert_run(head, b"{}", "d", "t")  # the id is taken: the database itself says no

    units = [event(1), breaks, event(2), refused, lambda tx: tx.save_steps("nope", [runs.step("a")]), event(3)]
    futures = [ledger.writer.submit(unit) for unit in units]
    go_on.set()
    wait(futures)
    errors = [type(future.exception()) for future in futures]
    assert [errors[n] for n in (0, 2, 5)] == [type(None)] * 3
    assert isinstance(futures[1].exception(), ValueError)
    assert isinstance(futures[3].exception(), LedgerError)
    assert len(ledger.reads.events_after(0)) == 3


@pytest.mark.parametrize("error", [ValueError("mine"), ConflictError("no"), KeyboardInterrupt()])
def test_a_unit_that_fails_by_itself_leaves_nothing(ledger, error) -> None:
    def breaks(tx) -> None:
        tx.add_event("run", "broken", {})
        raise error

    with pytest.raises(type(error)):
        ledger.writer.write(breaks)
    assert ledger.reads.newest_event() == 0
    ledger.writer.write(event(1))
    assert len(ledger.reads.events_after(0)) == 1


def test_a_statement_that_is_refused_alone_is_a_ledger_error(ledger, runs) -> None:
    head = runs.insert(ledger)
    with pytest.raises(LedgerError, match="refused"):
        runs.insert(ledger, head)
    runs.insert(ledger)


def test_a_cancelled_future_is_not_run(ledger) -> None:
    go_on = held(ledger)
    future = ledger.writer.submit(event(1))
    assert future.cancel()
    go_on.set()
    ledger.writer.write(event(2))
    assert len(ledger.reads.events_after(0)) == 1


def test_closing_commits_what_is_queued_and_refuses_what_comes_later(open_ledger) -> None:
    ledger = open_ledger()
    ledger.writer.take_over("me", 1)
    go_on = held(ledger)
    futures = [ledger.writer.submit(event(n)) for n in range(10)]
    go_on.set()
    ledger.close()
    assert all(future.result(0) for future in futures)
    with pytest.raises(LedgerError, match="closed"):
        ledger.writer.write(event(1))
    with pytest.raises(LedgerError, match="closed"):
        ledger.reads.newest_event()
    ledger.close()  # twice is fine


def test_readers_see_nothing_of_a_transaction_that_is_under_way(ledger) -> None:
    written, go_on = threading.Event(), threading.Event()

    def unit(tx) -> None:
        tx.add_event("run", "r", {})
        written.set()
        assert go_on.wait(20)

    future = ledger.writer.submit(unit)
    assert written.wait(20)
    assert ledger.reads.newest_event() == 0
    go_on.set()
    future.result(20)
    assert ledger.reads.newest_event() == 1


def apart(work):
    """The result of `work`, called in a thread that is not the main one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result(20)


def who(tx) -> threading.Thread:
    tx.add_event("run", "r", {})
    return threading.current_thread()


def test_who_writes_alone_commits_in_their_own_thread(ledger) -> None:
    assert apart(lambda: ledger.writer.write(who) is threading.current_thread())
    assert (ledger.reads.newest_event(), ledger.writer.commits) == (1, 1)


def test_the_main_thread_never_commits_itself(ledger) -> None:
    assert ledger.writer.write(who) is not threading.current_thread()


def test_who_comes_while_others_wait_goes_after_them(ledger) -> None:
    go_on = held(ledger)
    with ThreadPoolExecutor(1) as pool:
        first = ledger.writer.submit(event(1))
        last = pool.submit(ledger.writer.write, event(2))
        go_on.set()
        assert first.result(20) < last.result(20)


def test_a_unit_that_fails_in_its_own_thread_leaves_nothing(ledger) -> None:
    def breaks(tx) -> None:
        tx.add_event("run", "broken", {})
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        apart(lambda: ledger.writer.write(breaks))
    assert apart(lambda: ledger.writer.write(event(1)))
    assert len(ledger.reads.events_after(0)) == 1


def test_a_closed_ledger_refuses_every_thread(open_ledger) -> None:
    ledger = open_ledger()
    ledger.writer.take_over("me", 1)
    ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        apart(lambda: ledger.writer.write(event(1)))
