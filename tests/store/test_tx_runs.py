"""Runs, steps and attempts in the ledger: what was written is read, and what has ended stays as it is (R4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from windlass.errors import ConflictError, NotFoundError
from windlass.runs.model import AttemptKey, Status


def test_a_run_is_read_as_it_was_written(ledger, runs) -> None:
    head = runs.head(
        inputs={"replicas": 3, "who": "é\u0000\ud800"}, labels={"env": "prod"}, trigger={"kind": "manual"}, title="T"
    )
    steps = tuple(runs.step(name) for name in ("zeta", "alpha", "mid"))
    runs.insert(ledger, head, steps)
    assert ledger.reads.run(head.id) == head
    assert ledger.reads.steps(head.id) == steps  # in the given order, not by name
    assert ledger.reads.whole_run(head.id) == (head, steps)
    assert ledger.reads.plan(head.id) == b'{"plan": 1}'
    assert ledger.reads.plan_digest(head.id) == "sha256:1"
    assert ledger.reads.definition(head.id) == "kind: Workflow\n"


def test_nothing_is_known_of_an_unknown_run(ledger, runs) -> None:
    assert ledger.reads.run("nope") is None
    assert ledger.reads.whole_run("nope") is None
    assert ledger.reads.steps("nope") == ()
    with pytest.raises(NotFoundError):
        ledger.reads.plan("nope")
    with pytest.raises(NotFoundError):
        ledger.writer.write(lambda tx: tx.save_run(runs.head(id="nope")))
    with pytest.raises(NotFoundError):
        ledger.writer.write(lambda tx: tx.save_steps("nope", [runs.step("a")]))


def test_changed_steps_and_attempts_are_saved(ledger, runs) -> None:
    head = runs.insert(ledger, None, (runs.step("a"), runs.step("b")))
    first = runs.attempt(handle={"pid": 7, "boot": "x"}, created_at=5)
    going = runs.step("a", Status.RUNNING, started_at=5, attempts=(first,))
    ledger.writer.write(lambda tx: tx.save_steps(head.id, [going]))
    assert ledger.reads.open_attempts() == {AttemptKey(head.id, "a", "", 1): first}
    over = replace(first, status=Status.FAILED, exit_code=3, cause="exit-code", ended_at=6)
    again = replace(going, attempts=(over, runs.attempt(2, created_at=7)))
    ledger.writer.write(lambda tx: tx.save_steps(head.id, [again]))
    assert ledger.reads.steps(head.id) == (again, runs.step("b"))
    assert list(ledger.reads.open_attempts()) == [AttemptKey(head.id, "a", "", 2)]


def test_steps_that_appear_later_stand_behind_the_others(ledger, runs) -> None:
    head = runs.insert(ledger, None, (runs.step("loop"), runs.step("last")))
    items = [replace(runs.step("loop"), key=("loop", key)) for key in ("1", "0")]
    items = [replace(step, key=type(runs.step("x").key)(*step.key)) for step in items]
    changed = replace(runs.step("loop"), status=Status.RUNNING)
    ledger.writer.write(lambda tx: tx.save_steps(head.id, [changed, *items]))
    assert ledger.reads.steps(head.id) == (changed, runs.step("last"), *items)


def test_a_step_that_ends_beside_one_that_appears_is_no_conflict(ledger, runs) -> None:
    head = runs.insert(ledger, None, (runs.step("a"),))
    ended, new = runs.step("a", Status.SUCCEEDED, ended_at=9), runs.step("b", attempts=(runs.attempt(),))

    def work(tx) -> None:
        tx.save_steps(head.id, [ended, runs.step("b")])
        tx.save_steps(head.id, [new])  # twice in one unit: the last word counts

    ledger.writer.write(work)
    assert ledger.reads.steps(head.id) == (ended, new)


def test_steps_of_several_runs_in_one_unit(ledger, runs) -> None:
    heads = [runs.insert(ledger, None, (runs.step("a"), runs.step("b"))) for _ in range(3)]
    going = runs.step("a", Status.RUNNING, attempts=(runs.attempt(handle={"pid": 1}),))

    def work(tx) -> None:
        for head in heads:
            tx.save_steps(head.id, [going])

    ledger.writer.write(work)
    assert [ledger.reads.steps(head.id) for head in heads] == [(going, runs.step("b"))] * 3


def test_what_has_ended_stays_as_it_is(ledger, runs) -> None:
    attempt = runs.attempt(1, Status.SUCCEEDED, ended_at=9)
    ended = runs.step("a", Status.SUCCEEDED, ended_at=9, attempts=(attempt,))
    head = runs.insert(ledger, None, (runs.step("a"), runs.step("b")))
    ledger.writer.write(lambda tx: tx.save_steps(head.id, [ended]))
    late = replace(ended, status=Status.FAILED)
    with pytest.raises(ConflictError, match=r"step a of run .* has ended: succeeded"):
        ledger.writer.write(lambda tx: tx.save_steps(head.id, [runs.step("b", Status.RUNNING), late]))
    assert ledger.reads.steps(head.id) == (ended, runs.step("b"))  # the other step of that unit is undone too

    closed = replace(head, status=Status.SUCCEEDED, ended_at=10)
    ledger.writer.write(lambda tx: tx.save_run(closed))
    for status in (Status.RUNNING, Status.CANCELLED, Status.SUCCEEDED):
        with pytest.raises(ConflictError, match="has ended: succeeded"):
            ledger.writer.write(lambda tx, status=status: tx.save_run(replace(closed, status=status)))
    assert ledger.reads.run(head.id) == closed


def test_an_attempt_that_is_over_cannot_change(ledger, runs) -> None:
    over = runs.attempt(1, Status.FAILED, ended_at=9, exit_code=1)
    waiting = runs.step("a", Status.WAITING, retry_at=20, attempts=(over,))
    head = runs.insert(ledger, None, (waiting,))
    with pytest.raises(ConflictError, match="attempt"):
        ledger.writer.write(
            lambda tx: tx.save_steps(head.id, [replace(waiting, attempts=(replace(over, status=Status.SUCCEEDED),))])
        )
    given_again = replace(waiting, status=Status.CANCELLED, ended_at=12)  # with the attempt as it is
    ledger.writer.write(lambda tx: tx.save_steps(head.id, [given_again]))
    assert ledger.reads.steps(head.id) == (given_again,)


def test_open_runs_are_all_and_only_those_that_have_not_ended(ledger, runs) -> None:
    made = []
    for number in range(600):  # more than two chunks
        status = Status.SUCCEEDED if number % 3 == 0 else Status.RUNNING
        steps = (runs.step("a", attempts=(runs.attempt(created_at=number),)), runs.step("b"))
        made.append((runs.head(1000 + number // 7, status=status), steps))

    def work(tx) -> None:
        for head, steps in made:
            tx.insert_run(head, head.id.encode(), "d", "text", steps)

    ledger.writer.write(work)
    wanted = [(head, steps, head.id.encode()) for head, steps in made if not head.status.terminal]
    assert list(ledger.reads.open_runs()) == wanted
    assert ledger.reads.count_open() == len(wanted)


def test_deleting_a_run_leaves_nothing_but_its_firing(ledger, runs) -> None:
    steps = (runs.step("a", attempts=(runs.attempt(),)),)
    head = runs.head(5, status=Status.SUCCEEDED, labels={"env": "prod"})
    ledger.writer.write(lambda tx: tx.insert_firing("shop", "deploy", "schedule[0]", "9", 9, head.id, None, 9))
    runs.insert(ledger, head, steps)
    kept = runs.insert(ledger, runs.head(6), steps)
    assert ledger.reads.ended_before(6) == [head.id]
    assert ledger.reads.ended_before(10) == [head.id]  # the open one is never offered
    assert ledger.reads.ended_before_of("shop", "deploy", 10) == [head.id]
    assert ledger.reads.ended_before_of("shop", "deploy", 5) == []
    assert ledger.reads.ended_before_of("shop", "other", 10) == []
    ledger.writer.write(lambda tx: tx.delete_runs([head.id]))
    assert ledger.reads.run(head.id) is None
    assert ledger.reads.steps(head.id) == ()
    assert list(ledger.reads.open_attempts()) == [AttemptKey(kept.id, "a", "", 1)]
    again = ledger.writer.write(
        lambda tx: tx.insert_firing("shop", "deploy", "schedule[0]", "9", 9, "another", None, 10)
    )
    assert again is False
