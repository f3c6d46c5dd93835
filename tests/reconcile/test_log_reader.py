"""Logs by offset: what is asked of the ledger for each piece."""

from __future__ import annotations

import pytest

from windlass.errors import NotFoundError
from windlass.reconcile.log_reader import read_log


def read(life, run, step):
    return read_log(life.ledger.reads, run, life.held.log_path, step, attempt=None, item="", offset=0, limit=100)


def test_a_piece_of_a_log_costs_one_step_however_many_the_run_has(life, step, monkeypatch):
    run = life.begin(step("a"), step("b", "a"))

    def all_of_them(_run):
        raise AssertionError("ten thousand logs of ten thousand items would be a hundred million steps")

    monkeypatch.setattr(life.ledger.reads, "steps", all_of_them)
    assert [read(life, run, name).complete for name in ("a", "b")] == [False, False]
    for key in life.held.running():
        life.held.finish(key, exit_code=1)
    life.settle()
    assert [read(life, run, name).complete for name in ("a", "b")] == [True, True]


def test_what_a_run_will_never_have_is_unknown(life, step):
    run = life.begin(step("a"))
    for name in ("b", "a/b", "a[0]"):
        with pytest.raises(NotFoundError, match="has no step"):
            read(life, run, name)
