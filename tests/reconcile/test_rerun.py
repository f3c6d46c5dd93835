"""A rerun over a real ledger: the old run stays, the new one holds what was kept, a crash does not start it twice."""

from __future__ import annotations

import pytest

from windlass.errors import ConflictError, NotFoundError
from windlass.reconcile.creation import record
from windlass.reconcile.rerun import Again, ended_run, plan_again

ADA = {"kind": "user", "name": "ada"}


def half_done(life, step):
    run = life.begin(step("a"), step("b", "a"))
    life.held.finish(life.held.running()[0])
    life.settle()
    life.held.finish(life.held.running()[0], exit_code=1)
    life.settle()
    assert life.steps(run) == {"a": "succeeded", "b": "failed"}
    return run


def test_a_rerun_is_adopted_after_a_crash_with_what_it_kept(new_life, step):
    life = new_life()
    old = half_done(life, step)
    whole = life.ledger.reads.whole_run(old)
    new = plan_again(ended_run(life.ledger.reads, old), Again("failed"), ADA, life.clock.now())
    life.ledger.writer.write(lambda tx: record(tx, new))
    second = new_life().adopt()
    run = new.head.id
    assert second.steps(run) == {"a": "succeeded", "b": "running"}
    second.held.finish(second.held.running()[0])
    second.settle()
    assert second.status(run) == "succeeded"
    assert [(k.path, k.number) for k in second.world.started if k.run == run] == [("b", 1)]
    assert second.ledger.reads.whole_run(old) == whole
    assert second.ledger.reads.plan(run) == second.ledger.reads.plan(old)


def test_only_a_run_that_has_ended_runs_again(life, step):
    run = life.begin(step("a"))
    with pytest.raises(ConflictError, match="has not ended: running"):
        ended_run(life.ledger.reads, run)
    with pytest.raises(NotFoundError):
        ended_run(life.ledger.reads, "01NOTHING")
