"""The run loop over a real ledger: recorded before it is done, adopted after a crash, one bad run harms only itself."""

from __future__ import annotations

from windlass.errors import FencedError
from windlass.plan.model import Retry
from windlass.runs.model import CancelRequested


def test_a_run_goes_from_the_ledger_to_the_executor_and_back(life, step):
    run = life.begin(step("a"), step("b", "a"))
    assert life.steps(run) == {"a": "running", "b": "pending"}
    life.held.finish(life.held.running()[0])
    life.settle()
    assert life.steps(run) == {"a": "succeeded", "b": "running"}
    life.held.finish(life.held.running()[0], exit_code=4)
    life.settle()
    assert life.status(run) == "failed"
    assert life.engine.open_runs == 0


def test_what_follows_is_started_before_anybody_looks_on(life, step):
    seen = []
    life.begin(step("a"), step("b", "a"))
    life.engine._on_change = lambda _head, _steps: seen.append([key.path for key in life.world.started])
    life.held.finish(life.held.running()[0])
    life.settle()
    assert seen[0] == ["a", "b"]


def test_a_new_life_adopts_what_runs_and_starts_nothing_twice(new_life, step):
    first = new_life()
    run = first.begin(step("a"), step("b", "a"), step("c"))
    assert len(first.world.started) == 2
    second = new_life().adopt()
    assert second.steps(run) == {"a": "running", "b": "pending", "c": "running"}
    for key in second.held.running():
        second.held.finish(key)
    second.settle()
    assert second.steps(run)["b"] == "running"
    second.held.finish(second.held.running()[0])
    second.settle()
    assert second.status(run) == "succeeded"
    assert len(second.world.started) == len(set(second.world.started)) == 3


def test_an_attempt_that_is_recorded_and_was_never_started_is_lost(new_life, step):
    first = new_life()
    first.held.start = lambda launches: None  # the process dies between the record and the effect
    run = first.begin(step("a"))
    assert first.world.started == []
    second = new_life().adopt()
    assert (second.status(run), second.steps(run)) == ("errored", {"a": "errored"})
    assert second.world.started == []


def test_an_attempt_that_was_to_be_stopped_is_told_so_by_the_next_life(new_life, step):
    first = new_life()
    first.held.stop = lambda stop: None  # the process dies between the record and the effect
    run = first.begin(step("a"))
    first.engine.cancel(run, CancelRequested(first.clock.now()))
    first.settle()
    assert first.status(run) == "cancelling"
    second = new_life().adopt()
    assert (second.status(run), second.steps(run)) == ("cancelled", {"a": "cancelled"})


def test_an_engine_that_dies_of_a_mistake_of_ours_says_so(life, step):
    def broken(_launches):
        raise RuntimeError("a mistake of ours")

    life.begin(step("a"), step("b", "a"))
    life.held.start = broken
    life.engine.start()
    life.held.finish(life.held.running()[0])
    life.engine._thread.join(10)
    assert isinstance(life.engine.failed, RuntimeError)


def test_a_fenced_engine_records_and_starts_nothing(new_life, step):
    old, new = new_life(), None
    run = old.begin(step("a"), step("b", "a"))
    new = new_life()
    old.held.finish(old.held.running()[0])
    try:
        old.settle()
    except FencedError:
        fenced = True
    assert fenced
    assert [key.path for key in old.world.started] == ["a"]
    assert new.steps(run) == {"a": "running", "b": "pending"}


def test_time_alone_brings_retries(life, step):
    run = life.begin(step("a", retry=Retry(attempts=2, delay=5000)))
    life.held.finish(life.held.running()[0], exit_code=1)
    life.settle()
    assert life.steps(run) == {"a": "waiting"}
    life.clock.advance(5000)
    life.settle()
    assert [key.number for key in life.world.started] == [1, 2]


def test_a_cancel_reaches_the_executor(life, step):
    run = life.begin(step("a"), step("b", "a"))
    life.engine.cancel(run, CancelRequested(life.clock.now()))
    life.settle()
    assert (life.status(run), life.steps(run)) == ("cancelled", {"a": "cancelled", "b": "cancelled"})


def test_a_run_that_cannot_be_decided_on_ends_alone(life, step, monkeypatch):
    from windlass.reconcile import engine as module

    good = life.begin(step("a"))
    bad = life.begin(step("a"))
    real = module.decide

    def sometimes(state, observations, now):
        if state.head.id == bad:
            raise RuntimeError("broken")
        return real(state, observations, now)

    monkeypatch.setattr(module, "decide", sometimes)
    for key in life.held.running():
        life.held.finish(key)
    for _ in range(10):
        life.settle()
        life.clock.advance(10_000)
    assert life.status(good) == "succeeded"
    assert life.status(bad) == "errored"
    assert life.ledger.reads.run(bad).cause == "internal-error"


def test_every_change_of_a_run_is_news(life, step):
    run = life.begin(step("a"))
    life.held.finish(life.held.running()[0])
    life.settle()
    kinds = [(kind, f'"{run}"' in data) for _, kind, data in life.ledger.reads.events_after(0)]
    assert kinds[0] == ("run", True)
    assert len(kinds) >= 3
