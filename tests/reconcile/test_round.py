"""Turns of the run loop in the threads of those who bring something."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from tests.executors.conftest import wait_until

from windlass.errors import LedgerError
from windlass.plan.codec import to_bytes
from windlass.plan.model import Plan
from windlass.reconcile.creation import NewRun, record
from windlass.runs.model import RunHead
from windlass.store.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 30


def recorded(life, step) -> NewRun:
    one = step("one")
    plan = Plan("shop", "deploy", None, {}, {}, {"one": one})
    head = RunHead(new_id(life.clock.now()), "shop", "deploy", None, created_at=life.clock.now())
    new = NewRun(head, plan, to_bytes(plan), "text")
    life.ledger.writer.write(lambda tx: record(tx, new))
    return new


def in_thread(work: Callable[[], Any]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def bring(life, new: NewRun) -> None:
    with life.engine.round:
        life.engine.add(new.state())


def test_whoever_brings_a_run_starts_its_first_step(life, step):
    new, took = recorded(life, step), []
    launch = life.held.start
    life.held.start = lambda launches: (took.append(threading.current_thread().name), launch(launches))
    life.engine.start()
    in_thread(lambda: bring(life, new))
    assert [key.path for key in life.held.running()] == ["one"]  # before the thread had ended
    assert took
    assert took[0] != "windlass-engine"
    life.engine.stop()


def test_what_comes_while_somebody_is_at_a_turn_is_not_forgotten(life, step):
    first, second = recorded(life, step), recorded(life, step)
    launch, inside, go_on = life.held.start, threading.Event(), threading.Event()

    def slow(launches: Any) -> None:
        inside.set()
        assert go_on.wait(PATIENCE)
        launch(launches)

    life.held.start = slow
    life.engine.start()
    busy = threading.Thread(target=bring, args=(life, first))
    busy.start()
    assert inside.wait(PATIENCE)
    in_thread(lambda: bring(life, second))  # returns at once: the turn is taken
    assert life.held.running() == []
    go_on.set()
    busy.join(PATIENCE)
    wait_until(lambda: len(life.held.running()) == 2)
    life.engine.stop()


def test_the_main_thread_leaves_the_turn_to_the_loop(life, step):
    new = recorded(life, step)
    life.engine.start()
    bring(life, new)
    wait_until(lambda: len(life.held.running()) == 1)
    life.engine.stop()


def test_a_ledger_that_is_away_is_waited_for_by_the_loop_alone(life, step):
    new = recorded(life, step)
    write, away = life.ledger.writer.write, threading.Event()
    away.set()

    def try_to_write(work: Any) -> Any:
        if away.is_set():
            raise LedgerError("the disk is full")
        return write(work)

    life.ledger.writer.write = try_to_write
    life.engine.start()
    in_thread(lambda: bring(life, new))  # does not wait for the ledger
    assert life.held.running() == []
    assert life.steps(new.head.id) == {"one": "pending"}
    away.clear()
    wait_until(lambda: len(life.held.running()) == 1)
    assert life.steps(new.head.id) == {"one": "running"}
    assert life.world.started == life.held.running()  # once
    life.engine.stop()


def test_a_mistake_of_ours_in_a_turn_ends_the_loop_too(life, step):
    new = recorded(life, step)

    def broken(_launches: Any) -> None:
        raise ValueError("a mistake")

    life.held.start = broken
    life.engine.start()
    in_thread(lambda: bring(life, new))
    assert isinstance(life.engine.failed, ValueError)
    assert life.engine._thread is not None
    wait_until(lambda: not life.engine._thread.is_alive())
