"""After a start: every run that can be read goes on, and one that cannot ends."""

from __future__ import annotations

import sqlite3
import zlib

from windlass.reconcile.restore import give_up, restore_runs
from windlass.runs.model import CancelRequested


def test_a_run_whose_plan_cannot_be_read_ends_and_the_others_go_on(new_life, step, tmp_path):
    first = new_life()
    good, bad = first.begin(step("a")), first.begin(step("a"), step("b", "a"))
    with sqlite3.connect(tmp_path / "ledger.db") as ledger:
        ledger.execute("update run_contents set plan = ? where run_id = ?", (zlib.compress(b"{}"), bad))
    second = new_life()
    states, unreadable = restore_runs(second.ledger.reads)
    second.engine.adopt(states)
    ended = []
    give_up(
        unreadable,
        second.ledger.writer,
        second.clock,
        lambda _head: [second.held],
        lambda _tx, head: ended.append(head.status.value),
    )
    second.settle()
    assert (second.status(good), second.status(bad)) == ("running", "errored")
    assert second.steps(bad) == {"a": "errored", "b": "skipped"}
    assert second.ledger.reads.run(bad).cause == "internal-error"
    assert ended == ["errored"]
    assert {key.run for key in second.held.running()} == {good}, "what still ran of it was ended"
    second.engine.cancel(bad, CancelRequested(second.clock.now()))
    second.settle()
    assert second.status(bad) == "errored"
    assert list(restore_runs(new_life().ledger.reads)[1]) == []
