"""A commit becomes live as a whole; repositories are what was last reported (R19)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from windlass.store.values import DefinitionRow, RepositoryRow

ROW = DefinitionRow("shop", "deploy", "workflows/deploy.yaml", "c1", "Deploy", b"\x00\xff", b"", b"yaml", "d1")


def test_an_activation_replaces_adds_and_removes(ledger) -> None:
    test, gone = replace(ROW, name="test"), replace(ROW, name="gone")
    ledger.writer.write(lambda tx: tx.activate("shop", "c1", [ROW, test, gone], [], 5))
    newer = replace(ROW, commit="c2", title=None, content=b"new", settings=b"s", digest="d2", uses=b"\x00u")
    ledger.writer.write(lambda tx: tx.activate("shop", "c2", [newer, replace(test, stale=True)], ["gone"], 6))
    assert ledger.reads.definitions("shop") == [newer, replace(test, stale=True)]
    assert ledger.reads.definition_of("shop", "deploy") == newer
    assert ledger.reads.definition_of("shop", "gone") is None
    found = ledger.reads.repository("shop")
    assert found is not None
    assert (found.commit, found.updated_at) == ("c2", 6)


def test_an_activation_that_fails_in_the_middle_changes_nothing(ledger) -> None:
    ledger.writer.write(lambda tx: tx.activate("shop", "c1", [ROW], [], 5))

    def work(tx) -> None:
        tx.activate("shop", "c2", [replace(ROW, commit="c2")], [], 6)
        raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        ledger.writer.write(work)
    assert ledger.reads.definitions() == [ROW]
    assert ledger.reads.repositories()[0].commit == "c1"


def test_a_report_keeps_what_activation_said_and_the_other_way_round(ledger) -> None:
    conditions = [{"type": "Ready", "status": "True"}]
    ledger.writer.write(lambda tx: tx.save_repository("shop", "https://x", "main", "c1", conditions, [], 5))
    ledger.writer.write(lambda tx: tx.activate("shop", "c2", [], [], 6))
    assert ledger.reads.repositories() == [RepositoryRow("shop", "https://x", "main", "c2", conditions, [], 6)]


def test_deleting_a_repository_takes_definitions_and_schedules_along(ledger, runs) -> None:
    head = runs.insert(ledger)

    def work(tx) -> None:
        for name in ("shop", "farm"):
            tx.activate(name, "c1", [replace(ROW, repository=name)], [], 5)
            tx.set_schedule(name, "deploy", "schedule[0]", "d", 1, 0)
        tx.delete_repository("shop")

    ledger.writer.write(work)
    assert [r.name for r in ledger.reads.repositories()] == ["farm"]
    assert [r.repository for r in ledger.reads.definitions()] == ["farm"]
    assert [r.repository for r in ledger.reads.schedules()] == ["farm"]
    assert ledger.reads.repository("shop") is None
    assert ledger.reads.run(head.id) == head  # history stays
