"""The list of runs: every filter, newest first, pages that neither repeat nor miss what was there from the start."""

from __future__ import annotations

import base64
import json
import threading

import pytest

from windlass.errors import UsageError
from windlass.runs.model import Status
from windlass.store.filters import RunFilter
from windlass.store.paging import from_cursor, to_cursor


@pytest.fixture
def many(ledger, runs):
    """60 runs, several a millisecond, over two repositories, in an order of time that is not the order of insertion."""
    made = [
        runs.head(
            1000 + (n * 7) % 60 // 3,
            repository=("shop", "farm")[n % 2],
            workflow=("deploy", "test", "backup")[n % 3],
            status=(Status.SUCCEEDED, Status.FAILED, Status.RUNNING)[n % 3],
            commit=f"c{n % 5}",
            labels={"env": ("prod", "dev")[n % 2], "team": f"t{n % 4}"},
            inputs={"replicas": n % 4, "name": "x" * 300 if n == 7 else f"n{n}", "dry": n % 2 == 0, "key": "***"},
            actor={"kind": "user", "name": ("ann", "bob")[n % 2]},
            trigger={"kind": ("manual", "schedule")[n % 2]},
        )
        for n in range(60)
    ]

    def work(tx) -> None:
        for head in made:
            tx.insert_run(head, b"{}", "d", "t")

    ledger.writer.write(work)
    return sorted(made, key=lambda head: (head.created_at, head.id), reverse=True)


def pages(ledger, wanted: RunFilter, limit: int = 7) -> list[str]:
    seen, cursor = [], None
    while True:
        page = ledger.reads.list_runs(wanted, cursor, limit)
        seen += [head.id for head in page.items]
        cursor = page.next
        if cursor is None:
            return seen
        assert len(page.items) == limit


FILTERS = {
    "all": (RunFilter(), lambda h: True),
    "repository": (RunFilter(repository="shop"), lambda h: h.repository == "shop"),
    "workflow": (RunFilter("shop", "deploy"), lambda h: (h.repository, h.workflow) == ("shop", "deploy")),
    "status": (RunFilter(status="failed"), lambda h: h.status == "failed"),
    "commit": (RunFilter(commit="c3"), lambda h: h.commit == "c3"),
    "actor": (RunFilter(actor="ann"), lambda h: h.actor["name"] == "ann"),
    "trigger": (RunFilter(trigger="schedule"), lambda h: h.trigger["kind"] == "schedule"),
    "since": (RunFilter(since=1010), lambda h: h.created_at >= 1010),
    "label": (RunFilter(labels={"env": "prod"}), lambda h: h.labels["env"] == "prod"),
    "labels": (RunFilter(labels={"env": "dev", "team": "t1"}), lambda h: (h.labels["team"]) == "t1"),
    "input": (RunFilter(inputs={"replicas": "3"}), lambda h: h.inputs["replicas"] == 3),
    "boolean": (RunFilter(inputs={"dry": "true"}), lambda h: h.inputs["dry"]),
    "long": (RunFilter(inputs={"name": "x" * 300}), lambda h: h.inputs["name"] == "x" * 300),
    "secret": (RunFilter(inputs={"key": "***"}), lambda h: False),
    "nothing": (RunFilter(labels={"env": "nope"}), lambda h: False),
    "together": (
        RunFilter(repository="farm", status="failed", actor="bob", labels={"env": "dev"}, inputs={"dry": "false"},
                  since=1004),
        lambda h: h.repository == "farm" and h.status == "failed" and h.created_at >= 1004,
    ),
}  # fmt: skip


def test_every_filter_over_every_page(ledger, many) -> None:
    for name, (wanted, holds) in FILTERS.items():
        expected = [head.id for head in many if holds(head)]
        assert pages(ledger, wanted) == expected, name
        assert pages(ledger, wanted, 500) == expected, name


def test_a_list_shows_whole_runs(ledger, many) -> None:
    assert ledger.reads.list_runs(RunFilter(), None, 3).items == tuple(many[:3])


def test_pages_hold_still_while_runs_are_made(ledger, many, runs) -> None:
    """What was there at the first page is seen exactly once, however many runs come in between."""
    stop, made = threading.Event(), threading.Semaphore(0)

    def insert() -> None:
        while not stop.is_set():
            runs.insert(ledger, runs.head(5000))
            made.release()

    thread = threading.Thread(target=insert)
    page = ledger.reads.list_runs(RunFilter(), None, 7)
    thread.start()
    try:
        seen = [head.id for head in page.items]
        while page.next is not None:
            assert made.acquire(timeout=20)
            page = ledger.reads.list_runs(RunFilter(), page.next, 7)
            seen += [head.id for head in page.items]
    finally:
        stop.set()
        thread.join(20)
    assert seen == [head.id for head in many]


def test_a_cursor_outlives_the_run_that_it_names(ledger, runs) -> None:
    heads = [runs.insert(ledger, runs.head(n, status=Status.SUCCEEDED)) for n in range(3)]
    page = ledger.reads.list_runs(RunFilter(), None, 2)
    ledger.writer.write(lambda tx: tx.delete_runs([heads[1].id]))
    assert [head.id for head in ledger.reads.list_runs(RunFilter(), page.next, 2).items] == [heads[0].id]


def forged(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "é", "5", "a b", "' OR 1=1", "W10", forged([1]), forged({"at": 1}), forged(["1", "x"]),
     forged([True, "x"]), forged([1, 2]), forged([2**63, "x"]), forged([1, "x' --"]), to_cursor(1, "x") + "=",
     "[" * 5000, forged(None)],
)  # fmt: skip
def test_a_forged_cursor_is_refused(ledger, cursor) -> None:
    with pytest.raises(UsageError, match="cursor"):
        ledger.reads.list_runs(RunFilter(), cursor, 5)


def test_a_cursor_comes_back() -> None:
    assert from_cursor(to_cursor(1_700_000_000_000, "01ARYZ6S41")) == (1_700_000_000_000, "01ARYZ6S41")


def test_values_are_never_part_of_the_statement(ledger, many) -> None:
    hostile = "x'; DROP TABLE runs; --"
    wanted = RunFilter(hostile, hostile, hostile, hostile, hostile, hostile, {hostile: hostile}, {hostile: "%s %(x)s"})
    assert ledger.reads.list_runs(wanted, None, 5).items == ()
    assert len(pages(ledger, RunFilter())) == 60
