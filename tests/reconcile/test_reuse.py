"""Reused outputs over a real ledger: kept with the success, found by the next run, gone when they are old."""

from __future__ import annotations

import pytest

from windlass.plan.caching import PlannedCache
from windlass.plan.model import OutputSpec


@pytest.fixture
def cached(step):
    def make(key="k", ttl=60_000):
        return step("a", cache=PlannedCache(key, ttl=ttl), outputs={"n": OutputSpec({"type": "integer"})})

    return make


def run_with(life, made, outputs=b"n=1\n", code=0):
    """A run in which `a` ends so, if it runs at all; its id."""
    run = life.begin(made)
    for key in life.held.running():
        life.held.finish(key, exit_code=code, outputs=outputs)
    life.settle()
    return run


def made_by(life, run):
    (found,) = life.ledger.reads.steps(run)
    return found.outputs.get("n"), len(found.attempts)


def test_the_second_run_has_the_outputs_of_the_first(life, cached):
    assert made_by(life, run_with(life, cached())) == (1, 1)
    run = run_with(life, cached(), b"n=2\n")
    assert (life.status(run), made_by(life, run)) == ("succeeded", (1, 0))


def test_until_they_are_too_old(life, cached):
    run_with(life, cached())
    life.clock.advance(59_999)
    assert made_by(life, run_with(life, cached(), b"n=2\n")) == (1, 0)
    life.clock.advance(1)
    assert made_by(life, run_with(life, cached(), b"n=3\n")) == (3, 1)
    life.clock.advance(59_999)
    assert made_by(life, run_with(life, cached(), b"n=4\n")) == (3, 0)


def test_the_reader_says_how_old_they_may_be(life, cached):
    run_with(life, cached())
    life.clock.advance(5_000)
    assert made_by(life, run_with(life, cached(ttl=5_000), b"n=2\n")) == (2, 1)


def test_other_keys_and_failures_are_no_hits(life, cached):
    run_with(life, cached())
    assert made_by(life, run_with(life, cached("other"), b"", code=1)) == (None, 1)
    assert made_by(life, run_with(life, cached("other"), b"n=2\n")) == (2, 1)


def test_a_new_life_answers_what_the_last_one_was_asked(new_life, cached):
    first = new_life()
    run_with(first, cached())
    first.engine._reuse.recall = lambda asked, now: (_ for _ in ()).throw(SystemExit)  # it dies before the answer
    with pytest.raises(SystemExit):
        first.begin(cached())
    second = new_life().adopt()
    (run,) = [head.id for head in second.ledger.reads.list_runs(_all()).items if head.id != ""][:1]
    assert (second.status(run), made_by(second, run)) == ("succeeded", (1, 0))


def _all():
    from windlass.store.filters import RunFilter

    return RunFilter()
