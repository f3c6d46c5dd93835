"""What only a server can do to us: restart, end our sessions, turn read-only. Not collected where there is none."""

from __future__ import annotations

import threading

import pytest

from windlass.errors import FencedError, LedgerError
from windlass.store import postgresql
from windlass.store.ledger import Ledger


def test_a_server_that_restarts_in_the_middle_loses_and_repeats_nothing(postgres, postgres_url, clock) -> None:
    with Ledger.open(postgres_url, clock=clock, patience=60.0) as ledger:
        ledger.writer.take_over("me", 1)
        stop = threading.Event()
        cursors: list[int] = []

        def keep_writing() -> None:
            while not stop.is_set():
                cursors.append(ledger.writer.write(lambda tx: tx.add_event("run", str(len(cursors)), {})))

        thread = threading.Thread(target=keep_writing)
        thread.start()
        try:
            for mode in ("immediate", "fast"):
                seen = len(cursors)
                postgres.stop(mode)
                postgres.start()
                while len(cursors) < seen + 20:
                    assert thread.is_alive()
        finally:
            stop.set()
            thread.join(60)
        assert [row[0] for row in ledger.reads.events_after(0, 1_000_000)] == cursors
        assert ledger.reads.count_open() == 0


def test_sessions_on_a_server_that_became_read_only_are_replaced(postgres, postgres_url, clock) -> None:
    """A primary that was demoted answers, and refuses; after the failover the name leads to one that accepts."""
    with Ledger.open(postgres_url, clock=clock, patience=0.3) as ledger:
        ledger.writer.take_over("me", 1)
        name = postgres_url.partition("@/")[2].partition("?")[0]
        postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        ledger.writer._disconnect()
        with pytest.raises(LedgerError, match="read-only"):
            ledger.writer.write(lambda tx: tx.add_event("run", "r", {}))
        postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
        assert ledger.writer.write(lambda tx: tx.add_event("run", "r", {})) > 0


def test_readers_and_the_writer_outlive_their_sessions(postgres, postgres_url, clock) -> None:
    with Ledger.open(postgres_url, clock=clock) as ledger:
        ledger.writer.take_over("me", 1)
        first = ledger.writer.write(lambda tx: tx.add_event("run", "r", {}))
        assert ledger.reads.newest_event() == first
        postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        assert ledger.reads.newest_event() == first
        second = ledger.writer.write(lambda tx: tx.add_event("run", "r", {}))
        assert [row[0] for row in ledger.reads.events_after(0)] == [first, second]


def test_a_server_that_is_away_is_an_error_without_the_password(postgres) -> None:
    with pytest.raises(LedgerError) as failed:
        Ledger.open(f"postgresql://someone:hunter2secret@/nowhere?host={postgres.folder}/away")
    assert "hunter2secret" not in str(failed.value)


def test_who_stands_still_within_a_transaction_is_not_waited_for(
    postgres, postgres_url, clock, runs, monkeypatch
) -> None:
    """It holds the row that the next one has to change to take over (R26)."""
    monkeypatch.setattr(postgresql, "STANDSTILL", 300)
    go_on = threading.Event()
    head = runs.head()

    def slow(tx) -> None:
        tx.insert_run(head, b"{}", "d", "t")
        assert go_on.wait(30)

    with Ledger.open(postgres_url, clock=clock) as old, Ledger.open(postgres_url, clock=clock) as new:
        old.writer.take_over("old", 1)
        future = old.writer.submit(slow)
        assert new.writer.take_over("new", 2) == 2
        assert not future.done()
        go_on.set()
        assert isinstance(future.exception(30), FencedError)
        assert new.reads.count_open() == 0
