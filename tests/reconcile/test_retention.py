"""Retention: what is over goes with its files, what is open or unknown stays."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from windlass.artifacts import names
from windlass.artifacts.objects import Objects, folder_url
from windlass.reconcile.retention import EVENTS, RetentionLoop
from windlass.settings import Retention
from windlass.store.ids import created_at, is_id, new_id

DAY = 86_400_000


@pytest.fixture
def loop(life, tmp_path):
    keep = Retention(runs=10 * DAY, logs=2 * DAY, artifacts=5 * DAY)
    settings = SimpleNamespace(data=tmp_path, retention=keep)
    parts = SimpleNamespace(
        clock=life.clock,
        settings=settings,
        reads=life.ledger.reads,
        writer=life.ledger.writer,
        objects=Objects(folder_url(tmp_path / "objects")),
        catalog=SimpleNamespace(all=list),
    )
    return RetentionLoop(parts)


def _files(tmp_path, run):
    for part in ("logs", "attempts"):
        (tmp_path / part / run).mkdir(parents=True)
        (tmp_path / part / run / "x").write_text("x")


def _left(tmp_path, run):
    return {part for part in ("logs", "attempts") if (tmp_path / part / run).exists()}


def test_logs_go_before_runs(life, loop, step, tmp_path):
    run = life.begin(step("a"))
    _files(tmp_path, run)
    life.held.finish(life.held.running()[0])
    life.settle()
    assert loop.sweep() == 0
    assert _left(tmp_path, run) == {"logs", "attempts"}
    life.clock.advance(EVENTS + 1)
    loop.sweep()
    assert _left(tmp_path, run) == {"logs"}
    life.clock.advance(3 * DAY)
    loop.sweep()
    assert _left(tmp_path, run) == set()
    assert life.ledger.reads.run(run) is not None
    life.clock.advance(8 * DAY)
    assert loop.sweep() == 1
    assert life.ledger.reads.run(run) is None


def test_logs_in_the_object_store_go_as_those_on_the_disk(life, loop, step, tmp_path):
    run = life.begin(step("a"))
    objects = Objects(folder_url(tmp_path / "objects"))
    objects.put(f"{names.of_log(run, 'a', '', 1)}/whole", [b"x"])
    life.held.finish(life.held.running()[0])
    life.settle()
    loop.sweep()
    assert objects.folders(names.LOGS) == [run]
    life.clock.advance(3 * DAY)
    loop.sweep()
    assert objects.folders(names.LOGS) == []


def test_open_and_unknown_runs_keep_their_attempts(life, loop, step, tmp_path):
    run = life.begin(step("a"))
    unknown = "01ARZ3NDEKTSV4RRFFQ69G5FAV"  # of 2016: ids of this process only grow, whatever its clock says
    _files(tmp_path, run)
    _files(tmp_path, unknown)
    life.clock.advance(30 * DAY)
    assert loop.sweep() == 0
    assert _left(tmp_path, run) == {"logs", "attempts"}
    assert _left(tmp_path, unknown) == {"attempts"}


def test_artifacts_go_after_their_span_or_with_their_run(life, loop, step):
    objects = loop._parts.objects
    unknown = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    kept = {name: f"{names.of_artifact(name, 'a', '', 1, 'report')}/0" for name in ("soon", "later", unknown)}

    def left():
        return {name for name, path in kept.items() if path in {entry.name for entry in objects.entries("")}}

    soon, later = life.begin(step("a")), life.begin(step("a"))
    for name, run in (("soon", soon), ("later", later)):
        kept[name] = f"{names.of_artifact(run, 'a', '', 1, 'report')}/0"
    for path in [*kept.values(), "caches/x"]:
        objects.put(path, [b"x"])
    life.held.finish(life.held.running()[0])
    life.settle()
    loop.sweep()
    assert left() == {"soon", "later"}  # the unknown one is of a run that is long gone
    life.clock.advance(6 * DAY)
    loop.sweep()
    assert left() == {"later"}  # it has not ended
    life.held.finish(life.held.running()[0])
    life.settle()
    life.clock.advance(11 * DAY)
    assert loop.sweep() == 2
    assert left() == set()
    assert objects.read("caches/x") == b"x"


def test_a_workflow_may_ask_for_less_and_not_for_more(life, loop, step, tmp_path):
    spans = {"runs": "4d", "logs": "1d", "artifacts": "9d"}
    document = {"retention": spans}
    live = SimpleNamespace(repository="shop", name="deploy", document=document)
    other = SimpleNamespace(repository="shop", name="other", document={})
    loop._parts.catalog.all = lambda: [live, other]
    run = life.begin(step("a"))
    elsewhere = life.begin(step("a"), repository="market")
    path = f"{names.of_artifact(run, 'a', '', 1, 'report')}/0"
    loop._parts.objects.put(path, [b"x"])
    for made in (run, elsewhere):
        _files(tmp_path, made)
        life.held.finish(life.held.running()[0])
    life.settle()
    life.clock.advance(DAY + DAY // 2)
    loop.sweep()
    assert (_left(tmp_path, run), _left(tmp_path, elsewhere)) == (set(), {"logs"})
    spans["runs"] = "400d"
    life.clock.advance(4 * DAY)
    loop.sweep()
    assert [entry.name for entry in loop._parts.objects.entries("")] == []  # nine days are more than the server's five
    assert life.ledger.reads.run(run) is not None
    spans["runs"] = "4d"
    assert loop.sweep() == 1
    assert life.ledger.reads.run(run) is None
    assert life.ledger.reads.run(elsewhere) is not None


def test_ids_tell_their_time():
    run = new_id(1_700_000_000_123)
    assert is_id(run)
    assert abs(created_at(run) - 1_700_000_000_123) < 10**12  # ids only grow within a process
    assert created_at("01ARZ3NDEKTSV4RRFFQ69G5FAV") == 1_469_922_850_259
    assert not is_id("../../etc")
