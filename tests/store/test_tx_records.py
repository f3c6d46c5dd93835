"""Events by cursor, the audit log, tokens."""

from __future__ import annotations

import json

import pytest

from windlass.errors import LedgerError
from windlass.store.values import TokenRow


def test_events_come_in_order_and_never_reuse_a_cursor(ledger, clock) -> None:
    assert (ledger.reads.oldest_event(), ledger.reads.newest_event()) == (None, 0)
    first = ledger.writer.write(lambda tx: tx.add_event("run", "r1", {"n": 1}))
    clock.advance(1000)
    second = ledger.writer.write(lambda tx: tx.add_event("source", "shop", {"n": 2}))
    assert second > first
    seen = ledger.reads.events_after(first)
    assert [(cursor, kind, json.loads(data)) for cursor, kind, data in seen] == [(second, "source", {"n": 2})]
    assert (ledger.reads.oldest_event(), ledger.reads.newest_event()) == (first, second)
    assert ledger.writer.write(lambda tx: tx.prune_events(clock.now())) == 1
    assert ledger.reads.oldest_event() == second
    ledger.writer.write(lambda tx: tx.prune_events(clock.now() + 1))
    assert ledger.writer.write(lambda tx: tx.add_event("run", "r1", {})) > second


def test_watchers_are_told_after_the_commit(ledger) -> None:
    told: list[tuple[int, int]] = []
    ledger.writer.on_event = lambda cursor: told.append((cursor, ledger.reads.newest_event()))
    cursor = ledger.writer.write(lambda tx: [tx.add_event("run", "r", {}) for _ in range(3)][-1])
    ledger.writer.write(lambda tx: tx.set_schedule("shop", "a", "s", "d", 1, 0))  # no event, nobody is told
    assert told == [(cursor, cursor)]


def test_a_listener_that_fails_undoes_nothing(ledger) -> None:
    def broken(cursor: int) -> None:
        raise RuntimeError("mine")

    ledger.writer.on_event = broken
    cursor = ledger.writer.write(lambda tx: tx.add_event("run", "r", {}))
    assert ledger.writer.write(lambda tx: tx.add_event("run", "r", {})) > cursor


def test_the_audit_log_shows_before_and_after_newest_first(ledger) -> None:
    actor = {"kind": "user", "name": "ann"}
    for n in range(3):
        ledger.writer.write(lambda tx, n=n: tx.add_audit(n, actor, "run.cancel", f"r{n}", {"status": "running"}, None))
    newest, middle = ledger.reads.audit(2)
    assert newest.to_json() == {
        "at": "1970-01-01T00:00:00.002Z",
        "actor": actor,
        "action": "run.cancel",
        "object": "r2",
        "before": {"status": "running"},
        "after": None,
    }
    assert [row.object for row in ledger.reads.audit(2, before=middle.id)] == ["r0"]
    assert ledger.writer.write(lambda tx: tx.prune_audit(2)) == 2


def test_tokens_are_found_by_their_hash(ledger) -> None:
    ledger.writer.write(lambda tx: tx.insert_token("1", "ci", "hash", 5, None))
    token = TokenRow("1", "ci", "hash", 5, None)
    assert ledger.reads.token_by_hash("hash") == token
    assert ledger.reads.token_by_hash("other") is None
    with pytest.raises(LedgerError):
        ledger.writer.write(lambda tx: tx.insert_token("2", "again", "hash", 5, 9))
    assert ledger.reads.tokens() == [token]
    assert ledger.writer.write(lambda tx: tx.delete_token("1")) is True
    assert ledger.writer.write(lambda tx: tx.delete_token("1")) is False
